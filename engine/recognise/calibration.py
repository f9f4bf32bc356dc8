"""From "at most this share of strangers may be named" to a threshold.

A stranger's search meets N centres, so with a false match rate FMR(T) of one comparison the
share of strangers' searches that name somebody is FPIR = 1 - (1 - FMR(T))^N (ISO/IEC 19795-1,
comparisons taken as independent). FMR comes from the face space's impostor curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from engine.i18n import _
from engine.model.face_space import FaceSpace
from engine.model.impostors import ImpostorCurve
from engine.model.vectors import Array, Float32, Labels, class_centres, cohort_scores
from engine.recognise.intervals import at_least
from engine.recognise.scoring import Faces, Gallery

LEAST_PAIRS = 20
"""Ordered pairs of enrolled people (five people) below which the gallery says nothing."""
BEYOND = 5
"""Pairs that should lie beyond the point at which the gallery is compared with the curve."""
LEAST_HELD_OUT = 5
"""Held-out pictures of a person below which all of hers are held out in turn instead."""
LEAST_PICTURES = 3
"""Pictures of a person below which nothing of hers can be held out."""
BLOCKS = 4
"""Into how many runs of neighbours a person's pictures are cut to be held out in turn."""
SPENT = 0.5
"""Share of the gap between strangers and enrolled people that the threshold crosses."""
CURVE = "impostor curve"
GALLERY = "impostor curve, raised by the gallery"
MARGIN = "impostor curve, raised towards the enrolled people"
STRANGERS = "own strangers"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the enrolled people's pictures say about the threshold; training keeps it for later.

    `raised` by how much their scores for each other raise the shipped curve's threshold, with a
    sentence `note`; `weakest` see `weakest_genuine`, measured on the parts of the split in
    `held_out`; `genuine` up to 101 quantiles, rising, of held-out pictures' own scores.
    """

    raised: float = 0.0
    note: str = ""
    weakest: float | None = None
    held_out: tuple[str, ...] = ()
    genuine: tuple[float, ...] = ()

    def lost(self, threshold: float) -> float | None:
        """Share of held-out pictures that score below `threshold`; None if not known."""
        return float(np.mean(np.array(self.genuine) < threshold)) if self.genuine else None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold and where it comes from.

    `fpir` is the target, `people` the gallery's size, `source` CURVE, GALLERY, MARGIN or
    STRANGERS, `raised` by how much it lies above the shipped curve's, `notes` sentences for an
    operator. `measured` of the operator's own strangers were searched, `hits` of them (a sum of
    shares of their pictures) reach the threshold; `fpir_low` and `fpir_high` are the 95 %
    Clopper-Pearson interval of that share, 0 and 1 if nothing was measured. `sentence` says it
    to an operator, `brief` in a few words.
    """

    threshold: float
    fpir: float
    people: int
    source: str
    raised: float = 0.0
    notes: tuple[str, ...] = ()
    kept: Kept = field(default_factory=Kept)
    measured: int = 0
    hits: float = 0.0
    fpir_low: float = 0.0
    fpir_high: float = 1.0
    sentence: str = ""
    brief: str = ""


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


def gallery_impostors(gallery: Gallery, embeddings: Faces, labels: Labels) -> OwnImpostors:
    """Every picture's score for every other person of the gallery.

    `embeddings` (n, dims) of enrolled people's pictures, `labels` (n,) their indices in the
    gallery. Training pictures may be among them: no centre here holds any of its own impostors.
    """
    people = np.asarray(labels)
    scores = gallery.scores(embeddings)
    others = scores[people[:, None] != np.arange(len(gallery))[None]]
    return OwnImpostors(others, len(np.unique(people)) * (len(gallery) - 1))


def weakest_genuine(
    space: FaceSpace,
    gallery: Gallery,
    held_out: tuple[Faces, Labels],
    pictures: tuple[Array, Labels],
) -> float | None:
    """The score that 95 % of a person's unseen pictures reach for her, for whom it is least.

    Both are embeddings (n, dims) with labels (n,), indices in the gallery: `held_out` made no
    centre; `pictures` are all that are enrolled, without augmented views, each person's in order
    of capture. Who has fewer than LEAST_HELD_OUT of the former is measured by `in_turn`; who has
    fewer than LEAST_PICTURES cannot be and does not count. None if nobody counts.
    """
    unseen, weakest = own_scores(gallery, *held_out), []
    for person in range(len(gallery)):
        own = unseen[held_out[1] == person]
        if len(own) < LEAST_HELD_OUT:
            own = in_turn(space, pictures[0][pictures[1] == person])
        if len(own):
            weakest.append(float(np.quantile(own, 0.05)))
    return min(weakest, default=None)


