"""The impostor curve: quantiles, their inverse, the far end."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.vectors import ImpostorCurve
from fit.space_file import curve_of


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return np.random.default_rng(3).normal(-0.2, 0.1, 200_000)


@pytest.fixture(scope="module")
def curve(scores: np.ndarray) -> ImpostorCurve:
    return curve_of(scores)


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01, 1e-3, 1e-4])
def test_the_threshold_is_reached_by_the_wanted_share(
    curve: ImpostorCurve, scores: np.ndarray, rate: float
) -> None:
    assert (scores >= curve.threshold(rate)).mean() == pytest.approx(rate, rel=0.1, abs=1e-5)


@pytest.mark.parametrize("rate", [0.3, 0.02, 5e-4, 1e-7])
def test_rate_is_the_inverse_of_threshold(curve: ImpostorCurve, rate: float) -> None:
    assert curve.rate(curve.threshold(rate)) == pytest.approx(rate, rel=0.01)


def test_the_threshold_rises_as_the_rate_falls_beyond_the_data_too(curve: ImpostorCurve) -> None:
    thresholds = [curve.threshold(rate) for rate in np.geomspace(0.9, 1e-9, 100)]
    assert (np.diff(thresholds) >= 0).all()
    assert thresholds[-1] > curve.scores[-1]


def test_the_curve_holds_no_more_than_its_points(curve: ImpostorCurve) -> None:
    assert curve.rates.shape == curve.scores.shape == (2000,)
    assert curve.rates[-1] == pytest.approx(1.5e-5)


def test_the_rarest_rate_has_scores_beyond_it() -> None:
    few = curve_of(np.arange(300.0))
    assert few.rates[-1] == pytest.approx(0.01)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 2.0])
def test_a_rate_outside_zero_and_one_is_refused(curve: ImpostorCurve, rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        curve.threshold(rate)


@pytest.mark.parametrize(
    ("rates", "scores"),
    [
        ([1.0], [0.0]),
        ([1.0, 0.5], [0.0, np.nan]),
        ([0.5, 1.0], [0.0, 1.0]),
        ([1.0, 0.0], [0.0, 1.0]),
        ([1.0, 0.5], [1.0, 0.0]),
    ],
)
def test_what_is_no_curve_is_refused(rates: list[float], scores: list[float]) -> None:
    with pytest.raises(ValueError, match=r"curve|rates|scores"):
        ImpostorCurve(np.array(rates), np.array(scores))


def test_too_few_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        curve_of(np.arange(10.0))
