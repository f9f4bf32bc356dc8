"""Own strangers raise the thresholds of whom they reach, and lower none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.recognise.calibration import Calibration, at_most, bounds, calibrate
from engine.recognise.gallery import Gallery
from engine.recognise.threshold import (
    ABOVE,
    StrangerScores,
    StrangerSet,
    corrected,
    strangers_needed,
)
from tests.recognise.made_up import near, vectors


def each(*scores: float) -> StrangerScores:
    """One picture a stranger."""
    return StrangerScores(np.array(scores, np.float32), np.arange(len(scores)), len(scores))


CENTRES = vectors(3, 90)


def settled(space: FaceSpace, *rows: np.ndarray, fpir: float = 0.01) -> tuple[Calibration, Gallery]:
    """Three people's thresholds after strangers of one picture each have been searched."""
    gallery = Gallery(space, CENTRES, tuple("abc"))
    made = calibrate(space.impostors, fpir, gallery.names)
    strangers = StrangerSet(np.stack(rows), np.arange(len(rows)), tuple(map(str, range(len(rows)))))
    found = corrected(made, gallery.with_raised(made.raised), strangers)
    return found, gallery.with_raised(found.raised)


# --- counting -----------------------------------------------------------------------------------


def test_a_stranger_counts_by_the_share_of_their_pictures_that_pass() -> None:
    scores = StrangerScores(
        np.array([0.5, 0.1, 0.1, 0.1, 0.5, 0.5]), np.array([0, 0, 0, 0, 1, 1]), 2
    )
    assert scores.hits(0.4) == pytest.approx(1.25)
    assert scores.hits(0.6) == 0


def test_a_score_at_the_threshold_passes() -> None:
    assert each(0.25).hits(0.25) == 1


def test_the_lowest_threshold_that_so_many_reach() -> None:
    scores = each(0.5, 0.4, 0.3)
    assert scores.threshold_allowing(1) == pytest.approx(0.4 + ABOVE)
    assert scores.hits(scores.threshold_allowing(1)) == 1
    assert scores.threshold_allowing(0) == pytest.approx(0.5 + ABOVE)
    assert scores.threshold_allowing(3) == -np.inf


def test_thirds_of_a_stranger_make_a_whole_one() -> None:
    scores = StrangerScores(np.array([0.5, 0.5, 0.5, 0.1]), np.array([0, 0, 0, 1]), 2)
    assert scores.threshold_allowing(1) == pytest.approx(0.1 + ABOVE)


def test_pictures_are_searched_in_the_gallery_and_keep_their_stranger(space: FaceSpace) -> None:
    centres = vectors(3, 90)
    rows = np.stack([near(centres[2], 0.9, 91), *vectors(2, 92)])
    found = StrangerSet(rows, np.array([0, 0, 1]), ("one", "two")).search(
        Gallery(space, centres, tuple("abc"))
    )
    assert found.best[0] > 0.3 > found.best[1:].max()
    assert (found.groups.tolist(), found.strangers) == ([0, 0, 1], 2)


@pytest.mark.parametrize(("fpir", "needed"), [(0.01, 299), (0.05, 59), (0.001, 2995)])
def test_about_three_over_the_target_are_needed_to_show_it(fpir: float, needed: int) -> None:
    assert strangers_needed(fpir) == needed
    assert at_most(0, needed) <= fpir < at_most(0, needed - 1)


# --- raising ------------------------------------------------------------------------------------


def test_without_strangers_nothing_changes(space: FaceSpace) -> None:
    gallery = Gallery(space, CENTRES, tuple("abc"))
    made = calibrate(space.impostors, 0.01, gallery.names)
    nobody = StrangerSet(np.empty((0, space.dims), np.float32), np.empty(0, np.intp), ())
    assert corrected(made, gallery, nobody) == made
    assert (made.measured, made.fpir_low, made.fpir_high) == (0, 0, 1)


def test_a_stranger_raises_the_threshold_of_whom_they_are_taken_for(space: FaceSpace) -> None:
    look_alike = near(CENTRES[1], 0.8, 91)
    found, gallery = settled(space, look_alike, *vectors(9, 92))
    before = calibrate(space.impostors, 0.01, gallery.names).raised
    assert (found.raised[0], found.raised[2]) == (before[0], before[2])
    assert found.raised[1] > before[1]
    score = gallery.scores(look_alike[None])[0, 1]
    assert score == pytest.approx(found.threshold - ABOVE, abs=1e-5)
    assert (found.hits, found.measured) == (0, 10)
    assert "passed for an enrolled person" in found.notes[-1]


def test_who_comes_next_is_raised_too(space: FaceSpace) -> None:
    between = near(CENTRES[1], 0.7, 93) + near(CENTRES[2], 0.69, 94)
    found, gallery = settled(space, between / np.linalg.norm(between), *vectors(9, 92))
    assert found.hits == 0
    assert found.raised[1] > 0
    assert found.raised[2] > 0
    assert gallery.search(between[None] / np.linalg.norm(between)).best[0] < found.threshold


def test_as_many_as_the_target_may_pass(space: FaceSpace) -> None:
    look_alike = near(CENTRES[1], 0.8, 91)
    gallery = Gallery(space, CENTRES, tuple("abc"))
    calm = vectors(200, 95)
    made = calibrate(space.impostors, 0.06, gallery.names)
    threshold = made.threshold
    calm = calm[gallery.search(calm).best < threshold][:19]
    found, _gallery = settled(space, look_alike, *calm, fpir=0.06)
    assert found.raised == made.raised
    assert found.hits == 1


def test_nothing_is_lowered_however_many_strangers_there_are(space: FaceSpace) -> None:
    gallery = Gallery(space, CENTRES, tuple("abc"))
    made = calibrate(space.impostors, 0.01, gallery.names)
    unlike = vectors(2000, 96)
    unlike = unlike[gallery.search(unlike).best < made.threshold - 0.1][:400]
    strangers = StrangerSet(unlike, np.arange(len(unlike)), tuple(map(str, range(len(unlike)))))
    found = corrected(made, gallery, strangers)
    assert (found.threshold, found.raised) == (made.threshold, made.raised)


def test_the_interval_is_that_of_the_strangers_who_pass_rounded_up(space: FaceSpace) -> None:
    gallery = Gallery(space, CENTRES, tuple("abc"))
    made = calibrate(space.impostors, 0.05, gallery.names)
    rows = np.stack([near(CENTRES[1], 0.8, 91), *vectors(99, 97)])
    groups = np.concatenate([[0, 0], np.arange(1, 99)])
    strangers = StrangerSet(rows, groups.astype(np.intp), tuple(map(str, range(99))))
    found = corrected(made, gallery, strangers)
    assert found.hits >= 0.5
    assert (found.fpir_low, found.fpir_high) == bounds(int(np.ceil(found.hits)), 99)
