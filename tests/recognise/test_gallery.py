"""Searches in the gallery, against the formula and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.model.vectors import cohort_scores
from engine.recognise.gallery import Gallery, runner_up
from tests.recognise.made_up import DIMS, near, vectors


def test_scores_are_those_the_impostor_curve_rests_on(space: FaceSpace) -> None:
    centres, probes = vectors(5, 20), vectors(12, 21)
    gallery = Gallery(space, centres, tuple("abcde"))
    expected = cohort_scores(probes, centres, space.cohort)
    assert gallery.scores(probes) == pytest.approx(expected, abs=1e-6)


def test_the_best_and_the_second_best_are_found(space: FaceSpace) -> None:
    centres = vectors(6, 22)
    probes = np.stack([near(centres[4], 0.8, 1), near(centres[2], 0.6, 2)])
    found = Gallery(space, centres, tuple("abcdef")).search(probes)
    assert found.candidates.tolist() == [4, 2]
    for row in range(2):
        order = np.argsort(-found.scores[row])
        assert found.best[row] == found.scores[row, order[0]]
        assert runner_up(found.scores[row], order[0]) == (order[1], found.scores[row, order[1]])


def test_likeness_ranks_people_as_their_scores_do(space: FaceSpace) -> None:
    gallery, probes = Gallery(space, vectors(9, 31), tuple("abcdefghi")), vectors(40, 32)
    lowered = gallery.likeness_of(gallery.cosines(probes)) - gallery.scores(probes)
    assert lowered == pytest.approx(np.repeat(lowered[:, :1], 9, axis=1), abs=1e-6)


def test_runner_up_to_a_candidate_who_is_not_the_best_is_the_best() -> None:
    scores = np.array([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]], np.float32)
    assert runner_up(scores[0], 2) == (1, scores[0, 1])
    assert runner_up(scores[1], 0) == (1, scores[1, 1])


def test_one_person_alone_has_no_runner_up(space: FaceSpace) -> None:
    found = Gallery(space, vectors(1, 23), ("a",)).search(vectors(3, 24))
    assert found.candidates.tolist() == [0, 0, 0]
    assert runner_up(found.scores[0], 0) == (None, -np.inf)


def test_a_tie_goes_to_the_first(space: FaceSpace) -> None:
    centre = vectors(1, 25)
    found = Gallery(space, np.concatenate([centre, centre]), ("a", "b")).search(centre)
    assert found.candidates[0] == 0
    assert runner_up(found.scores[0], 0)[0] == 1


def test_no_faces_give_no_rows(space: FaceSpace) -> None:
    found = Gallery(space, vectors(3, 26), tuple("abc")).search(np.empty((0, DIMS), np.float32))
    assert found.scores.shape == (0, 3)
    assert len(found.candidates) == len(found.best) == 0


def test_the_gallery_keeps_its_own_copy_of_the_centres(space: FaceSpace) -> None:
    centres = vectors(2, 27)
    gallery = Gallery(space, centres, ("a", "b"))
    before = gallery.scores(vectors(1, 28))
    centres[:] = 0
    assert np.array_equal(gallery.scores(vectors(1, 28)), before)


@pytest.mark.parametrize(
    ("shape", "names"),
    [((2, DIMS), ("a",)), ((0, DIMS), ()), ((2, DIMS + 1), ("a", "b")), ((DIMS,), ("a",))],
)
def test_what_does_not_fit_is_refused(
    space: FaceSpace, shape: tuple[int, ...], names: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="centres"):
        Gallery(space, np.ones(shape, np.float32), names)
