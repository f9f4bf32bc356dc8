"""Thresholds: from the dial and the gallery's size, raised for each person, never lowered."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.model.vectors import class_centres, cohort_scores
from engine.recognise.calibration import (
    ENOUGH_PICTURES,
    USUAL_LOW,
    USUAL_SPREAD,
    Enrolled,
    Kept,
    Own,
    calibrate,
    false_match_rate,
    in_turn,
    kept_from,
    threshold_for,
)
from engine.recognise.gallery import Gallery
from tests.recognise.made_up import near, vectors

MANY = ENOUGH_PICTURES


def one(own: Own, space: FaceSpace, fpir: float = 0.01) -> float:
    """The threshold of one enrolled person."""
    (threshold,) = calibrate(space.impostors, fpir, ("a",), Kept({"a": own})).thresholds
    return threshold


def pictures(
    *people: tuple[np.ndarray, float, int], sources: dict[int, str] | None = None
) -> Enrolled:
    """Enrolled people: centre, closeness of their pictures to it, and how many."""
    rows, labels = [], []
    for person, (centre, closeness, count) in enumerate(people):
        rows += [near(centre, closeness, 1000 * person + n) for n in range(count)]
        labels += [person] * count
    where = [(sources or {}).get(label, "") for label in labels]
    return Enrolled(np.stack(rows), np.array(labels), where, len(people))


def test_the_false_match_rate_solves_its_equation() -> None:
    for people in (1, 5, 31, 1000):
        rate = false_match_rate(people, 0.01)
        assert 1 - (1 - rate) ** people == pytest.approx(0.01)


def test_the_threshold_rises_with_the_number_of_people(space: FaceSpace) -> None:
    thresholds = [threshold_for(space.impostors, people, 0.01) for people in (1, 2, 5, 31, 500)]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == len(thresholds)


def test_the_threshold_falls_as_more_strangers_may_be_named(space: FaceSpace) -> None:
    thresholds = [threshold_for(space.impostors, 20, fpir) for fpir in (0.001, 0.01, 0.05, 0.5)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert len(set(thresholds)) == len(thresholds)


@pytest.mark.parametrize(("people", "fpir"), [(0, 0.01), (5, 0.0), (5, 1.0), (-1, 0.1)])
def test_impossible_requests_are_refused(space: FaceSpace, people: int, fpir: float) -> None:
    with pytest.raises(ValueError, match="no threshold"):
        threshold_for(space.impostors, people, fpir)


@pytest.mark.parametrize("people", [3, 40])
def test_the_expected_fpir_is_the_dial(space: FaceSpace, people: int) -> None:
    threshold = threshold_for(space.impostors, people, 0.03)
    named = 1 - (1 - space.impostors.rate(threshold)) ** people
    assert named == pytest.approx(0.03, rel=0.01)


def test_as_many_strangers_are_named_as_the_dial_says(space: FaceSpace) -> None:
    gallery = Gallery(space, vectors(20, 70), tuple(map(str, range(20))))
    best = gallery.search(vectors(4000, 71)).best
    seen = (best > threshold_for(space.impostors, 20, 0.05)).mean()
    assert 0.02 < seen < 0.09


# --- a threshold a person -----------------------------------------------------------------------


def test_of_whom_nothing_is_known_the_usual_low_end_stands_in(space: FaceSpace) -> None:
    found = calibrate(space.impostors, 0.2, tuple("abcd"))
    assert found.threshold == threshold_for(space.impostors, 4, 0.2) < USUAL_LOW
    assert found.thresholds == pytest.approx([(found.threshold + USUAL_LOW) / 2] * 4)
    assert (found.alone, found.lean) == (4, 0)


def test_one_picture_is_never_asked_for_what_a_camera_gives(space: FaceSpace) -> None:
    others = Kept({"b": Own(60, 0.8, 0.7), "c": Own(60, 0.8, 0.7)})
    found = calibrate(space.impostors, 0.2, ("a", "b", "c"), others)
    assert found.thresholds[0] == pytest.approx((found.threshold + USUAL_LOW) / 2)
    assert found.thresholds[1] > found.thresholds[0]


def test_a_threshold_lies_halfway_to_what_the_persons_own_pictures_score(
    space: FaceSpace,
) -> None:
    shipped = threshold_for(space.impostors, 1, 0.01)
    found = one(Own(MANY, shipped + 0.5, shipped + 0.4), space)
    assert found == pytest.approx(shipped + 0.2)


def test_a_threshold_is_never_below_the_curves(space: FaceSpace) -> None:
    shipped = threshold_for(space.impostors, 1, 0.01)
    assert one(Own(MANY, shipped, shipped - 0.3), space) == shipped


def test_one_persons_pictures_change_no_other_persons_threshold(space: FaceSpace) -> None:
    strong, weak = Own(60, 0.8, 0.7), Own(10, 0.2, 0.1)
    both = calibrate(space.impostors, 0.01, ("a", "b"), Kept({"a": strong, "b": weak}))
    alone = calibrate(space.impostors, 0.01, ("a", "c"), Kept({"a": strong}))
    assert both.thresholds[0] == alone.thresholds[0] > both.thresholds[1]


def test_who_has_few_pictures_leans_on_how_others_pictures_vary(space: FaceSpace) -> None:
    shipped = threshold_for(space.impostors, 2, 0.01)
    few = Own(3, shipped + 0.5, shipped + 0.49)
    others = Own(40, 0.6, 0.3)
    found = calibrate(space.impostors, 0.01, ("a", "b"), Kept({"a": few, "b": others}))
    assert found.thresholds[0] == pytest.approx(shipped + (0.5 - 0.3) / 2)
    assert found.lean == 1
    assert "fewer than five pictures" not in found.sentence  # the sentence is `settle`'s


def test_without_others_the_usual_spread_stands_in(space: FaceSpace) -> None:
    shipped = threshold_for(space.impostors, 1, 0.01)
    found = one(Own(2, shipped + 0.5, shipped + 0.5), space)
    assert found == pytest.approx(shipped + (0.5 - USUAL_SPREAD) / 2)


def test_others_from_the_same_camera_raise_a_threshold(space: FaceSpace) -> None:
    shipped = threshold_for(space.impostors, 1, 0.01)
    own = Own(MANY, shipped + 0.5, shipped + 0.4, near=shipped + 0.3)
    assert one(own, space) == pytest.approx(shipped + 0.3)


def test_a_twin_does_not_raise_a_threshold_beyond_the_persons_own_pictures(
    space: FaceSpace,
) -> None:
    shipped = threshold_for(space.impostors, 1, 0.01)
    own = Own(MANY, shipped + 0.5, shipped + 0.4, near=shipped + 0.9)
    assert one(own, space) == pytest.approx(shipped + 0.4)


# --- what training keeps ------------------------------------------------------------------------


def test_own_scores_are_of_centres_that_lie_apart(space: FaceSpace) -> None:
    centre = vectors(1, 78)[0]
    enrolled = pictures((centre, 0.8, 20))
    own = kept_from(space, enrolled, ("a",), space.impostors, 0.01).own["a"]
    scores = in_turn(space.cohort, enrolled.embeddings)
    assert own.pictures == 20
    assert own.mean == pytest.approx(scores.mean())
    assert own.low == pytest.approx(np.quantile(scores, 0.05))


def test_neighbours_are_left_out_together(space: FaceSpace) -> None:
    views = vectors(5, 79)
    near_copies = np.stack(
        [near(view, 0.999, 400 + i) for i, view in enumerate(np.repeat(views, 5, 0))]
    )
    assert in_turn(space.cohort, near_copies).max() < 0.3


@pytest.mark.parametrize("few", [0, 1])
def test_of_one_picture_nothing_can_be_left_out(space: FaceSpace, few: int) -> None:
    assert in_turn(space.cohort, vectors(few, 80)).shape == (0,)


def test_only_the_same_camera_counts_as_near(space: FaceSpace) -> None:
    a, c = vectors(2, 81)
    look_alike = near(a, 0.6, 82)
    people = ((a, 0.9, 10), (look_alike, 0.9, 10), (c, 0.9, 10))
    slugs = tuple("abc")

    def near_a(sources: dict[int, str]) -> float | None:
        enrolled = pictures(*people, sources=sources)
        return kept_from(space, enrolled, slugs, space.impostors, 0.01).own["a"].near

    assert near_a({}) is None
    assert near_a({0: "cam 0", 1: "cam 1", 2: ""}) is None
    assert near_a({1: "cam 0"}) is None
    found = near_a({0: "cam 0", 1: "cam 0", 2: "cam 1"})
    enrolled = pictures(*people)
    centres = class_centres(enrolled.embeddings, enrolled.labels, 3)
    theirs = cohort_scores(enrolled.of(1), centres, space.cohort)[:, 0]
    assert found == pytest.approx(np.quantile(theirs, 0.95), abs=1e-5)


def test_enrolled_people_stand_in_for_strangers(space: FaceSpace) -> None:
    a, c = vectors(2, 83)
    unlike = pictures((a, 0.9, 10), (c, 0.9, 10))
    twins = pictures((a, 0.9, 10), (near(a, 0.98, 84), 0.9, 10))
    calm = kept_from(space, unlike, ("a", "b"), space.impostors, 0.01)
    loud = kept_from(space, twins, ("a", "b"), space.impostors, 0.01)
    assert (calm.stand_ins, calm.stand_in_hits) == (2, 0)
    assert loud.stand_in_hits > 1.5


def test_one_person_alone_has_no_stand_ins(space: FaceSpace) -> None:
    kept = kept_from(space, pictures((vectors(1, 85)[0], 0.9, 10)), ("a",), space.impostors, 0.01)
    assert (kept.stand_ins, kept.stand_in_hits) == (0, 0.0)
