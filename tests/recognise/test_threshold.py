"""The thresholds in force, for a new model and for one that was stored."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt
from engine.model.face_space import FaceSpace
from engine.model.record import ModelInfo
from engine.recognise.calibration import Kept, Own, threshold_for
from engine.recognise.gallery import Gallery
from engine.recognise.threshold import (
    StrangerSet,
    kept_of,
    lookalikes,
    record,
    settle,
    threshold_event,
)
from tests.recognise.made_up import near, vectors

CENTRES = vectors(5, 100)
OWN = Own(20, 0.7, 0.6)
KEPT = Kept(dict.fromkeys("abcde", OWN), 5, 0.5)


def gallery(space: FaceSpace, people: int = 5) -> Gallery:
    return Gallery(space, CENTRES[:people], tuple("abcde"[:people]))


def info(**fields: Any) -> ModelInfo:
    people = tuple((slug, slug.upper(), "r") for slug in "abcde")
    return ModelInfo(id="test", recipe="head", people=people, **fields)


def alike() -> StrangerSet:
    """Three strangers, the first of whom looks much like the first person."""
    rows = np.stack([near(CENTRES[0], 0.9, 101), *vectors(2, 102)])
    return StrangerSet(rows, np.arange(3), ("one", "two", "three"))


def test_a_stored_model_gets_the_thresholds_of_its_training(space: FaceSpace) -> None:
    _gallery, made = settle(space, gallery(space), 0.01, KEPT, alike())
    stored = json.loads(json.dumps(record(made, KEPT)))
    kept = kept_of(info(threshold=made.threshold, calibration=stored))
    assert kept == KEPT
    assert settle(space, gallery(space), 0.01, kept, alike())[1] == made
    assert stored["sentence"] == made.sentence


def test_strangers_who_would_be_named_are_told_by_whom_they_look_like(space: FaceSpace) -> None:
    (said,) = lookalikes(space, gallery(space), ("Ada", "Bert"), 0.01, KEPT, alike())
    assert (said.kind, said.subject, said.figures) == ("lookalike", "Ada", ("one",))


def test_the_gallery_that_is_settled_lowers_scores_by_what_is_raised(space: FaceSpace) -> None:
    plain = gallery(space)
    settled, made = settle(space, plain, 0.01, KEPT)
    difference = plain.scores(CENTRES) - settled.scores(CENTRES)
    np.testing.assert_allclose(difference, np.tile(made.raised, (5, 1)), atol=1e-6)


def test_strangers_who_come_later_raise_the_thresholds_of_a_stored_model(
    space: FaceSpace,
) -> None:
    _gallery, made = settle(space, gallery(space), 0.01, Kept())
    kept = kept_of(info(threshold=made.threshold, calibration=record(made, Kept())))
    _gallery, found = settle(space, gallery(space), 0.01, kept, alike())
    assert found.thresholds[0] > made.thresholds[0]
    assert found.measured == 3
    assert settle(space, gallery(space), 0.01, kept)[1] == made


def test_fewer_people_lower_the_threshold_of_a_stored_model(space: FaceSpace) -> None:
    _gallery, made = settle(space, gallery(space), 0.01, KEPT)
    kept = kept_of(info(threshold=made.threshold, calibration=record(made, KEPT)))
    _gallery, found = settle(space, gallery(space, 2), 0.01, kept)
    shipped = threshold_for(space.impostors, 2, 0.01)
    assert found.thresholds == pytest.approx([(shipped + 0.6) / 2] * 2)
    assert found.people == 2


def test_another_dial_keeps_what_the_enrolled_pictures_said(space: FaceSpace) -> None:
    _gallery, found = settle(space, gallery(space), 0.05, KEPT)
    shipped = threshold_for(space.impostors, 5, 0.05)
    assert found.threshold == shipped
    assert found.thresholds == pytest.approx([(shipped + 0.6) / 2] * 5)


@pytest.mark.parametrize(
    "broken",
    [
        {"own": []},
        {"own": {"a": None}},
        {"own": {"a": {}}},
        {"own": {"a": {"pictures": -1}}},
        {"own": {"a": {"pictures": 1.5}}},
        {"own": {"a": {"pictures": 9, "mean": "much"}}},
        {"own": {"a": {"pictures": 9, "mean": 0.5, "low": float("nan")}}},
        {"own": {"a": {"pictures": 9, "mean": 0.5, "low": -1e9}}},
        {"stand_ins": "some"},
    ],
)
def test_a_calibration_that_is_none_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ModelCorrupt, match="damaged"):
        kept_of(info(threshold=0.2, calibration=broken))


# --- in words -----------------------------------------------------------------------------------


def strangers(count: int, *like_people: int) -> StrangerSet:
    """So many unlike strangers, some of them like the given persons."""
    rows = [near(CENTRES[person], 0.9, 300 + person) for person in like_people]
    rows += list(vectors(count - len(rows), 103))
    return StrangerSet(np.stack(rows), np.arange(count), tuple(map(str, range(count))))


def test_without_own_strangers_the_sentence_says_that_nothing_was_measured(
    space: FaceSpace,
) -> None:
    _gallery, found = settle(space, gallery(space), 0.01, Kept(KEPT.own))
    assert found.sentence == (
        "Expected false matches: 1 %, default, not yet measured on your camera."
    )
    assert found.brief == "false matches about 1 %"


def test_stand_ins_are_said_to_be_enrolled_people(space: FaceSpace) -> None:
    _gallery, found = settle(space, gallery(space), 0.01, KEPT)
    assert "0.5 of 5 enrolled people were named when searched among all the others." in found.notes


def test_with_own_strangers_the_sentence_is_a_bound_rounded_up(space: FaceSpace) -> None:
    high = Kept({slug: Own(20, 1.5, 1.4) for slug in "abcde"})
    _gallery, found = settle(space, gallery(space), 0.01, high, strangers(120))
    assert found.sentence == (
        "Expected false matches: at most 2.5 %, measured on 120 strangers of yours."
    )
    assert found.brief == "false matches at most 2.5 %"


def test_few_own_strangers_are_called_few_and_it_is_said_how_many_would_do(
    space: FaceSpace,
) -> None:
    high = Kept({slug: Own(20, 1.5, 1.4) for slug in "abcde"})
    _gallery, found = settle(space, gallery(space), 0.01, high, strangers(19))
    assert "at most 15 %, measured on 19 strangers" in found.sentence
    assert "299 strangers would show 1 %." in found.notes
    assert found.brief == "false matches about 1 %"


def test_people_with_few_pictures_are_told(space: FaceSpace) -> None:
    kept = Kept({"a": Own(1), "b": Own(3, 0.5, 0.4), "c": OWN})
    _gallery, found = settle(space, gallery(space, 3), 0.01, kept)
    assert "1 person has one picture only." in found.notes
    assert "1 person has fewer than five pictures." in found.notes


def test_the_event_says_what_the_record_says(space: FaceSpace) -> None:
    _gallery, made = settle(space, gallery(space), 0.01, KEPT, alike())
    event = threshold_event(made, "train").to_json()
    kept = record(made, KEPT)
    for name in ("fpir", "people", "measured", "fpir_low", "fpir_high", "sentence"):
        assert event[name] == kept[name]
    assert (event["event"], event["job"]) == ("threshold", "train")
