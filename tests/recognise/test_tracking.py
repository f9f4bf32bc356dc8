"""Following faces and deciding over several frames, with chosen embeddings and a given clock."""

from __future__ import annotations

import numpy as np
import pytest

from engine.contract import BoxTuple
from engine.recognise.tracking import (
    LOST_AFTER,
    TAKEOVER,
    Decision,
    Tracker,
    decide,
    most_voted,
)
from engine.settings import RecognitionSettings
from tests.recognise.made_up import DIMS, near, vectors

ANNA, BERT, STRANGER = vectors(3, 40)
SETTINGS = RecognitionSettings(window=5, least=3)
FRAME = 0.1


def box_at(x: float, y: float = 100, size: int = 100) -> BoxTuple:
    return round(x), round(y), size, size


def looks(person: np.ndarray, frame: int, closeness: float = 0.85) -> np.ndarray:
    """A frame's embedding of a person: like her, a little different each time."""
    return near(person, closeness, 1000 + frame)


def test_a_face_that_stays_keeps_its_track_and_fills_the_window() -> None:
    tracker = Tracker(SETTINGS)
    for frame in range(8):
        (seen,) = tracker.update(frame * FRAME, [box_at(100 + frame)], [looks(ANNA, frame)], [7])
        assert seen.track == 1
        assert seen.candidates == (7,) * min(frame + 1, 5)


def test_the_fused_embedding_is_the_unit_mean_of_the_window() -> None:
    tracker = Tracker(SETTINGS)
    rows = [looks(ANNA, frame) for frame in range(7)]
    for frame, row in enumerate(rows):
        (seen,) = tracker.update(frame * FRAME, [box_at(100)], [row], [0])
    mean = np.mean(rows[-5:], axis=0)
    assert seen.fused == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    # Fusing pays: the mean lies nearer to the person than its frames do.
    assert seen.fused @ ANNA > 0.93


def test_products_of_a_fused_embedding_follow_from_those_of_its_frames() -> None:
    tracker, others = Tracker(SETTINGS), vectors(9, 41).T
    for frame in range(12):
        who = ANNA if frame < 6 else BERT  # he takes her place, and brings his earlier frame along
        row = looks(who, frame)[None]
        (seen,) = tracker.update(frame * FRAME, [box_at(100)], row, [0], row @ others)
        assert seen.products == pytest.approx(seen.fused @ others, abs=1e-5)
    assert seen.track == 2


def test_two_people_who_cross_keep_their_tracks() -> None:
    tracker = Tracker(SETTINGS)
    for frame in range(21):
        boxes = [box_at(100 + 10 * frame), box_at(300 - 10 * frame)]
        rows = [looks(ANNA, frame), looks(BERT, 100 + frame)]
        if frame % 2:  # the detector's order is by size, so it may change any time
            boxes, rows = boxes[::-1], rows[::-1]
        seen = tracker.update(frame * FRAME, boxes, rows, [0, 0])
        anna, bert = seen[::-1] if frame % 2 else seen
        assert (anna.track, bert.track) == (1, 2)


def test_two_boxes_never_continue_the_same_track() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, [box_at(100)], [ANNA], [0])
    seen = tracker.update(FRAME, [box_at(100), box_at(102)], [ANNA, ANNA], [0, 0])
    assert len({each.track for each in seen}) == 2


def test_a_face_that_leaves_is_forgotten_after_a_while() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, [box_at(100)], [ANNA], [0])
    (back,) = tracker.update(LOST_AFTER, [box_at(100)], [ANNA], [0])
    assert (back.track, len(back.candidates)) == (1, 2)
    (later,) = tracker.update(2 * LOST_AFTER + 0.1, [box_at(100)], [ANNA], [0])
    assert (later.track, len(later.candidates)) == (2, 1)


def test_empty_frames_let_time_pass() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, [box_at(100)], [ANNA], [0])
    nothing = np.empty((0, DIMS), np.float32)
    assert tracker.update(LOST_AFTER + 0.1, [], nothing, []) == ()
    (seen,) = tracker.update(LOST_AFTER + 0.2, [box_at(100)], [ANNA], [0])
    assert seen.track == 2


