"""Sealed bytes: what comes back, what is refused, and what a line survives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.workspace.vault import envelope
from engine.workspace.vault.envelope import DataKey, NotGenuine, Place, label_of, seal, unseal

KEY = DataKey.make()


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1000])
def test_what_was_sealed_comes_back(data: bytes) -> None:
    sealed = seal(KEY, ".png", data)
    assert envelope.is_sealed(sealed)
    assert unseal(KEY, ".png", sealed) == data
    assert len(sealed) == len(data) + 45 + len(".png")


def test_no_two_seals_are_alike() -> None:
    assert seal(KEY, ".png", b"face") != seal(KEY, ".png", b"face")


def test_nothing_of_the_contents_can_be_read() -> None:
    assert b"Ada" not in seal(KEY, "person.json", b'{"name": "Ada"}')


def test_a_change_of_any_single_byte_is_noticed() -> None:
    sealed = seal(KEY, "person.json", b"{}")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(NotGenuine):
            unseal(KEY, "person.json", bytes(changed))


def test_a_file_cut_short_anywhere_is_noticed() -> None:
    sealed = seal(KEY, "person.json", b"{}")
    for length in range(len(sealed)):
        with pytest.raises(NotGenuine):
            unseal(KEY, "person.json", sealed[:length])


def test_a_file_of_another_name_is_not_taken_for_this_one() -> None:
    with pytest.raises(NotGenuine, match=r"written as 'split\.json'"):
        unseal(KEY, "person.json", seal(KEY, "split.json", b"{}"))


def test_a_file_of_another_workspace_is_told_from_a_changed_one() -> None:
    with pytest.raises(NotGenuine, match="another key"):
        unseal(DataKey.make(), ".png", seal(KEY, ".png", b""))


def test_another_key_of_the_same_id_opens_nothing() -> None:
    with pytest.raises(NotGenuine, match="does not match"):
        unseal(DataKey(KEY.id, bytes(32)), ".png", seal(KEY, ".png", b""))


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("people/ada/20260101-120000-001/0001.png", ".png"),
        ("features/abc/ada/20260101-120000-001.view1-seed1-v1.npz", ".npz"),
        ("people/ada/person.json", "person.json"),
        ("models/current", "current"),
        ("trash/20260101-120000-001/kept/0", ""),
    ],
)
def test_what_may_be_renamed_is_bound_to_its_kind_and_all_else_to_its_name(
    path: str, label: str
) -> None:
    assert label_of(Path(path)) == label


def test_a_picture_in_the_trash_opens_under_its_number() -> None:
    assert unseal(KEY, label_of(Path("kept/0")), seal(KEY, ".png", b"face")) == b"face"


def test_neither_key_nor_opener_shows_its_secret() -> None:
    key = DataKey(b"i" * 8, b"secret--" * 4)
    assert "secret" not in f"{key!r} {key}"


@given(st.binary(max_size=200), st.integers(0, 10_000), st.binary(max_size=20))
def test_rubbish_is_refused_and_never_fails_otherwise(
    rubbish: bytes, place: int, more: bytes
) -> None:
    sealed = seal(KEY, "person.json", rubbish)
    cut = place % len(sealed)
    for data in (rubbish, envelope.MAGIC + rubbish, sealed[:cut] + more + sealed[cut:] + b"."):
        with pytest.raises(NotGenuine):
            unseal(KEY, "", data)


@given(st.binary(max_size=200))
def test_rubbish_in_lines_is_refused_or_left_out(rubbish: bytes) -> None:
    good = envelope.seal_lines(KEY, "a.jsonl", b"first\n")
    try:
        found = envelope.unseal_lines(KEY, "a.jsonl", good + envelope.LINE + rubbish + b"\n")
    except NotGenuine:
        return
    assert found == b"first\n"


# --- files of lines ------------------------------------------------------------------------------


def test_lines_come_back_one_by_one() -> None:
    sealed = envelope.seal_lines(KEY, "a.jsonl", b'{"a": 1}\n{"b": 2}\n')
    assert sealed.count(b"\n") == 2
    assert envelope.unseal_lines(KEY, "a.jsonl", sealed) == b'{"a": 1}\n{"b": 2}\n'


def test_a_last_line_cut_short_anywhere_costs_only_itself() -> None:
    place = Place.at(1)
    first = envelope.seal_line(KEY, "a.jsonl", b"first", place) + b"\n"
    second = envelope.seal_line(KEY, "a.jsonl", b"second", place.after)
    for length in range(len(second)):
        torn = first + second[:length]
        assert envelope.unseal_lines(KEY, "a.jsonl", torn) == b"first\n"


def test_a_changed_line_is_named() -> None:
    lines = envelope.seal_lines(KEY, "a.jsonl", b"first\nsecond\n").splitlines()
    other = b"A" if lines[1][-5:-4] != b"A" else b"B"
    changed = lines[0] + b"\n" + lines[1][:-5] + other + lines[1][-4:]
    with pytest.raises(NotGenuine, match="line 2"):
        envelope.unseal_lines(KEY, "a.jsonl", changed)


def test_a_plain_line_among_sealed_ones_is_refused() -> None:
    sealed = envelope.seal_lines(KEY, "a.jsonl", b"first\n")
    with pytest.raises(NotGenuine, match="not sealed"):
        envelope.unseal_lines(KEY, "a.jsonl", sealed + b'{"forged": true}\n')


def test_a_line_of_another_file_is_refused() -> None:
    with pytest.raises(NotGenuine, match="written as"):
        envelope.unseal_lines(KEY, "a.jsonl", envelope.seal_lines(KEY, "b.jsonl", b"x\n"))
