"""Names and the folder names made of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.enrol.names import LONGEST_SLUG, clean_name, is_slug, name_key, slug_for
from engine.errors import NameInvalid


def valid_names() -> st.SearchStrategy[str]:
    def cleaned(text: str) -> str | None:
        try:
            return clean_name(text)
        except NameInvalid:
            return None

    return st.text(min_size=1, max_size=60).map(cleaned).filter(lambda name: name is not None)  # type: ignore[return-value]


def slug(name: str) -> str:
    return slug_for(name, lambda _: False)


def test_white_space_is_collapsed() -> None:
    assert clean_name("  Anna\t Maria \n Lee ") == "Anna Maria Lee"


def test_composed_and_decomposed_letters_become_the_same_name() -> None:
    assert clean_name("Jose\u0301") == clean_name("Jos\u00e9") == "Jos\u00e9"


@pytest.mark.parametrize("name", ["李明", "Ольга", "محمد", "O'Brien-Smith, Jr.", "X Æ A-12", "7"])
def test_names_of_any_script_are_allowed(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "..",
        "-",
        "a/b",
        "a\\b",
        "../../etc/passwd",
        "a\x00b",
        "a\x1b[31mb",
        "a\x7fb",
        "Anna\u202egnp",  # right-to-left override
        "An\u200bna",  # zero-width space
        "An\u2060na",  # word joiner
        "\u3164",  # Hangul filler: a letter that paints nothing
        "An\ud800na",  # half a surrogate pair
        "a" * 101,
        "n" * 300,
    ],
)
def test_unsuitable_names_are_refused(text: str) -> None:
    with pytest.raises(NameInvalid):
        clean_name(text)


def test_a_name_of_one_hundred_characters_is_allowed() -> None:
    assert len(clean_name("é" * 100)) == 100


def test_a_refused_character_is_named() -> None:
    with pytest.raises(NameInvalid, match="U\\+202E"):
        clean_name("Anna\u202e")


@given(valid_names())
def test_cleaning_a_clean_name_changes_nothing(name: str) -> None:
    assert clean_name(name) == name


@given(valid_names())
def test_the_key_of_a_name_is_stable(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(
    ("one", "other"), [("Anna", "ANNA"), ("Straße", "STRASSE"), ("\uff21nn\uff41", "anna")]
)
def test_names_are_compared_without_case_and_width(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(valid_names())
def test_slugs_are_safe_folder_names(name: str) -> None:
    made = slug(name)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", made)
    assert len(made) <= LONGEST_SLUG
    assert is_slug(made)


@given(valid_names(), valid_names())
def test_different_names_never_get_the_same_slug(one: str, other: str) -> None:
    taken = slug(one)
    assert slug_for(other, lambda candidate: candidate == taken) != taken


def test_a_plain_name_is_its_own_slug() -> None:
    assert slug("Anna Lee") == "anna-lee"


def test_an_accent_shows_in_the_slug() -> None:
    assert slug("Jose") == "jose"
    assert re.fullmatch("jose-[0-9a-f]{8}", slug("José"))


def test_a_name_without_latin_letters_has_a_usable_slug() -> None:
    assert re.fullmatch("person-[0-9a-f]{8}", slug("李明"))
    assert slug("李明") != slug("王芳")


def test_reserved_device_names_are_avoided() -> None:
    assert slug("Con") != "con"


def test_a_long_name_is_cut_and_stays_distinct() -> None:
    assert len(slug("a" * 100)) <= LONGEST_SLUG
    assert slug("a" * 99) != slug("a" * 100)


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", ".tmp-x", "A", "-a", "a" * 49])
def test_what_is_no_slug_is_recognised(text: str) -> None:
    assert not is_slug(text)
