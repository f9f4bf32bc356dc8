"""How the operator's own strangers correct the threshold: strangers, not pictures, are trials.

A stranger counts by the share of their pictures that reach the threshold, for pictures of one
person resemble each other. Setting a threshold so that k of n strangers pass leaves the bound
`intervals.at_most(k, n)` true: it is the usual distribution-free bound of an order statistic.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.i18n import _
from engine.model.vectors import Array, Float32, Levelled
from engine.recognise.calibration import MARGIN, STRANGERS, Calibration
from engine.recognise.intervals import at_most, clopper_pearson
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
    """A sum of shares as a count for an interval: rounded up, to be careful."""
    return math.ceil(hits - _DUST)


def strangers_needed(fpir: float) -> int:
    """How many strangers, none of them named, show at 95 % that at most `fpir` are (3/fpir)."""
    return math.ceil(math.log(0.05) / math.log1p(-fpir) - _DUST)


def corrected(calibration: Calibration, scores: StrangerScores) -> Calibration:
    """`calibration`, moved to where the operator's own strangers say that it belongs.

    The halfway margin stands in for strangers of one's own, so it yields to the lowest threshold
    at which they show, at 95 %, that at most the target passes; never below the shipped curve's
    with what the gallery added. A threshold that more than the target of them reach is raised
    until at most that many do: being more careful needs no proof. Without strangers nothing
    changes.
    """
    count = scores.strangers
    if not count:
        return calibration
    made = _margin_yields(calibration, scores) if calibration.source == MARGIN else calibration
    if scores.hits(made.threshold) > calibration.fpir * count + _DUST:
        made = _raised(made, scores)
    hits = scores.hits(made.threshold)
    low, high = clopper_pearson(whole(hits), count)
    return replace(made, measured=count, hits=hits, fpir_low=low, fpir_high=high)


def _margin_yields(calibration: Calibration, scores: StrangerScores) -> Calibration:
    """Take back as much of the halfway margin as the strangers allow."""
    count, fpir = scores.strangers, calibration.fpir
    needed = strangers_needed(fpir)
    if count < needed:
        note = _(
            "Own strangers: {count}. From {needed} on they can take the place of the "
            "halfway margin; until then it stays."
        ).format(count=count, needed=needed)
        return replace(calibration, notes=(*calibration.notes, note))
    allowed = bisect_right(range(count), fpir, key=lambda hits: at_most(hits, count)) - 1
    floor = calibration.threshold - calibration.raised + calibration.kept.raised
    lowest = max(floor, scores.threshold_allowing(allowed))
    if lowest >= calibration.threshold:
        return calibration
    note = _(
        "{count} strangers of your own show that less is enough: the threshold came "
        "down from {threshold:.2f} to {lowest:.2f}."
    ).format(count=count, threshold=calibration.threshold, lowest=lowest)
    return _moved(calibration, lowest, note)


def _raised(calibration: Calibration, scores: StrangerScores) -> Calibration:
    """Raise the threshold until at most the target of the strangers reach it."""
    count, before = scores.strangers, calibration.threshold
    threshold = scores.threshold_allowing(calibration.fpir * count)
    passed = scores.hits(before)
    note = _(
        "{passed:.3g} of {count} strangers of your own reached the threshold, more "
        "than {fpir:.3g} of them, so it was raised from {before:.2f} to "
        "{threshold:.2f}."
    ).format(passed=passed, count=count, fpir=calibration.fpir, before=before, threshold=threshold)
    lost, lost_before = calibration.kept.lost(threshold), calibration.kept.lost(before)
    if lost is not None and lost_before is not None:
        note += " " + _(
            "Of the enrolled people's held-out pictures {lost:.0%} now score below it, "
            "before it were {lost_before:.0%}."
        ).format(lost=lost, lost_before=lost_before)
    return _moved(calibration, threshold, note)


def _moved(calibration: Calibration, threshold: float, note: str) -> Calibration:
    return replace(
        calibration,
        threshold=threshold,
        raised=calibration.raised + threshold - calibration.threshold,
        source=STRANGERS,
        notes=(*calibration.notes, note),
    )
