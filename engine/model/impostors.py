"""The impostor curve: how high strangers score, kept as quantiles, so that it is nobody's face.

A curve maps a false match rate (share of single comparisons of a stranger with somebody's
centre that score at least T) to the threshold T, and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array

RAREST = 1e-5
"""Smallest false match rate that a curve may hold a point for."""
LEAST_BEYOND = 3
"""Scores that must lie beyond the last point, else it would be one picture's accident."""
MOST_POINTS = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class ImpostorCurve:
    """Thresholds at falling false match rates.

    `rates` (k,) float64 falls strictly from 1 to about 1e-5, `scores` (k,) float64 never falls.
    Raises ValueError if the arrays are not such a curve.
    """

    rates: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        rates, scores = self.rates, self.scores
        if rates.ndim != 1 or rates.shape != scores.shape or len(rates) < 2:
            raise ValueError("a curve needs two or more points, one score a rate")
        if not (np.isfinite(scores).all() and np.isfinite(rates).all()):
            raise ValueError("a curve must be finite")
        if not (rates[-1] > 0 and rates[0] <= 1 and (np.diff(rates) < 0).all()):
            raise ValueError("the rates must fall from at most 1 to above 0")
        if (np.diff(scores) < 0).any():
            raise ValueError("the scores must not fall")

    @classmethod
    def from_scores(cls, scores: Array, points: int = MOST_POINTS) -> ImpostorCurve:
        """Quantiles of impostor `scores` (n,), dense in the upper tail.

        The rarest rate is 1e-5, or that with three scores beyond it if there are fewer scores.
        """
        flat = np.asarray(scores, np.float64).ravel()
        if len(flat) < 10 * LEAST_BEYOND:
            raise ValueError(f"an impostor curve needs at least {10 * LEAST_BEYOND} scores")
        rarest = max(RAREST, LEAST_BEYOND / len(flat))
        body = np.linspace(1.0, 0.1, points // 4, endpoint=False)
        tail = np.geomspace(0.1, rarest, points - len(body))
        rates = np.concatenate([body, tail])
        return cls(rates, np.maximum.accumulate(np.quantile(flat, 1 - rates)))

    def threshold(self, rate: float) -> float:
        """The score that a share `rate` (0..1, exclusive) of impostor comparisons reaches.

        Linear in the rate's logarithm between points. Rarer than the last point, the line
        through the last one and a half decades goes on, so that a large gallery still raises
        the threshold. Raises ValueError for a rate outside 0..1.
        """
        if not 0 < rate < 1:
            raise ValueError(f"a false match rate lies between 0 and 1, not {rate}")
        log_rates = np.log10(self.rates)
        wanted = math.log10(rate)
        if wanted >= log_rates[-1]:
            return float(np.interp(-wanted, -log_rates, self.scores))
        return float(self.scores[-1] + (log_rates[-1] - wanted) * self._slope())

    def rate(self, threshold: float) -> float:
        """The share of impostor comparisons that reach `threshold`, the inverse of the above."""
        if threshold > self.scores[-1]:
            slope = self._slope()
            beyond = (threshold - self.scores[-1]) / slope if slope > 0 else math.inf
            return float(self.rates[-1] * 10.0**-beyond)
        return float(10 ** np.interp(threshold, self.scores, np.log10(self.rates)))

    def _slope(self) -> float:
        """Score gained a decade of rate at the curve's far end."""
        log_rates = np.log10(self.rates)
        start = min(log_rates[-1] + 1.5, float(log_rates[0]))
        before = np.interp(-start, -log_rates, self.scores)
        return float((self.scores[-1] - before) / (start - log_rates[-1]))
