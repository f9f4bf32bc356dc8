"""How contestants of a bake-off are judged, on scores made up for it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.evaluate.figures import Trial
from engine.jobs.bake_off import measurable_fpir
from engine.jobs.contestants import (
    judged,
    left_out,
    left_out_probabilities,
    milliseconds_a_face,
)

GENUINE = np.array([[0.9, 0.1], [0.4, 0.2], [0.3, 0.6]], np.float32)
LABELS = np.array([0, 0, 1])


def test_a_row_has_figures_at_the_common_fpir_and_at_the_default_threshold() -> None:
    strangers = np.array([[0.1, 0.5], [0.2, 0.1], [0.95, 0.0], [0.0, 0.3]], np.float32)
    row = judged("x", Trial(GENUINE, LABELS, strangers, lost=1), 0.25, 0.45, 7.0, 30.0)
    assert row.rank1 == pytest.approx(3 / 4)
    assert row.tpir == pytest.approx(2 / 4)
    assert row.fpir_at_default == pytest.approx(2 / 4)
    assert row.tpir_at_default == pytest.approx(2 / 4)


def test_without_strangers_their_figures_are_not_numbers() -> None:
    row = judged("x", Trial(GENUINE, LABELS, np.empty((0, 2))), 0.01, 0.45, 7.0, 30.0)
    assert math.isnan(row.tpir)
    assert math.isnan(row.fpir_at_default)
    assert row.rank1 == 1


def test_turned_distances_are_judged_like_scores() -> None:
    strangers = np.array([[-0.7, -0.8], [-0.5, -0.9]])
    row = judged("x", Trial(-GENUINE[:, ::-1], LABELS, strangers), 0.5, -0.6, 7.0, 30.0)
    assert row.rank1 == 1
    assert row.fpir_at_default == 0.5
    assert row.tpir_at_default == 1


def test_one_search_alone_gives_no_tpir_at_an_fpir() -> None:
    trial = Trial(GENUINE, LABELS, np.array([[0.1, 0.2]]))
    assert math.isnan(judged("x", trial, measurable_fpir(0.01, 1), 0.5, 7.0, 30.0).tpir)


@pytest.mark.parametrize("searches", [3, 49, 99])
def test_few_strangers_can_show_one_search_at_least(searches: int) -> None:
    fpir = measurable_fpir(0.01, searches)
    assert fpir == pytest.approx(1 / searches)
    trial = Trial(GENUINE, LABELS, np.linspace(0, 1, searches)[:, None])
    assert trial.fpir_above(trial.threshold_at(fpir)) == pytest.approx(1 / searches)


def test_enough_strangers_show_the_fpir_that_was_asked_for() -> None:
    assert measurable_fpir(0.01, 100) == pytest.approx(0.01)
    assert measurable_fpir(0.01, 1000) == 0.01
    assert measurable_fpir(0.01, 0) == 0.01


def test_who_is_left_out_meets_everybody_but_themselves() -> None:
    found = left_out(GENUINE, LABELS)
    assert found.max(1) == pytest.approx([0.1, 0.2, 0.3])
    assert np.isneginf(found[np.arange(3), LABELS]).all()


def test_a_softmax_without_the_own_person_sums_to_one_again() -> None:
    found = left_out_probabilities(np.array([[0.8, 0.15, 0.05]]), np.array([0]))
    assert found == pytest.approx(np.array([[0.0, 0.75, 0.25]]))


def test_a_softmax_that_is_quite_sure_of_the_own_person_stays_finite() -> None:
    found = left_out_probabilities(np.array([[1.0, 0.0, 0.0]]), np.array([0]))
    assert np.isfinite(found).all()


def test_every_timed_face_comes_alone() -> None:
    seen: list[tuple[int, ...]] = []
    crops = np.zeros((2, 160, 160, 3), np.uint8)
    assert milliseconds_a_face(lambda crop: seen.append(crop.shape), crops) >= 0
    assert set(seen) == {(1, 160, 160, 3)}
