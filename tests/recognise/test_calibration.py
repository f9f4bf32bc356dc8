"""Thresholds: from the dial and the gallery's size, raised by the gallery, never lowered."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.model.vectors import levelled
from engine.recognise.calibration import (
    CURVE,
    GALLERY,
    MARGIN,
    OwnImpostors,
    calibrate,
    expected_fpir,
    false_match_rate,
    gallery_impostors,
    in_turn,
    own_scores,
    threshold_for,
    weakest_genuine,
)
from engine.recognise.scoring import Gallery
from tests.recognise.made_up import near, vectors


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
    assert expected_fpir(space.impostors, people, threshold) == pytest.approx(0.03, rel=0.01)


def test_as_many_strangers_are_named_as_the_dial_says(space: FaceSpace) -> None:
    gallery = Gallery(space, vectors(20, 70), tuple(map(str, range(20))))
    best = gallery.search(vectors(4000, 71)).best
    seen = (best > threshold_for(space.impostors, 20, 0.05)).mean()
    assert 0.02 < seen < 0.09


def test_own_impostors_leave_a_persons_own_centre_out(space: FaceSpace) -> None:
    centres = vectors(4, 72)
    gallery = Gallery(space, centres, tuple("abcd"))
    own = gallery_impostors(gallery, centres[[0, 0, 2]], np.array([0, 0, 2]))
    assert len(own.scores) == 3 * 3
    assert own.pairs == 2 * 3
    assert own.scores.max() < gallery.scores(centres).diagonal().min()


def test_few_people_leave_the_threshold_to_the_shipped_curve(space: FaceSpace) -> None:
    own = OwnImpostors(np.full(500, 5.0, np.float32), pairs=12)
    found = calibrate(space.impostors, 4, 0.01, own)
    assert found.threshold == threshold_for(space.impostors, 4, 0.01)
    assert found.source == CURVE
    assert "Fewer than five" in found.notes[0]


def test_a_gallery_like_the_curve_changes_nothing(space: FaceSpace) -> None:
    centres = vectors(20, 73)
    gallery = Gallery(space, centres, tuple(map(str, range(20))))
    rows = np.stack([near(centres[i % 20], 0.7, 500 + i) for i in range(200)])
    own = gallery_impostors(gallery, rows, np.arange(200) % 20)
    found = calibrate(space.impostors, 20, 0.01, own)
    assert found.threshold == threshold_for(space.impostors, 20, 0.01)
    assert (found.source, found.raised) == (CURVE, 0)


def test_people_who_look_alike_raise_the_threshold(space: FaceSpace) -> None:
    family = vectors(1, 74)[0]
    centres = np.stack([near(family, 0.75, 800 + i) for i in range(12)])
    gallery = Gallery(space, centres, tuple(map(str, range(12))))
    rows = np.stack([near(centres[i % 12], 0.8, 900 + i) for i in range(120)])
    own = gallery_impostors(gallery, rows, np.arange(120) % 12)
    found = calibrate(space.impostors, 12, 0.01, own)
    shipped = threshold_for(space.impostors, 12, 0.01)
    assert found.threshold == pytest.approx(shipped + found.raised)
    assert found.raised > 0.05
    assert found.source == GALLERY
    assert "raised" in found.notes[0]


def test_a_gallery_of_unlike_people_never_lowers_the_threshold(space: FaceSpace) -> None:
    own = OwnImpostors(np.full(10_000, -1.0, np.float32), pairs=930)
    found = calibrate(space.impostors, 31, 0.01, own)
    assert found.threshold == threshold_for(space.impostors, 31, 0.01)


def test_one_pair_of_twins_among_many_is_no_evidence_about_strangers(space: FaceSpace) -> None:
    usual = np.random.default_rng(5).choice(space.impostors.scores[:400], 92_800)
    own = OwnImpostors(np.concatenate([usual, np.full(200, 0.9)]).astype(np.float32), pairs=930)
    assert calibrate(space.impostors, 31, 0.01, own).raised == 0


def test_people_far_above_strangers_pull_the_threshold_halfway(space: FaceSpace) -> None:
    shipped = threshold_for(space.impostors, 2, 0.01)
    found = calibrate(space.impostors, 2, 0.01, weakest=shipped + 0.4)
    assert found.threshold == pytest.approx(shipped + 0.2)
    assert (found.source, found.raised) == (MARGIN, pytest.approx(0.2))
    assert "halfway" in found.notes[-1]


def test_people_near_strangers_leave_the_threshold(space: FaceSpace) -> None:
    shipped = threshold_for(space.impostors, 2, 0.01)
    found = calibrate(space.impostors, 2, 0.01, weakest=shipped - 0.1)
    assert (found.threshold, found.source) == (shipped, CURVE)


def test_the_weakest_person_counts(space: FaceSpace) -> None:
    centres = vectors(2, 75)
    gallery = Gallery(space, centres, ("a", "b"))
    strong = [near(centres[0], 0.9, 100 + i) for i in range(20)]
    weak = [near(centres[1], 0.6, 200 + i) for i in range(20)]
    held_out = np.stack(strong + weak), np.repeat([0, 1], 20)
    own = gallery.scores(held_out[0])[np.arange(40), held_out[1]]
    found = weakest_genuine(space, gallery, held_out, held_out)
    assert found == pytest.approx(np.quantile(own[20:], 0.05))


def test_of_whom_little_is_held_out_all_pictures_are_held_out_in_turn(space: FaceSpace) -> None:
    centre = vectors(1, 78)
    gallery = Gallery(space, centre, ("a",))
    pictures = np.stack([near(centre[0], 0.8, 300 + i) for i in range(8)]), np.zeros(8, np.int64)
    held_out = pictures[0][4:], pictures[1][4:]
    found = weakest_genuine(space, gallery, held_out, pictures)
    assert found == pytest.approx(np.quantile(in_turn(space, pictures[0]), 0.05))


def test_neighbours_are_held_out_together(space: FaceSpace) -> None:
    views = vectors(4, 79)
    near_copies = np.stack(
        [near(view, 0.999, 400 + i) for i, view in enumerate(np.repeat(views, 5, 0))]
    )
    assert in_turn(space, near_copies).max() < 0.3


def test_levels_that_are_kept_change_no_score(space: FaceSpace) -> None:
    centre, labels = vectors(1, 80), np.zeros(7, np.int64)
    gallery = Gallery(space, centre, ("a",))
    rows = np.stack([near(centre[0], 0.8, 500 + i) for i in range(7)])
    kept = levelled(rows, space.cohort)
    np.testing.assert_allclose(
        own_scores(gallery, kept, labels), own_scores(gallery, rows, labels), atol=1e-6
    )


@pytest.mark.parametrize("few", [0, 1, 2])
def test_who_has_next_to_no_pictures_does_not_count(space: FaceSpace, few: int) -> None:
    centres = vectors(2, 76)
    gallery = Gallery(space, centres, ("a", "b"))
    rows = [near(centres[0], 0.9, 600 + i) for i in range(10)]
    alone = np.stack(rows), np.zeros(10, np.int64)
    both = np.stack([*rows, *centres[[1] * few]]), np.repeat([0, 1], [10, few])
    found = weakest_genuine(space, gallery, alone, both)
    assert found == weakest_genuine(space, gallery, alone, alone) is not None


def test_where_nobody_counts_nothing_is_said(space: FaceSpace) -> None:
    gallery = Gallery(space, vectors(2, 77), ("a", "b"))
    none = np.empty((0, space.dims), np.float32), np.empty(0, np.int64)
    pictures = vectors(4, 81), np.array([0, 0, 1, 1])
    assert weakest_genuine(space, gallery, none, pictures) is None
