"""The recogniser from crops to events, with painted crops in place of faces."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from engine.contract import FaceSeen, Rule
from engine.contract.errors import ModelCorrupt, NoModel
from engine.model.face_space import FaceSpace
from engine.model.record import ModelInfo, StoredModel
from engine.recognise.calibration import threshold_for
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.settings import RecognitionSettings
from tests.recognise.made_up import DIMS, PaintedExtractor, near, vectors

ANNA, BERT, STRANGER = vectors(3, 50)
SETTINGS = RecognitionSettings(window=5, least=3)
BOX = (10, 20, 100, 100)
OWN = {slug: {"pictures": 20, "mean": 0.5, "low": 0.42} for slug in ("anna", "bert")}
"""Puts both thresholds near 0.2, halfway between the made-up curve's and 0.42."""


def model_of(recipe: str = "head", **info: Any) -> StoredModel:
    people = (("anna", "Anna", "r1"), ("bert", "Bert", "r1"))
    given = {"threshold": 0.0, "calibration": {"fpir": 0.01, "own": OWN}, **info}
    return StoredModel(
        ModelInfo(id="test", recipe=recipe, people=people, **given), np.stack([ANNA, BERT]), {}
    )


def single(recogniser: Recogniser, crop: np.ndarray, seconds: float = 0) -> FaceSeen:
    (seen,) = recogniser.observe("a.png", 1, seconds, [BOX], crop[None], single=True)
    return seen


