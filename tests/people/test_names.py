"""Names and the folder names made of them."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.errors import NameInvalid
from engine.people.person import LONGEST_SLUG, clean_name, is_slug, slug_for
from engine.text import name_key, shown


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


JOINED = {
    "Persian": "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",  # Alireza
    "Persian with a vowel sign": "\u0639\u0644\u06cc\u0650\u200c\u0631\u0636\u0627",
    "Sinhala": "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sri
    "Malayalam": "\u0d05\u0d28\u0d4d\u200d\u0d35\u0d30\u0d4d\u200d",
    "Bengali": "\u09b0\u200d\u09cd\u09af\u09be",  # ra + ya-phalaa
    "Hindi": "\u0915\u094d\u200c\u0937",
}


@pytest.mark.parametrize("name", JOINED.values(), ids=JOINED.keys())
def test_a_joiner_that_the_script_needs_stays_and_is_shown(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)
    assert shown(name) == name


@pytest.mark.parametrize("name", JOINED.values(), ids=JOINED.keys())
def test_with_or_without_its_joiners_it_is_one_name(name: str) -> None:
    bare = name.replace("\u200c", "").replace("\u200d", "")
    assert name_key(name) == name_key(bare)
    assert slug(name) == slug(bare)


@pytest.mark.parametrize(
    "name",
    [
        "An\u200cna",
        "An\u200dna",
        "Anna\u200d",
        "\u200dAnna",
        "\u0639\u0644\u06cc\u200c",  # at the end it joins nothing
        "\u0631\u200c\u0636\u0627",  # reh joins nothing after it
        "\u0dc1\u0dca\u200d\u200d\u0dbb",  # twice
        "\u0cb0\u200c\u0ccd\u0caf",
        "\U0001f469\u200d\U0001f52c",
    ],
)
def test_a_joiner_that_paints_nothing_is_refused_and_shown_as_such(name: str) -> None:
    with pytest.raises(NameInvalid):
        clean_name(name)
    assert "\ufffd" in shown(name)


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
