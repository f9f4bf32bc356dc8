"""Own strangers raise a threshold that lets too many pass, and replace the halfway margin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.recognise.calibration import (
    CURVE,
    MARGIN,
    STRANGERS,
    Calibration,
    Kept,
    from_kept,
    threshold_for,
)
from engine.recognise.intervals import at_most, clopper_pearson
from engine.recognise.own_strangers import (
    ABOVE,
    StrangerScores,
    StrangerSet,
    corrected,
    strangers_needed,
)
from engine.recognise.scoring import Gallery
from tests.recognise.made_up import near, vectors


def each(*scores: float) -> StrangerScores:
    """One picture a stranger."""
    return StrangerScores(np.array(scores, np.float32), np.arange(len(scores)), len(scores))


def calm(count: int, *higher: float) -> StrangerScores:
    """So many strangers with scores from -0.3 to -0.1, and some more."""
    return each(*np.linspace(-0.3, -0.1, count), *higher)


def halfway(space: FaceSpace, fpir: float = 0.01, raised: float = 0.0) -> Calibration:
    """A threshold 0.2 above the shipped curve's, halfway to the weakest of five people."""
    shipped = threshold_for(space.impostors, 5, fpir)
    made = from_kept(space.impostors, 5, fpir, Kept(raised=raised, weakest=shipped + 0.4))
    assert made.source == MARGIN
    return made


def plain(space: FaceSpace, fpir: float = 0.01) -> Calibration:
    """The shipped curve's threshold for five people."""
    return from_kept(space.impostors, 5, fpir, Kept())


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


# --- more careful -------------------------------------------------------------------------------


def test_without_strangers_nothing_changes(space: FaceSpace) -> None:
    made = halfway(space)
    assert corrected(made, each()) == made
    assert (made.measured, made.fpir_low, made.fpir_high) == (0, 0, 1)


def test_too_many_strangers_above_the_threshold_raise_it_just_above_them(
    space: FaceSpace,
) -> None:
    made = plain(space)
    high = made.threshold + 0.1
    found = corrected(made, calm(10, high))
    assert found.threshold == pytest.approx(high + ABOVE)
    assert found.raised == pytest.approx(0.1 + ABOVE)
    assert (found.source, found.hits, found.measured) == (STRANGERS, 0, 11)
    assert "raised" in found.notes[-1]


def test_as_many_as_the_target_may_pass(space: FaceSpace) -> None:
    made = plain(space)
    found = corrected(made, calm(199, made.threshold + 0.1))
    assert (found.threshold, found.source, found.hits) == (made.threshold, CURVE, 1)
    two = corrected(made, calm(198, made.threshold + 0.1, made.threshold + 0.2))
    assert (two.threshold, two.hits) == (made.threshold, 2)
    three = corrected(made, calm(197, *(made.threshold + 0.1 * n for n in (1, 2, 3))))
    assert three.threshold == pytest.approx(made.threshold + 0.1 + ABOVE)
    assert three.hits == 2


def test_the_halfway_threshold_is_raised_too(space: FaceSpace) -> None:
    made = halfway(space)
    found = corrected(made, calm(10, made.threshold + 0.05))
    assert found.threshold == pytest.approx(made.threshold + 0.05 + ABOVE)


def test_the_note_says_what_being_more_careful_costs(space: FaceSpace) -> None:
    made = plain(space)
    genuine = tuple(made.threshold + 0.05 * n for n in range(1, 11))
    found = corrected(replace(made, kept=Kept(genuine=genuine)), calm(10, made.threshold + 0.12))
    assert "20% now score below it, before it were 0%" in found.notes[-1]


def test_the_interval_is_that_of_the_strangers_who_pass_rounded_up(space: FaceSpace) -> None:
    made = plain(space, fpir=0.05)
    high = made.threshold + 0.1
    scores = calm(98)
    half = StrangerScores(
        np.append(scores.best, [high, -0.2]), np.append(scores.groups, [98, 98]), 99
    )
    found = corrected(made, half)
    assert found.hits == pytest.approx(0.5)
    assert (found.fpir_low, found.fpir_high) == clopper_pearson(1, 99)


# --- less careful -------------------------------------------------------------------------------


def test_enough_strangers_take_the_place_of_the_halfway_margin(space: FaceSpace) -> None:
    made = halfway(space)
    shipped = made.threshold - made.raised
    found = corrected(made, calm(298, shipped + 0.05))
    assert found.threshold == pytest.approx(shipped + 0.05 + ABOVE)
    assert (found.source, found.hits) == (STRANGERS, 0)
    assert "less is enough" in found.notes[-1]


def test_the_threshold_never_comes_below_the_curve_with_what_the_gallery_added(
    space: FaceSpace,
) -> None:
    made = halfway(space, raised=0.03)
    found = corrected(made, calm(400))
    assert found.threshold == pytest.approx(threshold_for(space.impostors, 5, 0.01) + 0.03)
    assert found.raised == pytest.approx(0.03)


def test_one_stranger_too_few_leaves_the_margin_and_says_how_many_it_takes(
    space: FaceSpace,
) -> None:
    made = halfway(space)
    found = corrected(made, calm(298))
    assert (found.threshold, found.source) == (made.threshold, MARGIN)
    assert "298" in found.notes[-1]
    assert "299" in found.notes[-1]


def test_strangers_who_prove_nothing_leave_the_margin(space: FaceSpace) -> None:
    made = halfway(space)
    found = corrected(made, calm(299, made.threshold + 0.1))
    assert (found.threshold, found.source, found.hits) == (made.threshold, MARGIN, 1)


def test_more_strangers_allow_more_of_them_to_pass(space: FaceSpace) -> None:
    made = halfway(space)
    high = made.threshold + 0.1
    assert at_most(1, 500) <= 0.01 < at_most(2, 500)
    found = corrected(made, calm(499, high))
    assert found.threshold == pytest.approx(made.threshold - made.raised)
    assert found.hits == 1


def test_a_plain_threshold_is_never_lowered(space: FaceSpace) -> None:
    made = plain(space)
    found = corrected(made, calm(1000))
    assert (found.threshold, found.source) == (made.threshold, CURVE)
