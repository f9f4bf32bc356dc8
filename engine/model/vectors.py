"""Vector maths of the face space, each formula once: fitting, training and live use share it.

Nothing here knows about files or models. All arrays are rows of vectors; results are float32. An
impostor curve maps a false match rate (share of single comparisons of a stranger with somebody's
centre that score at least T) to the threshold T, and back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAREST = 10
"""Cohort vectors whose mean cosine is subtracted from every score."""
CENTRE_SHARE = 0.25
"""Share of a centre's own likeness to the cohort that is subtracted too."""
BLOCK = 1000
"""Rows that are compared with the whole cohort at once."""

Array = NDArray[np.floating[Any]]
Float32 = NDArray[np.float32]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Levelled:
    """Embeddings `rows` (n, d) float32 of unit length, with `levels` (n, 1), see `cohort_level`.

    A row's level takes more arithmetic than all scores of a small gallery, and depends on the
    face space alone: whoever keeps embeddings keeps it with them.
    """

    rows: Float32
    levels: Float32

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, index: Any) -> Levelled:
        """These rows."""
        return Levelled(self.rows[index], self.levels[index])


def levelled(embeddings: Array, cohort: Array) -> Levelled:
    """Embeddings (n, d) of unit length with their levels against `cohort` (m, d)."""
    rows = np.asarray(embeddings, np.float32)
    return Levelled(rows, cohort_level(rows @ np.asarray(cohort, np.float32).T))


def levelled_cohort(cohort: Array) -> Levelled:
    """Cohort vectors (m, d) with their levels; none is counted as its own neighbour."""
    vectors = unit(cohort)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    return Levelled(vectors, cohort_level(cosines))


def stacked(parts: Sequence[Levelled], dims: int) -> Levelled:
    """Several as one; none (0, dims) of no parts."""
    if not parts:
        return Levelled(np.empty((0, dims), np.float32), np.empty((0, 1), np.float32))
    return Levelled(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.levels for part in parts]),
    )


def unit(rows: Array) -> Float32:
    """`rows` (..., d) scaled to length 1; a row of zeros stays zero."""
    rows = np.asarray(rows, np.float32)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, np.finfo(np.float32).tiny), np.float32)


def normalised(features: Array, mean: Float32, rooted: bool, parts: Sequence[int] = ()) -> Float32:
    """Features (n, k) less `mean` (k,) and of length 1, as a face space takes them.

    `rooted`: of the signed square root, the power normalisation of Perronnin, Sanchez and Mensink
    (ECCV 2010): it keeps VGG16's few channels that fire strongly from ruling the distance.
    `parts` are then the lengths of pieces of a row that are scaled to length 1 each by itself (the
    blocks of a network differ in size); the whole row if empty. A network that was trained so
    that distances tell people apart has spread its values already.
    """
    centred = np.asarray(features, np.float32) - mean
    if not rooted:
        return unit(centred)
    root = np.copysign(np.sqrt(np.abs(centred)), centred)
    cuts = np.cumsum(parts)[:-1]
    return np.concatenate([unit(piece) for piece in np.split(root, cuts, axis=1)], axis=1)


def class_means(rows: Array, labels: Labels, classes: int) -> Float32:
    """Plain mean of each class: (n, d) and (n,) labels in 0..classes-1 to (classes, d).

    Raises ValueError if a class has no row.
    """
    counts = np.bincount(labels, minlength=classes)
    if len(counts) != classes or not counts.all():
        raise ValueError(f"labels must cover 0..{classes - 1}, each at least once")
    order = np.argsort(labels, kind="stable")
    pieces = np.split(rows[order], np.cumsum(counts)[:-1])
    return np.asarray([piece.mean(0, dtype=np.float64) for piece in pieces], np.float32)


def class_centres(embeddings: Array, labels: Labels, classes: int) -> Float32:
    """The centre of each enrolled person: unit-length mean of her unit-length embeddings.

    (n, d) and (n,) labels in 0..classes-1 to (classes, d) float32. Raises ValueError if a class
    has no embedding. Training, calibration and live recognition all take centres from here.
    """
    return unit(class_means(unit(embeddings), labels, classes))


def cohort_level(cosines: Array) -> Float32:
    """Mean of the NEAREST largest cosines of each row: (n, m) to (n, 1)."""
    nearest = min(NEAREST, cosines.shape[1])
    top = np.partition(cosines, -nearest, axis=1)[:, -nearest:]
    return np.asarray(top.mean(1, keepdims=True, dtype=np.float32), np.float32)


def cohort_scores(embeddings: Array, centres: Array, cohort: Array) -> Float32:
    """Score of each embedding for each centre: (n, d), (p, d), (m, d) unit rows to (n, p).

    Cosine to the centre minus the mean cosine of the face to the NEAREST cohort vectors, minus
    CENTRE_SHARE of the same of the centre (normalisation on both sides without the variances,
    after Sturim and Reynolds, ICASSP 2005, and Cumani et al., Interspeech 2011): a face that looks
    like many strangers, or a person who does, needs more likeness.
    """
    rows, others = np.asarray(embeddings, np.float32), np.asarray(cohort, np.float32).T
    level = cohort_level(rows @ others) + centre_levels(centres, cohort)
    return np.asarray(rows @ np.asarray(centres, np.float32).T - level, np.float32)


def centre_levels(centres: Array, cohort: Array) -> Float32:
    """What every score for a centre is lowered by: centres (p, d), cohort (m, d) to (1, p)."""
    rows, others = np.asarray(centres, np.float32), np.asarray(cohort, np.float32).T
    # In blocks: all cosines of 50,000 people to the cohort would take 840 MB.
    blocks = [
        cohort_level(rows[start : start + BLOCK] @ others)
        for start in range(0, max(len(rows), 1), BLOCK)
    ]
    return np.asarray(CENTRE_SHARE * np.concatenate(blocks).T, np.float32)


STEP_BLOCK, SMALL_BLOCK = 1024, 256
"""Rows that are float32 at a time: few enough to stay in the processor's cache. The face space's
product takes as long as from float32 in memory, which has four times as much to read. For the
faces of a frame small blocks take 0.75 of the time, and 0.2 for four faces; for the dozens of a
training they take 1.3."""
FEW = 8
"""Vectors up to which blocks are small."""


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """A matrix (k, d): `steps` int8 (k, d), each column in its own unit `scale` float32 (d,).

    `rows @ matrix` is float32, `np.asarray(matrix)` all of it in float32.
    """

    steps: NDArray[np.int8]
    scale: Float32

    __array_ufunc__ = None  # NumPy leaves `rows @ matrix` to this class.

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.steps.shape
        return rows, columns

    def __rmatmul__(self, rows: Array) -> Float32:
        """Rows (n, k) to (n, d)."""
        product = np.zeros((len(rows), self.shape[1]), np.float32)
        at_once = SMALL_BLOCK if len(rows) <= FEW else STEP_BLOCK
        for start in range(0, len(self.steps), at_once):
            block = self.steps[start : start + at_once].astype(np.float32)
            product += rows[:, start : start + len(block)] @ block
        product *= self.scale
        return product

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.steps.astype(np.float32) * self.scale, dtype)


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
