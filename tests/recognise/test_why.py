"""Why: the rule that decided, the evidence kept of each track, and the enrolled crops nearest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.contract import Rule
from engine.model.face_space import FaceSpace
from engine.recognise.recogniser import Recogniser
from engine.recognise.tracking import Decision, decide
from engine.recognise.why import EnrolledCrops, Memory, explain
from engine.settings import GateSettings, RecognitionSettings
from tests.recognise.made_up import DIMS, PaintedExtractor, near, vectors
from tests.recognise.test_recogniser import ANNA, BERT, BOX, SETTINGS, STRANGER, model_of

GATES = GateSettings()
NOBODY = EnrolledCrops(np.empty((0, DIMS), np.float32), (), ())


@pytest.mark.parametrize(
    ("score", "candidates", "rule"),
    [
        (0.9, (1, 1), Rule.TOO_FEW_FRAMES),
        (0.1, (1, 1, 1), Rule.BELOW_THRESHOLD),
        (0.1, (1, 2, 1, 2), Rule.BELOW_THRESHOLD),
        (0.9, (1, 2, 1, 2), Rule.NO_MAJORITY),
        (0.9, (1, 2, 1), Rule.MAJORITY),
    ],
)
def test_a_decision_names_the_rule_that_made_it(score, candidates, rule) -> None:
    assert decide(score, 0.5, 1, candidates, least=3).rule is rule


def watch(recogniser: Recogniser, painter: PaintedExtractor, who: np.ndarray, frames: int) -> None:
    for frame in range(frames):
        crop = painter.paint(near(who, 0.8, 100 + frame))[None]
        recogniser.observe("cam", frame, frame / 10, [BOX], crop, eyes_found=(frame % 2 == 0,))


def test_an_explanation_says_what_the_last_event_said(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    watch(recogniser, painter, ANNA, 4)
    evidence = recogniser.memory.of(None)
    why = explain(evidence, NOBODY, GATES)
    assert (why.decision, why.rule) == (Decision.KNOWN, Rule.MAJORITY)
    assert (why.person, why.runner_up) == ("Anna", "Bert")
    assert why.margin == pytest.approx(why.score - why.runner_up_score)
    assert (why.votes, why.of, why.window, why.least) == (4, 4, 5, 3)
    assert (why.frame, why.gates[0], why.eyes_found) == (
        3,
        ("too_small", BOX[2], GATES.min_face),
        False,
    )
    assert why.crop.startswith(b"\x89PNG")


def test_the_probe_is_measured_against_the_limits_of_enrolment(
    space: FaceSpace, painter: PaintedExtractor
) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    watch(recogniser, painter, STRANGER, 3)
    why = explain(recogniser.memory.of(1), NOBODY, GATES)
    assert why.rule == Rule.BELOW_THRESHOLD
    found = {reason: (value, limit) for reason, value, limit in why.gates}
    assert list(found) == ["too_small", "too_dark", "too_bright", "blurred"]
    assert found["too_dark"][0] < found["too_dark"][1] == GATES.min_brightness
    assert found["too_bright"] == (found["too_dark"][0], GATES.max_brightness)
    assert found["blurred"][0] < found["blurred"][1] == GATES.min_sharpness
    assert found["too_small"][1] == GATES.min_face


def test_a_picture_by_itself_needs_one_frame(space: FaceSpace, painter: PaintedExtractor) -> None:
    recogniser = Recogniser(model_of(), painter, space, RecognitionSettings())
    recogniser.observe("a.png", 0, 0, [BOX], painter.paint(BERT)[None], single=True)
    why = explain(recogniser.memory.of(0), NOBODY, GATES)
    assert (why.window, why.least, why.eyes_found) == (1, 1, None)


def test_only_the_last_tracks_are_remembered(space: FaceSpace, painter: PaintedExtractor) -> None:
    recogniser = Recogniser(model_of(), painter, space, SETTINGS)
    watch(recogniser, painter, ANNA, 1)
    evidence = recogniser.memory.of(1)
    memory = Memory(most=2)
    for track in (1, 2, 1, 3):
        memory.keep(replace(evidence, seen=replace(evidence.seen, track=track)))
    assert [each.seen.track for each in memory.all()] == [1, 3]
    assert memory.of(2) is None
    assert memory.of(None).seen.track == 3


def test_the_three_nearest_crops_are_told_with_person_and_likeness() -> None:
    rows = np.stack([near(ANNA, closeness, 7) for closeness in (0.2, 0.9, 0.6, 0.7)])
    paths = ("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    found = EnrolledCrops(rows, ("Anna", "Anna", "Bert", "Bert"), paths).nearest(ANNA)
    assert [(person, path) for person, path, _ in found] == [
        ("Anna", "a/2.png"),
        ("Bert", "b/2.png"),
        ("Bert", "b/1.png"),
    ]
    assert [likeness for _, _, likeness in found] == pytest.approx([0.9, 0.7, 0.6], abs=1e-5)


def test_without_enrolled_crops_nothing_is_near() -> None:
    assert NOBODY.nearest(vectors(1, 3)[0]) == ()