def test_a_picture_of_an_enrolled_person_is_named(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    seen = single(recogniser, painter.paint(near(BERT, 0.8, 1)))
    assert (seen.person, seen.candidate, seen.decision) == ("Bert", "Bert", "known")
    assert seen.score >= seen.threshold == pytest.approx(0.2, abs=0.01)
    assert (seen.runner_up, seen.votes, seen.of) == ("Anna", 1, 1)
    assert seen.runner_up_score < seen.score
    assert (seen.source, seen.frame, seen.box, seen.stale) == ("a.png", 1, BOX, False)
    assert seen.milliseconds > 0


def test_a_stranger_has_a_candidate_but_no_name(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    seen = single(Recogniser(model_of(), painter, space, SETTINGS), painter.paint(STRANGER))
    assert seen.person is None
    assert seen.decision == "unknown"
    assert seen.candidate in ("Anna", "Bert")


def test_a_track_is_unsure_until_it_has_enough_frames(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    decisions = []
    for frame in range(4):
        crop = painter.paint(near(ANNA, 0.8, 10 + frame))
        (seen,) = recogniser.observe("cam", frame, frame / 10, [BOX], crop[None])
        decisions.append((seen.decision, seen.person, seen.of))
    assert decisions == [
        ("unsure", None, 1),
        ("unsure", None, 2),
        ("known", "Anna", 3),
        ("known", "Anna", 4),
    ]


def test_frames_too_poor_alone_are_enough_together(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    strict = {"anna": {"pictures": 20, "mean": 0.8, "low": 0.72}}
    recogniser = Recogniser(model_of(calibration={"own": strict}), painter, space, SETTINGS)
    crops = [painter.paint(near(ANNA, 0.55, 30 + frame)) for frame in range(5)]
    assert {single(recogniser, crop).decision for crop in crops} == {"unknown"}
    for frame, crop in enumerate(crops):
        (seen,) = recogniser.observe("cam", frame, frame / 10, [BOX], crop[None])
    assert seen.person == "Anna"


def test_faces_of_one_frame_go_through_the_extractor_together(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    crops = np.stack([painter.paint(person) for person in (ANNA, BERT, STRANGER)])
    boxes = [(0, 0, 50, 50), (100, 0, 50, 50), (200, 0, 50, 50)]
    for frame in range(3):
        seen = recogniser.observe("cam", frame, frame / 10, boxes, crops)
    assert painter.calls == 3
    assert [each.person for each in seen] == ["Anna", "Bert", None]
    assert [each.track for each in seen] == [1, 2, 3]
    assert [each.box for each in seen] == boxes


def test_a_frame_without_faces_costs_nothing_and_ends_tracks_in_time(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    crop = painter.paint(ANNA)[None]
    recogniser.observe("cam", 0, 0, [BOX], crop)
    empty = np.empty((0, 160, 160, 3), np.uint8)
    assert recogniser.observe("cam", 1, 10, [], empty) == ()
    assert painter.calls == 1
    (seen,) = recogniser.observe("cam", 2, 10.1, [BOX], crop)
    assert seen.track == 2


def test_single_pictures_leave_no_trace_in_each_other(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    for _ in range(3):
        single(recogniser, painter.paint(ANNA))
    seen = single(recogniser, painter.paint(near(BERT, 0.8, 3)))
    assert (seen.person, seen.track, seen.of) == ("Bert", 0, 1)


def test_a_person_whose_pictures_changed_is_marked_stale(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS, stale=frozenset({"anna"}))
    assert single(recogniser, painter.paint(ANNA)).stale
    assert not single(recogniser, painter.paint(BERT)).stale


def test_a_renamed_person_appears_under_her_new_name(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    names = {"anna": "Anna Ny", "bert": "Bert"}
    recogniser = Recogniser(model_of(), painter, space, SETTINGS, names=names)
    assert single(recogniser, painter.paint(ANNA)).person == "Anna Ny"


def test_a_deleted_person_is_never_named(space: FaceSpace, painter: PaintedExtractor) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS, names={"bert": "Bert"})
    seen = single(recogniser, painter.paint(ANNA))
    assert (seen.person, seen.candidate, seen.runner_up) == (None, "Bert", None)


def test_a_model_of_nobody_left_is_refused(space: FaceSpace, painter: PaintedExtractor) -> None:
    with pytest.raises(NoModel):
        Recogniser(model_of(), painter, space, SETTINGS, names={})


def test_a_model_of_another_space_is_refused(space: FaceSpace, painter: PaintedExtractor) -> None:
    other = StoredModel(model_of().info, np.ones((2, DIMS + 1), np.float32), {})
    with pytest.raises(ModelCorrupt, match="another face space"):
        Recogniser(other, painter, space, SETTINGS)


# --- thresholds ---------------------------------------------------------------------------------


def test_a_model_of_a_space_of_the_same_size_but_other_digest_is_refused(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    info = dataclasses.replace(model_of().info, details={"face_space": "another digest"})
    other = StoredModel(info, model_of().centres, {})
    with pytest.raises(ModelCorrupt, match="another face space"):
        Recogniser(other, painter, space, SETTINGS)


def test_each_persons_threshold_is_their_own(space: FaceSpace, painter: PaintedExtractor) -> None:
    strict = {"anna": {"pictures": 20, "mean": 1.7, "low": 1.6}, "bert": OWN["bert"]}
    recogniser = Recogniser(model_of(calibration={"own": strict}), painter, space, SETTINGS)
    anna = single(recogniser, painter.paint(near(ANNA, 0.8, 1)))
    bert = single(recogniser, painter.paint(near(BERT, 0.8, 1)))
    assert (anna.decision, anna.candidate) == ("unknown", "Anna")
    assert bert.person == "Bert"
    assert anna.threshold > bert.threshold + 0.5
    assert anna.score > bert.threshold


def test_a_face_scores_the_same_whatever_the_threshold(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    crop = painter.paint(near(BERT, 0.8, 1))
    raised = single(Recogniser(model_of(), painter, space, SETTINGS), crop)
    plain = single(Recogniser(model_of(calibration={}), painter, space, SETTINGS), crop)
    assert raised.score == pytest.approx(plain.score, abs=1e-6)
    assert raised.threshold > plain.threshold + 0.1


def test_turning_the_dial_moves_the_threshold_and_keeps_what_the_pictures_said(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    stricter = RecognitionSettings(fpir=0.001)
    crop = painter.paint(near(BERT, 0.8, 1))
    found = single(Recogniser(model_of(), painter, space, stricter), crop)
    shipped = threshold_for(space.impostors, 2, 0.001)
    assert found.threshold == pytest.approx((shipped + 0.42) / 2, abs=1e-6)


# --- nobody is in a frame twice -----------------------------------------------------------------


def both(recogniser: Recogniser, *crops: np.ndarray, frames: int = 3) -> tuple[FaceSeen, ...]:
    """Two faces beside each other for some frames; the last frame's events."""
    seen: tuple[FaceSeen, ...] = ()
    for frame in range(frames):
        boxes = [BOX, (300, 20, 100, 100)]
        seen = recogniser.observe("cam", frame, frame / 10, boxes, np.stack(crops))
    return seen


def test_of_two_faces_with_one_name_the_better_match_keeps_it(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    worse, better = painter.paint(near(ANNA, 0.75, 1)), painter.paint(near(ANNA, 0.9, 2))
    first, second = both(recogniser, worse, better)
    assert (first.person, first.decision, first.candidate) == (None, "unsure", "Anna")
    assert (second.person, second.decision) == ("Anna", "known")
    evidence = recogniser.memory.of(first.track)
    assert evidence is not None
    assert evidence.rule is Rule.SAME_NAME


def test_two_faces_with_two_names_keep_them(space: FaceSpace, painter: PaintedExtractor) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    seen = both(recogniser, painter.paint(near(ANNA, 0.8, 1)), painter.paint(near(BERT, 0.8, 2)))
    assert [each.person for each in seen] == ["Anna", "Bert"]


def test_a_model_without_a_threshold_takes_the_shipped_curves(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    found = Recogniser(model_of(threshold=None, calibration={}), painter, space, SETTINGS)
    assert found.threshold == threshold_for(space.impostors, 2, 0.01)


def test_a_threshold_that_is_no_number_is_refused(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    with pytest.raises(ModelCorrupt, match="threshold"):
        Recogniser(model_of(threshold=float("nan")), painter, space, SETTINGS)


# --- recipe classic -----------------------------------------------------------------------------


def always(person: int) -> Any:
    """A softmax that is sure of one person, whoever comes."""
    return lambda crops: np.eye(2)[[person] * len(crops)] * 0.98 + 0.01


def test_the_softmax_proposes_but_the_face_space_decides(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of("classic"), painter, space, SETTINGS, classifier=always(0))
    sure_of_a_stranger = single(recogniser, painter.paint(STRANGER))
    assert (sure_of_a_stranger.candidate, sure_of_a_stranger.person) == ("Anna", None)
    right = single(recogniser, painter.paint(near(ANNA, 0.8, 4)))
    assert right.person == "Anna"


def test_a_wrong_candidate_is_judged_by_its_own_score(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of("classic"), painter, space, SETTINGS, classifier=always(0))
    seen = single(recogniser, painter.paint(BERT))
    assert (seen.candidate, seen.person, seen.runner_up) == ("Anna", None, "Bert")
    assert seen.score < seen.threshold < seen.runner_up_score


def test_over_frames_the_classifier_is_taken_by_majority(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    answers = iter([1, 0, 0, 0])
    recogniser = Recogniser(
        model_of("classic"),
        painter,
        space,
        SETTINGS,
        classifier=lambda crops: np.eye(2)[[next(answers)]],
    )
    for frame in range(4):
        crop = painter.paint(near(ANNA, 0.8, 60 + frame))
        (seen,) = recogniser.observe("cam", frame, frame / 10, [BOX], crop[None])
    assert (seen.person, seen.votes, seen.of) == ("Anna", 3, 4)


def test_a_classic_model_without_its_classifier_is_refused(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    with pytest.raises(ValueError, match="classifier_for"):
        Recogniser(model_of("classic"), painter, space, SETTINGS)


def test_recipe_head_needs_no_classifier() -> None:
    assert classifier_for(model_of(), weights=None) is None


def test_each_camera_has_tracks_of_its_own(space: FaceSpace, painter: PaintedExtractor) -> None:
    """The same place and the same face, seen by two cameras whose clocks differ."""
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    crop = painter.paint(near(ANNA, 0.8, 1))
    tracks: dict[int, set[int]] = {0: set(), 1: set()}
    for frame in range(4):
        for camera, clock in ((0, 0.0), (1, 900.0)):
            (seen,) = recogniser.observe(
                f"{camera}", frame, clock + frame / 10, [BOX], crop[None], camera=camera
            )
            tracks[camera].add(seen.track)
    assert [len(numbers) for numbers in tracks.values()] == [1, 1]
    assert not tracks[0] & tracks[1]
    assert seen.decision == "known"


def test_faces_of_one_frame_go_through_the_network_at_once(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    crops = np.stack([painter.paint(near(who, 0.8, 3)) for who in (ANNA, BERT, STRANGER)])
    boxes = [(200 * n, 0, 100, 100) for n in range(3)]
    assert len(recogniser.observe("0", 1, 0.0, boxes, crops)) == 3
    assert painter.calls == 1
