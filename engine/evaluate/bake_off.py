"""Ways to recognise, judged alike: the figures of a contestant from its scores alone.

Every contestant gives scores of one set of probes and one set of strangers for the same people.
What the scores are (cosines, probabilities, distances with the sign turned) does not matter for
rank-1 and for the TPIR at an FPIR; the default threshold is each one's own.

How long one face takes: a contestant gains nothing by using more cores, or an idle machine.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.face_space import Space
from engine.model.trial import Trial
from engine.model.vectors import Array, Float32, Labels
from engine.recognise.calibration import Enrolled, kept_from
from engine.recognise.gallery import Gallery
from engine.recognise.threshold import settle

SURE = 0.9
"""The probability at which classifiers of faces are usually believed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant's line. Shares 0..1, NaN without strangers; `megabytes` of 10^6 bytes.

    `tpir` is at the FPIR common to all, the rest with `default` in the name at `threshold`.
    """

    contestant: str
    rank1: float
    tpir: float
    threshold: float
    fpir_at_default: float
    tpir_at_default: float
    milliseconds: float
    megabytes: float

    def to_json(self) -> dict[str, Any]:
        """The line in plain JSON types."""
        return asdict(self)


def judged(
    contestant: str,
    trial: Trial,
    fpir: float,
    threshold: float,
    milliseconds: float,
    megabytes: float,
) -> Row:
    """The line of a contestant whose scores are `trial`, at a common `fpir`.

    An `fpir` of 1, which is all that one single search can show, gives no TPIR.
    """
    strangers = len(trial.strangers) > 0
    return Row(
        contestant=contestant,
        rank1=trial.rank1(),
        tpir=trial.tpir_at(fpir) if strangers and fpir < 1 else math.nan,
        threshold=threshold,
        fpir_at_default=trial.fpir_above(threshold) if strangers else math.nan,
        tpir_at_default=trial.tpir_above(threshold),
        milliseconds=milliseconds,
        megabytes=megabytes,
    )


def measurable_fpir(fpir: float, searches: int) -> float:
    """The FPIR that so many strangers' searches can show: the one asked for, or one of them."""
    if not searches:
        return fpir
    # A trifle more than 1/n, for n times 1/n may come out just below 1.
    return max(fpir, (1 + 1e-9) / searches)


def settled(
    space: Space, centres: Float32, slugs: Sequence[str], fpir: float, enrolled: Enrolled
) -> tuple[Gallery, float]:
    """The gallery of `centres` at the thresholds that training would give it, from the pictures
    that enrol: no probe is looked at."""
    kept = kept_from(space, enrolled, slugs, space.impostors, fpir)
    gallery, calibration = settle(space, Gallery(space, centres, slugs), fpir, kept)
    return gallery, calibration.threshold


def left_out(scores: Array, labels: Labels) -> Float32:
    """The probes' scores (n, people) as those of strangers: each without its own person."""
    without = np.array(scores, np.float32)
    without[np.arange(len(without)), labels] = -np.inf
    return without


def left_out_probabilities(probabilities: Array, labels: Labels) -> Float32:
    """The same for a softmax (n, people): the others' probabilities, made to sum to 1 again.

    That is what the network gives without the output of that person.
    """
    others = np.array(probabilities, np.float64)
    others[np.arange(len(others)), labels] = 0
    sums = others.sum(1, keepdims=True)
    spread = np.full_like(others, 1 / max(others.shape[1] - 1, 1))
    return np.asarray(np.where(sums > 0, others / np.where(sums > 0, sums, 1), spread), np.float32)


FACES = 15
"""Faces that are timed, each alone."""
WARM_UP = 2
"""Faces before them: the first call may compile or load something."""


def milliseconds_a_face(
    work: Callable[[NDArray[np.uint8]], object], crops: NDArray[np.uint8]
) -> float:
    """Median processor time of `work` for one of `crops` (n, 160, 160, 3), n at least 1.

    It counts all threads of the process, so that it is the time that passes on one free core,
    however many cores there are and whatever else they do.
    """
    taken = []
    for place in range(WARM_UP + FACES):
        one = crops[place % len(crops)][None]
        started = time.process_time()
        work(one)
        taken.append((time.process_time() - started) * 1000)
    return statistics.median(taken[WARM_UP:])
