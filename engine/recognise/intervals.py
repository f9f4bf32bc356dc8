"""How sure a share is: exact binomial bounds at 95 %, in plain Python. Whoever tells how sure a
share is, at a training, in an evaluation or live, takes them from here.

They are the one-sided bounds of Clopper and Pearson (Biometrika 26, 1934): with k hits in n trials
the share is at most the 95 % quantile of the beta distribution (k + 1, n - k), and at least the 5 %
quantile of (k, n - k + 1). Of 0 in n the former is 1 - 0.05^(1/n), the familiar 3/n. Each is wrong
once in 20 times at most, so that both hold together in 90 of 100.
"""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95
_STEPS = 200
_ENOUGH = 1e-12

Bounds = tuple[float, float]


def bounds(hits: int, trials: int, confidence: float = CONFIDENCE) -> Bounds:
    """What the share of which `hits` of `trials` were seen is at least, and at most.

    Each is one-sided. Without trials nothing is known: (0, 1). Raises ValueError for impossible
    counts.
    """
    if not 0 <= hits <= trials or not 0 < confidence < 1:
        raise ValueError(f"no bounds for {hits} of {trials} at {confidence}")
    tail = 1 - confidence
    low = 0.0 if hits == 0 else beta_quantile(tail, hits, trials - hits + 1)
    high = 1.0 if hits == trials else beta_quantile(confidence, hits + 1, trials - hits)
    return low, high


def at_least(hits: int, trials: int) -> float:
    """The lower one of `bounds`."""
    return bounds(hits, trials)[0]


def at_most(hits: int, trials: int) -> float:
    """The upper one of `bounds`."""
    return bounds(hits, trials)[1]


def beta_quantile(share: float, a: float, b: float) -> float:
    """x with I_x(a, b) = `share`, by bisection on the distribution function."""
    return _bisect(lambda x: beta_cdf(x, a, b), share)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), a and b above 0, x in 0..1."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    # The continued fraction converges fast on this side of the mean only.
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
        - math.log(a)
    )
    return math.exp(log_front) / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's evaluation of the continued fraction DLMF 8.17.22, of which 1/value is used."""
    tiny = 1e-300
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, 2000):
        m = step // 2
        if step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 + numerator * d
        d = 1.0 / (d if abs(d) > tiny else tiny)
        c = 1.0 + numerator / c
        c = c if abs(c) > tiny else tiny
        value *= c * d
        if abs(c * d - 1.0) < _ENOUGH:
            break
    return value


def _bisect(function: Callable[[float], float], wanted: float) -> float:
    """x in 0..1 where the rising `function` reaches `wanted`."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if function(middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