def test_a_source_that_starts_again_starts_new_tracks() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(50, [box_at(100)], [ANNA], [0])
    (seen,) = tracker.update(0, [box_at(100)], [ANNA], [0])
    assert seen.track == 2


def test_a_face_that_jumps_is_followed_by_its_looks() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, [box_at(100)], [looks(ANNA, 0)], [0])
    (seen,) = tracker.update(FRAME, [box_at(500)], [looks(ANNA, 1)], [0])
    assert seen.track == 1


def test_somebody_else_elsewhere_is_a_new_track() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(0, [box_at(100)], [ANNA], [0])
    (seen,) = tracker.update(FRAME, [box_at(500)], [BERT], [1])
    assert seen.track == 2


def test_one_odd_frame_neither_ends_a_track_nor_flips_its_decision() -> None:
    tracker = Tracker(SETTINGS)
    for frame in range(12):
        odd = frame == 8
        row = STRANGER if odd else looks(ANNA, frame)
        (seen,) = tracker.update(frame * FRAME, [box_at(100)], [row], [3 if odd else 0])
        assert seen.track == 1
        if frame >= 2:
            score = float(seen.fused @ ANNA)
            assert decide(score, 0.5, 0, seen.candidates, 3).decision is Decision.KNOWN


def test_somebody_who_takes_a_place_begins_a_track_of_his_own() -> None:
    tracker = Tracker(SETTINGS)
    for frame in range(6):
        tracker.update(frame * FRAME, [box_at(100)], [looks(ANNA, frame)], [0])
    for frame in range(6, 6 + TAKEOVER):
        row = looks(STRANGER, frame)
        (seen,) = tracker.update(frame * FRAME, [box_at(100)], [row], [0])
    assert seen.track == 2
    # Nothing of the person before counts for him.
    assert len(seen.candidates) == TAKEOVER
    assert seen.fused @ ANNA < 0.3
    assert seen.fused @ STRANGER > 0.8


def test_odd_frames_unlike_each_other_are_no_takeover() -> None:
    tracker = Tracker(SETTINGS)
    for frame in range(6):
        tracker.update(frame * FRAME, [box_at(100)], [looks(ANNA, frame)], [0])
    for frame, row in enumerate((STRANGER, BERT), 6):
        (seen,) = tracker.update(frame * FRAME, [box_at(100)], [row], [0])
    assert seen.track == 1


def test_unequal_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many"):
        Tracker(SETTINGS).update(0, [box_at(1)], [ANNA, BERT], [0, 1])


# --- decisions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "candidates", "decision", "votes"),
    [
        (0.9, (1, 1), Decision.UNSURE, 2),  # too few frames, however sure
        (0.1, (1, 1), Decision.UNSURE, 2),
        (0.9, (1, 1, 1), Decision.KNOWN, 3),
        (0.5, (1, 1, 1), Decision.KNOWN, 3),  # at the threshold
        (0.499, (1, 1, 1), Decision.UNKNOWN, 3),
        (0.9, (1, 2, 1), Decision.KNOWN, 2),
        (0.9, (1, 2, 3), Decision.UNSURE, 1),  # no majority
        (0.9, (1, 2, 1, 2), Decision.UNSURE, 2),  # a tie
        (0.1, (1, 2, 1, 2), Decision.UNKNOWN, 2),
        (float("nan"), (1, 1, 1), Decision.UNKNOWN, 3),
    ],
)
def test_decisions(
    score: float, candidates: tuple[int, ...], decision: Decision, votes: int
) -> None:
    verdict = decide(score, 0.5, 1, candidates, least=3)
    assert (verdict.decision, verdict.votes, verdict.of) == (decision, votes, len(candidates))


def test_the_most_voted_wins_and_a_tie_goes_to_the_higher_score() -> None:
    scores = np.array([0.1, 0.9, 0.3])
    assert most_voted((0, 0, 1), scores) == 0
    assert most_voted((0, 2, 2, 0), scores) == 2
