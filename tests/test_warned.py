"""Warnings: data with a sentence each, told as lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.contract.events_base import SENTENCES, Warned, grouped, one_by_one

ENGINE = Path(__file__).resolve().parents[1] / "engine"


def test_the_same_warning_for_many_people_is_one_line() -> None:
    names = ["Anna", "Bert", "Cleo", "Dora"]
    lines = grouped([*(Warned("no_pictures", name) for name in names), Warned("newer_split")])
    assert lines == ("4 people: no pictures, left out.", SENTENCES["newer_split"])
    assert grouped([Warned("no_pictures", "Anna")]) == ("Anna: no pictures, left out.",)


def test_figures_of_one_kind_are_a_span_and_each_person_has_their_own() -> None:
    few = [Warned("few_pictures", name, (count, 10)) for name, count in (("A", 3), ("B", 4))]
    assert grouped(few) == ("A, B: only 3 to 4 pictures, 10 or more are better.",)
    assert one_by_one(few)[0][0] == "A: only 3 pictures, 10 or more are better."
    assert len(one_by_one(few)[0]) == 2
    parts = [Warned("empty_part", name, (part,)) for name, part in (("A", "test"), ("B", "train"))]
    assert grouped(parts) == ("A: no pictures for test.", "B: no pictures for train.")


@pytest.mark.parametrize("kind", SENTENCES)
def test_every_kind_is_raised_somewhere(kind: str) -> None:
    sources = (path for path in ENGINE.rglob("*.py") if path.name != "events_base.py")
    assert any(f'"{kind}"' in path.read_text() for path in sources)


@pytest.mark.parametrize(
    ("kind", "figures"),
    [("{0.__class__}", (1,)), ("empty_part", ()), ("loss", ("more",)), ("said", ({},))],
)
def test_what_is_no_warning_of_ours_is_refused(kind: str, figures: Any) -> None:
    with pytest.raises(ValueError, match="warning"):
        Warned(kind, "", figures)


def test_a_warning_in_json_has_its_kind_figures_and_sentence() -> None:
    assert Warned("empty_part", "Anna", ("test",)).to_json() == {
        "kind": "empty_part",
        "subject": "Anna",
        "figures": ("test",),
        "text": "no pictures for test.",
    }
