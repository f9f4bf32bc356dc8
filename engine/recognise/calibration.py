"""From "at most this share of strangers may be named" to a threshold.

A stranger's search meets N centres, so with a false match rate FMR(T) of one comparison the
share of strangers' searches that name somebody is FPIR = 1 - (1 - FMR(T))^N (ISO/IEC 19795-1,
comparisons taken as independent). FMR comes from the face space's impostor curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.model.impostors import ImpostorCurve
from engine.model.vectors import Array, Float32, Labels
from engine.recognise.intervals import at_least
from engine.recognise.scoring import Gallery

LEAST_PAIRS = 20
"""Ordered pairs of enrolled people (five people) below which the gallery says nothing."""
BEYOND = 5
"""Pairs that should lie beyond the point at which the gallery is compared with the curve."""
CURVE = "impostor curve"
GALLERY = "impostor curve, raised by the gallery"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold and where it comes from.

    `fpir` is the target, `people` the gallery's size, `source` CURVE or GALLERY, `raised` by how
    much the gallery's own scores moved it, `notes` whole sentences for an operator.
    """

    threshold: float
    fpir: float
    people: int
    source: str
    raised: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OwnImpostors:
    """Scores of enrolled people's pictures for other enrolled people.

    `scores` (s,) float32; `pairs` is the number of ordered pairs of people behind them:
    pictures of one person are near-copies, so pairs, not scores, are the independent trials.
    """

    scores: Float32
    pairs: int


def false_match_rate(people: int, fpir: float) -> float:
    """The rate of false matches of one comparison that gives `fpir` over `people` centres."""
    if people < 1 or not 0 < fpir < 1:
        raise ValueError(f"no threshold for {people} people at an FPIR of {fpir}")
    return -math.expm1(math.log1p(-fpir) / people)


def expected_fpir(curve: ImpostorCurve, people: int, threshold: float) -> float:
    """The share of strangers' searches over `people` centres that reach `threshold`."""
    rate = min(curve.rate(threshold), 1 - 1e-12)
    return -math.expm1(people * math.log1p(-rate))


def threshold_for(curve: ImpostorCurve, people: int, fpir: float) -> float:
    """The score a candidate must reach so that `fpir` of strangers' searches name somebody.

    Rises with the number of people and as `fpir` falls. Raises ValueError unless people is
    positive and fpir inside 0..1.
    """
    return curve.threshold(false_match_rate(people, fpir))


def gallery_impostors(gallery: Gallery, embeddings: Array, labels: Labels) -> OwnImpostors:
    """Every picture's score for every other person of the gallery.

    `embeddings` (n, dims) of enrolled people's pictures, `labels` (n,) their indices in the
    gallery. Training pictures may be among them: no centre here holds any of its own impostors.
    """
    people = np.asarray(labels)
    scores = gallery.scores(embeddings)
    others = scores[people[:, None] != np.arange(len(gallery))[None]]
    return OwnImpostors(others, len(np.unique(people)) * (len(gallery) - 1))


def calibrate(
    curve: ImpostorCurve, people: int, fpir: float, own: OwnImpostors | None = None
) -> Calibration:
    """The threshold for a gallery of `people`, by the shipped curve and corrected by `own`.

    The shipped curve comes from news photographs. Where the gallery's own pictures score
    higher for other people than that curve says, beyond what chance explains at 95 %, the
    threshold is raised by the difference. It is never lowered: few enrolled people who happen
    to look unlike each other prove nothing about strangers.
    """
    shipped = threshold_for(curve, people, fpir)
    if own is None or own.pairs < LEAST_PAIRS or not len(own.scores):
        return Calibration(
            shipped,
            fpir,
            people,
            CURVE,
            notes=(
                "Fewer than five people are enrolled, so their pictures cannot check the "
                "threshold; it rests on the shipped impostor curve alone.",
            ),
        )
    # Compared where the gallery still has enough pairs, as far out as the target allows.
    rate = max(false_match_rate(people, fpir), BEYOND / own.pairs)
    expected = curve.threshold(rate)
    seen = float((own.scores >= expected).mean())
    raised = float(np.quantile(own.scores, 1 - rate)) - expected
    if raised <= 0 or at_least(round(seen * own.pairs), own.pairs) <= rate:
        return Calibration(
            shipped,
            fpir,
            people,
            CURVE,
            notes=(f"{own.pairs} pairs of enrolled people agree with the impostor curve.",),
        )
    return Calibration(
        shipped + raised,
        fpir,
        people,
        GALLERY,
        raised=raised,
        notes=(
            f"Enrolled people reach each other's scores more often than strangers should "
            f"({seen:.1%} instead of {rate:.1%}), so the threshold was raised by {raised:.3f}.",
        ),
    )
