"""How the operator's own strangers raise the thresholds: strangers, not pictures, are trials.

A stranger counts by the share of their pictures that reach a threshold, for pictures of one
person resemble each other. Setting thresholds so that k of n strangers pass leaves the bound
`intervals.at_most(k, n)` true: it is the usual distribution-free bound of an order statistic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array, Float32, Levelled
from engine.recognise.calibration import Calibration
from engine.recognise.intervals import bounds
from engine.recognise.scoring import Faces, Gallery

ABOVE = 1e-4
"""How far above a stranger's score the threshold goes: rounding must not let the picture pass."""
_DUST = 1e-9
"""Sums of shares are not exact."""


@dataclass(frozen=True, slots=True, eq=False)
class StrangerSet:
    """Embeddings of strangers' pictures.

    `embeddings` (n, dims) float32 of unit length, `groups` (n,) the stranger that each picture
    shows, an index into `names`. Every stranger has a picture. `levels` (n, 1) if they are known.
    """

    embeddings: Float32
    groups: NDArray[np.intp]
    names: tuple[str, ...]
    levels: Float32 | None = None

    @property
    def faces(self) -> Faces:
        """The embeddings with all that is known of them."""
        if self.levels is None:
            return self.embeddings
        return Levelled(self.embeddings, self.levels)

    def __len__(self) -> int:
        return len(self.names)

    def search(self, gallery: Gallery) -> StrangerScores:
        """How high the best person scores for each picture."""
        return StrangerScores(gallery.search(self.faces).best, self.groups, len(self.names))


@dataclass(frozen=True, slots=True, eq=False)
class StrangerScores:
    """`best` (n,) scores of strangers' pictures, `groups` (n,) whose they are, 0 to strangers."""

    best: Array
    groups: NDArray[np.intp]
    strangers: int

    def hits(self, threshold: float) -> float:
        """Strangers that reach `threshold`: the sum of the shares of their pictures that do."""
        return float(self._weights()[self.best >= threshold].sum())

    def threshold_allowing(self, hits: float) -> float:
        """The lowest threshold that at most `hits` strangers reach; -inf if all may."""
        order = np.argsort(-self.best, kind="stable")
        passed = np.cumsum(self._weights()[order])
        beyond = np.flatnonzero(passed > hits + _DUST)
        return float(self.best[order[beyond[0]]]) + ABOVE if len(beyond) else -math.inf

    def _weights(self) -> NDArray[np.float64]:
        counts = np.bincount(self.groups, minlength=self.strangers)
        return np.asarray(1.0 / counts[self.groups], np.float64)


def whole(hits: float) -> int:
    """A sum of shares as a count for `bounds`: rounded up, to be careful."""
    return math.ceil(hits - _DUST)


def strangers_needed(fpir: float) -> int:
    """How many strangers, none of them named, show at 95 % that at most `fpir` are (3/fpir)."""
    return math.ceil(math.log(0.05) / math.log1p(-fpir) - _DUST)


def corrected(calibration: Calibration, gallery: Gallery, strangers: StrangerSet) -> Calibration:
    """`calibration`, with the thresholds raised of whom the operator's own strangers reach.

    `gallery` has the thresholds of `calibration`. At most the target share of the strangers may
    reach anybody. Nothing is ever lowered: strangers who look unlike the enrolled people prove
    nothing about others.
    """
    count = len(strangers)
    if not count:
        return calibration
    scores = strangers.search(gallery)
    if scores.hits(calibration.threshold) > calibration.fpir * count + _DUST:
        calibration = _raised(calibration, gallery.scores(strangers.faces), scores)
        scores = strangers.search(gallery.with_raised(calibration.raised))
    hits = scores.hits(calibration.threshold)
    low, high = bounds(whole(hits), count)
    return replace(calibration, measured=count, hits=hits, fpir_low=low, fpir_high=high)


def _raised(calibration: Calibration, each: Float32, scores: StrangerScores) -> Calibration:
    """Raise whoever is reached by a picture that may not pass; `each` (n, people) are scores."""
    count = scores.strangers
    passing = scores.threshold_allowing(calibration.fpir * count)
    # For every person, not only the best: the next best is what is left when that one is raised.
    highest = each[scores.best < passing].max(0) + ABOVE - calibration.threshold
    more = np.maximum(highest, 0.0)
    people = int((more > 0).sum())
    note = (
        (
            "{passed:.3g} of your {count} strangers were taken for somebody, so the threshold of "
            "{people} person was raised by {most:.2f}."
        )
        if people == 1
        else (
            "{passed:.3g} of your {count} strangers were taken for somebody, so the thresholds of "
            "{people} people were raised by up to {most:.2f}."
        )
    ).format(
        passed=scores.hits(calibration.threshold),
        count=count,
        people=people,
        most=float(more.max()),
    )
    raised = np.array(calibration.raised) + more
    return replace(calibration, raised=tuple(raised.tolist()), notes=(*calibration.notes, note))
