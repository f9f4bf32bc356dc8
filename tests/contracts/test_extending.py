"""docs/extending.md names what is there, and a gate that was added by it is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.contract import Advice, EnrolDone
from engine.faces.refusal import GATES, Refusal
from engine.jobs.enrol import nothing_captured
from tui.words.coach import WORDS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "extending.md").read_text()
PLACED = re.findall(r"`([A-Za-z_.]+)`\s+\(`((?:engine|tui)/[a-z_/]+\.py)`\)", TEXT)
"""A name, and the file that the document says it is in."""


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\b(?:engine|tui|tests)/[\w/]+\.py", TEXT)))
)
def test_every_file_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("name", "path"), PLACED)
def test_every_name_is_defined_in_the_file_that_is_given(name: str, path: str) -> None:
    own = name.rsplit(".", maxsplit=1)[-1]
    assert re.search(rf"^\s*(?:class|def) {own}\b|^{own}\b.*=", (ROOT / path).read_text(), re.M)


def test_names_with_their_files_are_found() -> None:
    assert ("Refusal", "engine/faces/refusal.py") in PLACED
    assert len(PLACED) >= 7


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_has_words_a_remedy_and_a_hint(refusal: Refusal) -> None:
    gate = GATES[refusal]
    if refusal is not Refusal.DUPLICATE:  # the coach asks for what is missing then
        assert WORDS[gate.advice[0]]
    refused = {refusal.value: 3}
    done = EnrolDone(
        person="Ada",
        session="s",
        captured=0,
        target=9,
        refused=refused,
        seconds=1.0,
        ended="stopped",
    )
    error = nothing_captured(done)
    assert gate.words in error.message
    assert error.hint == gate.hint != ""


@pytest.mark.parametrize("advice", Advice)
def test_every_advice_has_words(advice: Advice) -> None:
    assert WORDS[advice]
