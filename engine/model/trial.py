"""Identification figures on people with known answers: rank-1 and TPIR at an FPIR.

Terms of ISO/IEC 19795-1: TPIR is the share of enrolled people's probes that return the right
person at or above the threshold, FPIR the share of strangers' searches that return anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array

FPIRS = (0.01, 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One gallery's searches: `genuine` (n, p) scores of probes whose person is `labels` (n,),
    `strangers` (s, p) scores, `lost` probes in which no face was found (they count as missed).
    """

    genuine: Array
    labels: NDArray[np.integer]
    strangers: Array
    lost: int = 0

    @property
    def probes(self) -> int:
        """Probes, with those in which no face was found."""
        return len(self.labels) + self.lost

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the best person is the right one."""
        return np.asarray(self.genuine.argmax(1) == self.labels)

    def rank1(self) -> float:
        """Share of probes whose best match is the right person."""
        return float(self.right.sum() / self.probes)

    def threshold_at(self, fpir: float) -> float:
        """The score that the share `fpir` of these very strangers exceeds (rounded down)."""
        best = np.sort(self.strangers.max(1))[::-1]
        return float(best[int(fpir * len(best))])

    def tpir_above(self, threshold: float) -> float:
        """Share of probes that return the right person above `threshold`."""
        return float((self.right & (self.genuine.max(1) > threshold)).sum() / self.probes)

    def fpir_above(self, threshold: float) -> float:
        """Share of strangers that return anybody above `threshold`."""
        return float((self.strangers.max(1) > threshold).mean())

    def tpir_at(self, fpir: float) -> float:
        """TPIR at the threshold that gives `fpir` on these strangers."""
        return self.tpir_above(self.threshold_at(fpir))
