"""The threshold in force, for a new model and for one that was stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.errors import ModelCorrupt
from engine.model.face_space import FaceSpace
from engine.model.store import ModelInfo
from engine.recognise.calibration import GALLERY, MARGIN, Kept, from_kept, threshold_for
from engine.recognise.own_strangers import StrangerSet
from engine.recognise.scoring import Gallery
from engine.recognise.threshold import kept_of, record, settle, threshold_event
from tests.recognise.made_up import near, vectors

CENTRES = vectors(5, 100)
KEPT = Kept(raised=0.02, weakest=0.6, held_out=("validation",), genuine=(0.5, 0.6, 0.7))


def gallery(space: FaceSpace, people: int = 5) -> Gallery:
    return Gallery(space, CENTRES[:people], tuple("abcde"[:people]))


def info(**fields: Any) -> ModelInfo:
    people = tuple((slug, slug.upper(), "r") for slug in "abcde")
    return ModelInfo(id="test", recipe="head", people=people, **fields)


def lookalikes() -> StrangerSet:
    """Three strangers, the first of whom looks much like the first person."""
    rows = np.stack([near(CENTRES[0], 0.8, 101), *vectors(2, 102)])
    return StrangerSet(rows, np.arange(3), ("one", "two", "three"))


def test_a_stored_model_gets_the_threshold_of_its_training(space: FaceSpace) -> None:
    made = settle(space, gallery(space), 0.01, KEPT, lookalikes())
    stored = json.loads(json.dumps(record(made)))
    kept = kept_of(info(threshold=made.threshold, calibration=stored), space, 0.01)
    again = settle(space, gallery(space), 0.01, kept, lookalikes())
    assert again == made
    assert stored["held_out"] == ["validation"]
    assert stored["sentence"] == made.sentence


def test_strangers_who_come_later_raise_the_threshold_of_a_stored_model(
    space: FaceSpace,
) -> None:
    made = settle(space, gallery(space), 0.01, Kept())
    kept = kept_of(info(threshold=made.threshold, calibration=record(made)), space, 0.01)
    found = settle(space, gallery(space), 0.01, kept, lookalikes())
    assert found.threshold > made.threshold
    assert found.measured == 3
    assert settle(space, gallery(space), 0.01, kept) == made


def test_fewer_people_lower_the_threshold_of_a_stored_model(space: FaceSpace) -> None:
    made = settle(space, gallery(space), 0.01, Kept(raised=0.02))
    kept = kept_of(info(threshold=made.threshold, calibration=record(made)), space, 0.01)
    found = settle(space, gallery(space, 2), 0.01, kept)
    assert found.threshold == pytest.approx(threshold_for(space.impostors, 2, 0.01) + 0.02)
    assert found.people == 2


def test_another_dial_keeps_what_the_enrolled_pictures_said(space: FaceSpace) -> None:
    made = settle(space, gallery(space), 0.01, Kept(raised=0.02))
    kept = kept_of(info(threshold=made.threshold, calibration=record(made)), space, 0.05)
    found = settle(space, gallery(space), 0.05, kept)
    assert found.threshold == pytest.approx(threshold_for(space.impostors, 5, 0.05) + 0.02)


@pytest.mark.parametrize("source", [GALLERY, MARGIN])
def test_a_model_of_before_keeps_its_threshold(space: FaceSpace, source: str) -> None:
    threshold = threshold_for(space.impostors, 5, 0.01) + 0.1
    old = {"fpir": 0.01, "people": 5, "source": source, "raised": 0.1, "notes": []}
    kept = kept_of(info(threshold=threshold, calibration=old), space, 0.01)
    found = settle(space, gallery(space), 0.01, kept)
    assert found.threshold == pytest.approx(threshold)
    assert found.source == source


@pytest.mark.parametrize(
    "broken",
    [
        {"own_raised": "much"},
        {"own_raised": None},
        {"own_raised": -0.1},
        {"own_raised": -1e9, "weakest": 0.5},
        {"raised": -0.1},
        {"own_raised": 0.0, "weakest": float("nan")},
        {"own_raised": 0.0, "genuine": 5},
        {"raised": []},
    ],
)
def test_a_calibration_that_is_none_is_refused(space: FaceSpace, broken: dict[str, Any]) -> None:
    with pytest.raises(ModelCorrupt, match="damaged"):
        kept_of(info(threshold=0.2, calibration=broken), space, 0.01)


def test_pictures_of_the_test_part_that_took_part_are_told(space: FaceSpace) -> None:
    unseen = from_kept(space.impostors, 5, 0.01, KEPT)
    seen = from_kept(space.impostors, 5, 0.01, replace(KEPT, held_out=("validation", "test")))
    assert not any("test pictures" in note for note in unseen.notes)
    assert any("test pictures took part" in note for note in seen.notes)


# --- in words -----------------------------------------------------------------------------------


def strangers(count: int, *like_people: int) -> StrangerSet:
    """So many unlike strangers, some of them like the given persons."""
    rows = [near(CENTRES[person], 0.9, 300 + person) for person in like_people]
    rows += list(vectors(count - len(rows), 103))
    return StrangerSet(np.stack(rows), np.arange(count), tuple(map(str, range(count))))


def test_without_own_strangers_the_sentence_says_whose_the_curve_is(space: FaceSpace) -> None:
    known = replace(space, provenance={"people": 1553})
    found = settle(known, gallery(space), 0.01, KEPT)
    assert found.sentence == (
        "About 1 of 100 strangers may be named; taken from 1,553 people of news photographs "
        "(shipped curve), not measured on your camera: `facedesk strangers add`."
    )
    assert found.brief == "about 1 in 100 strangers"


def test_with_own_strangers_the_sentence_is_a_bound_rounded_up(space: FaceSpace) -> None:
    found = settle(space, gallery(space), 0.01, Kept(raised=0.2), strangers(120, 0))
    assert found.hits == 1
    assert found.sentence == (
        "At most 4 of 100 strangers are named (95 %); measured on 120 strangers, 1 of whom was."
    )
    assert found.brief == "at most 4 in 100 strangers"


def test_few_own_strangers_are_called_few_and_it_is_said_how_many_would_do(
    space: FaceSpace,
) -> None:
    found = settle(space, gallery(space), 0.01, Kept(raised=1.0), strangers(19))
    assert found.sentence == (
        "At most 15 of 100 strangers are named (95 %); measured on 19 strangers, none of whom "
        "was. That is too few to say much: 299, none of them named, would show at most 1 of 100."
    )
    assert found.brief == "about 1 in 100 strangers"
    assert "too few" not in settle(space, gallery(space), 0.01, KEPT, strangers(20)).sentence


def test_a_strict_dial_speaks_of_more_strangers_than_a_hundred(space: FaceSpace) -> None:
    assert settle(space, gallery(space), 0.001, KEPT).brief == "about 1 in 1,000 strangers"
    assert settle(space, gallery(space), 0.05, KEPT).brief == "about 5 in 100 strangers"


def test_the_event_says_what_the_record_says(space: FaceSpace) -> None:
    made = settle(space, gallery(space), 0.01, KEPT, lookalikes())
    event = threshold_event(made, "train").to_json()
    kept = record(made)
    for name in ("fpir", "people", "measured", "fpir_low", "fpir_high", "sentence"):
        assert event[name] == kept[name]
    assert (event["event"], event["job"]) == ("threshold", "train")