def in_turn(space: FaceSpace, embeddings: Array) -> Float32:
    """Scores of one person's pictures, each for the centre of those that lie apart from it.

    `embeddings` (n, dims) in order of capture to (n,), or to (0,) below LEAST_PICTURES.
    Neighbours are near-copies, so blocks of them are left out and not single pictures.
    """
    number = len(embeddings)
    if number < LEAST_PICTURES:
        return np.empty(0, np.float32)
    block = np.arange(number) * min(BLOCKS, number) // number
    rest = [embeddings[block != left_out] for left_out in range(block[-1] + 1)]
    centres = [class_centres(rows, np.zeros(len(rows), np.int64), 1) for rows in rest]
    scores = cohort_scores(embeddings, np.concatenate(centres), space.cohort)
    return scores[np.arange(number), block]


def genuine_quantiles(gallery: Gallery, embeddings: Faces, labels: Labels) -> tuple[float, ...]:
    """Up to 101 quantiles, rising, of held-out pictures' scores for their own person."""
    own = own_scores(gallery, embeddings, labels)
    if not len(own):
        return ()
    shares = np.linspace(0, 1, min(len(own), 101))
    return tuple(round(float(score), 5) for score in np.quantile(own, shares))


def own_scores(gallery: Gallery, embeddings: Faces, labels: Labels) -> Float32:
    """Each picture's score for its own person: (n, dims) and labels (n,) to (n,)."""
    return gallery.scores(embeddings)[np.arange(len(labels)), labels]


def calibrate(
    curve: ImpostorCurve,
    people: int,
    fpir: float,
    own: OwnImpostors | None = None,
    weakest: float | None = None,
    held_out: tuple[str, ...] = (),
    genuine: tuple[float, ...] = (),
) -> Calibration:
    """The threshold for a gallery of `people`: the shipped curve's, raised where that is due.

    The shipped curve comes from news photographs, and two things raise the threshold above it.
    `own`: the gallery's own pictures score higher for other people than the curve says, beyond
    what chance explains at 95 %. `weakest` (see `weakest_genuine`): the enrolled people score
    so high that the threshold can go halfway to them; strangers in front of the same camera
    resemble the enrolled people more than the curve's strangers do, and that margin is free.
    It is never lowered: few people who look unlike each other prove nothing about strangers.
    `held_out` and `genuine` are kept for later, see `Kept`.
    """
    raised, note = _raised_by_own(curve, people, fpir, own)
    return from_kept(curve, people, fpir, Kept(raised, note, weakest, held_out, genuine))


def from_kept(curve: ImpostorCurve, people: int, fpir: float, kept: Kept) -> Calibration:
    """`calibrate` from what training kept, for the gallery and the dial of today."""
    shipped = threshold_for(curve, people, fpir)
    raised, notes = kept.raised, [kept.note] if kept.note else []
    source = GALLERY if raised else CURVE
    margin = 0.0 if kept.weakest is None else SPENT * (kept.weakest - shipped)
    if kept.weakest is not None and margin > raised:
        raised, source = margin, MARGIN
        notes.append(
            _(
                "The enrolled people's own held-out pictures score {weakest:.2f} and more, so "
                "the threshold went halfway there, from {before:.2f} to {after:.2f}."
            ).format(weakest=kept.weakest, before=shipped, after=shipped + margin)
        )
        if len(kept.held_out) > 1:
            notes.append(
                _(
                    "Somebody has fewer than {least_held_out} validation pictures, so the test "
                    "pictures took part in setting the threshold; figures on them are optimistic."
                ).format(least_held_out=LEAST_HELD_OUT)
            )
    return Calibration(shipped + raised, fpir, people, source, raised, tuple(notes), kept)


def _raised_by_own(
    curve: ImpostorCurve, people: int, fpir: float, own: OwnImpostors | None
) -> tuple[float, str]:
    """By how much the gallery's own impostor scores raise the threshold, and a sentence."""
    if own is None or own.pairs < LEAST_PAIRS or not len(own.scores):
        return 0.0, (
            _(
                "Fewer than five people are enrolled, so their pictures cannot check the "
                "threshold against each other; it rests on the shipped impostor curve."
            )
        )
    # Compared where the gallery still has enough pairs, as far out as the target allows.
    rate = max(false_match_rate(people, fpir), BEYOND / own.pairs)
    expected = curve.threshold(rate)
    seen = float((own.scores >= expected).mean())
    raised = float(np.quantile(own.scores, 1 - rate)) - expected
    if raised <= 0 or at_least(round(seen * own.pairs), own.pairs) <= rate:
        return 0.0, _("{pairs} pairs of enrolled people agree with the impostor curve.").format(
            pairs=own.pairs
        )
    return raised, (
        _(
            "Enrolled people reach each other's scores more often than strangers should "
            "({seen:.1%} instead of {rate:.1%}), so the threshold was raised by "
            "{raised:.3f}."
        ).format(seen=seen, rate=rate, raised=raised)
    )
