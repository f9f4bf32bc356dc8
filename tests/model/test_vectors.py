"""The face space's vector maths, against formulas written out the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model import vectors
from engine.model.vectors import (
    centre_levels,
    class_centres,
    class_means,
    cohort_level,
    cohort_scores,
    normalised,
    unit,
)

random = np.random.default_rng(7)


def test_unit_gives_length_one_and_leaves_zeros_zero() -> None:
    rows = random.normal(size=(5, 8))
    rows[2] = 0
    lengths = np.linalg.norm(unit(rows), axis=1)
    assert lengths == pytest.approx([1, 1, 0, 1, 1], abs=1e-6)
    assert unit(rows).dtype == np.float32


def test_signed_root_keeps_the_sign_and_takes_the_root_of_the_magnitude() -> None:
    features = np.array([[4.0, -9.0, 0.0]])
    mean = np.zeros(3, np.float32)
    expected = np.array([2.0, -3.0, 0.0]) / np.sqrt(13)
    assert normalised(features, mean, True)[0] == pytest.approx(expected)


def test_signed_root_centres_first() -> None:
    mean = np.array([1.0, 2.0], np.float32)
    assert normalised(np.array([[5.0, 2.0]]), mean, True)[0] == pytest.approx([1.0, 0.0])


def test_class_means_equal_the_mean_of_each_class() -> None:
    rows = random.normal(size=(9, 4))
    labels = np.array([0, 1, 2, 0, 1, 2, 2, 2, 0])
    for label, mean in enumerate(class_means(rows, labels, 3)):
        assert mean == pytest.approx(rows[labels == label].mean(0), abs=1e-6)


@pytest.mark.parametrize("labels", [[0, 0, 2], [0, 1, 3]])
def test_a_class_without_rows_is_refused(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="labels"):
        class_means(np.ones((3, 2)), np.array(labels), 3)


def test_class_centres_weigh_every_picture_alike_whatever_its_length() -> None:
    rows = np.array([[10.0, 0.0], [0.0, 0.1]])
    assert class_centres(rows, np.array([0, 0]), 1)[0] == pytest.approx([0.5**0.5, 0.5**0.5])


def test_cohort_level_is_the_mean_of_the_largest() -> None:
    cosines = random.normal(size=(6, 40))
    brute = np.sort(cosines, axis=1)[:, -10:].mean(1)
    assert cohort_level(cosines)[:, 0] == pytest.approx(brute, abs=1e-6)


def test_cohort_level_takes_all_of_a_small_cohort() -> None:
    cosines = random.normal(size=(3, 4))
    assert cohort_level(cosines)[:, 0] == pytest.approx(cosines.mean(1), abs=1e-6)


def test_scores_equal_the_formula_written_out() -> None:
    embeddings, centres = unit(random.normal(size=(5, 16))), unit(random.normal(size=(3, 16)))
    cohort = unit(random.normal(size=(30, 16)))
    scores = cohort_scores(embeddings, centres, cohort)
    for i, embedding in enumerate(embeddings):
        strangers = sorted(float(embedding @ other) for other in cohort)[-10:]
        for j, centre in enumerate(centres):
            likeness = sorted(float(centre @ other) for other in cohort)[-10:]
            expected = float(embedding @ centre) - sum(strangers) / 10 - 0.25 * sum(likeness) / 10
            assert scores[i, j] == pytest.approx(expected, abs=1e-5)


def test_a_person_who_looks_like_many_strangers_needs_more_likeness() -> None:
    cohort = unit(np.array([1.0, 0.0, 0.0]) + 0.1 * random.normal(size=(30, 3)))
    common, rare = unit(np.array([[1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]]))
    levels = centre_levels(np.stack([common, rare]), cohort)
    assert levels.shape == (1, 2)
    assert levels[0, 0] > levels[0, 1]


def test_centre_levels_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    centres, cohort = unit(rng.normal(size=(7, 5))), unit(rng.normal(size=(30, 5)))
    whole = centre_levels(centres, cohort)
    monkeypatch.setattr(vectors, "BLOCK", 3)
    assert centre_levels(centres, cohort) == pytest.approx(whole, abs=1e-6)
    assert whole.shape == (1, 7)


def test_parts_of_a_row_are_scaled_one_by_one() -> None:
    rows, mean = random.normal(size=(4, 10)) * 100, np.zeros(10, np.float32)
    whole, parts = normalised(rows, mean, True), normalised(rows, mean, True, (6, 4))
    assert np.linalg.norm(whole, axis=1) == pytest.approx(1)
    assert np.linalg.norm(parts[:, :6], axis=1) == pytest.approx(1)
    assert np.linalg.norm(parts[:, 6:], axis=1) == pytest.approx(1)
    assert unit(parts[:, :6]) == pytest.approx(unit(whole[:, :6]), abs=1e-6)
