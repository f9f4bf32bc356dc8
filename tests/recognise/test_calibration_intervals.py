"""Exact binomial bounds, against published values and the binomial sum itself."""

from __future__ import annotations

import math

import pytest

from engine.recognise.calibration import at_least, at_most, beta_cdf, beta_quantile, bounds


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (5, 100, 0.0164, 0.1128),
        (82, 100, 0.7305, 0.8897),
        (1, 1000, 0.000025, 0.00556),
    ],
)
def test_published_intervals_of_95_percent_are_two_bounds_of_97_5(
    hits: int, trials: int, low: float, high: float
) -> None:
    assert bounds(hits, trials, 0.975) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("hits", "trials"), [(0, 5), (2, 17), (40, 41), (300, 1000), (3, 20_000)])
def test_each_bound_is_where_the_tail_holds_five_percent(hits: int, trials: int) -> None:
    low, high = bounds(hits, trials)

    def tail(share: float, counts: range) -> float:
        return math.fsum(
            math.exp(
                math.lgamma(trials + 1)
                - math.lgamma(k + 1)
                - math.lgamma(trials - k + 1)
                + k * math.log(share)
                + (trials - k) * math.log1p(-share)
            )
            for k in counts
        )

    assert tail(high, range(hits + 1)) == pytest.approx(0.05, rel=1e-6)
    if hits:
        assert tail(low, range(hits, trials + 1)) == pytest.approx(0.05, rel=1e-6)
    else:
        assert low == 0


def test_zero_of_n_proves_about_three_over_n() -> None:
    assert at_most(0, 300) == pytest.approx(3 / 300, rel=0.01)
    assert at_most(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))


def test_nothing_is_known_without_trials() -> None:
    assert bounds(0, 0) == (0, 1)
    assert (at_least(0, 0), at_most(0, 0)) == (0, 1)


def test_a_higher_confidence_sets_the_bounds_farther_apart() -> None:
    narrow, wide = bounds(7, 40, 0.9), bounds(7, 40, 0.99)
    assert wide[0] < narrow[0] < 7 / 40 < narrow[1] < wide[1]


@pytest.mark.parametrize(("hits", "trials"), [(-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_are_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="bounds"):
        bounds(hits, trials)


def test_beta_distribution_has_its_closed_forms() -> None:
    for x in (0.0, 0.01, 0.3, 0.77, 1.0):
        assert beta_cdf(x, 1, 1) == pytest.approx(x)
        assert beta_cdf(x, 3, 1) == pytest.approx(x**3)
        assert beta_cdf(x, 1, 4) == pytest.approx(1 - (1 - x) ** 4)
    assert beta_quantile(0.5, 8, 8) == pytest.approx(0.5)
