"""The record of what a model was trained on."""

from __future__ import annotations

import random

import pytest

from engine.dataset.split import Split
from engine.model.record import contains, decode, encode, pictures_of, split_digest

IDS = {"anna": "a11a", "bert": "be27"}
SPLIT = Split(
    seed=1,
    mode="sessions",
    shares=(0.7, 0.15, 0.15),
    people={
        "anna": {
            "train": ("s1/0001.png", "s1/0002.png", "s2/0007.png"),
            "validation": ("s2/0008.png",),
            "test": ("s3/0001.png",),
        },
        "bert": {"train": (), "validation": (), "test": ("s1/0001.png",)},
    },
)


def test_neighbouring_pictures_become_ranges() -> None:
    files = [f"{n:04d}.png" for n in (*range(1, 29), *range(35, 41), 50)]
    assert encode(reversed(files)) == "1-28,35-40,50"


@pytest.mark.parametrize(
    "files",
    [
        set(),
        {"0001.png"},
        {"0000.png", "9999.png", "10000.png", "999999.png"},
        {"00001.png", "0001.png"},  # two files of one number
        {"a.png", "1.png", "0001.PNG", "0001.png.png", "", "=", "1-3", "x,y", "ü\n%2C.png"},
        {
            "\u0660\u0660\u0660\u0661.png",
            "\udcff.png",
        },  # digits, but not ours; a name that is no text
    ],
)
def test_decoding_gives_back_every_file_name(files: set[str]) -> None:
    assert decode(encode(files)) == files


def test_any_set_of_numbers_comes_back() -> None:
    source = random.Random(1)
    for size in range(1, 60):
        files = {f"{source.randrange(1, 80):04d}.png" for _ in range(size)}
        assert decode(encode(files)) == files


@pytest.mark.parametrize("text", ["x", "1-", "-3", "1-2-3", "1;2", "12345678", " 1"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        decode(text)


def test_a_split_is_recorded_by_person_and_session() -> None:
    assert pictures_of(SPLIT, ("train",), IDS) == {"a11a": {"s1": "1-2", "s2": "7"}, "be27": {}}


@pytest.mark.parametrize(
    ("id", "session", "file", "inside"),
    [
        ("a11a", "s1", "0002.png", True),
        ("a11a", "s1", "0003.png", False),
        ("a11a", "s3", "0001.png", False),
        ("be27", "s1", "0001.png", False),
        ("anna", "s1", "0001.png", False),
    ],
)
def test_only_training_pictures_are_in_the_record(
    id: str, session: str, file: str, inside: bool
) -> None:
    assert contains(pictures_of(SPLIT, ("train",), IDS), id, session, file) is inside


def test_the_digest_of_a_split_follows_its_parts_alone() -> None:
    turned = Split(2, "blocks", (0.5, 0.3, 0.2), dict(reversed(SPLIT.people.items())))
    assert split_digest(turned) == split_digest(SPLIT)
    moved = {**SPLIT.people, "bert": {"train": ("s1/0001.png",), "validation": (), "test": ()}}
    assert split_digest(Split(1, "sessions", SPLIT.shares, moved)) != split_digest(SPLIT)
