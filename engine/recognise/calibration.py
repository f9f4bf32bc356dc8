"""From "at most this share of strangers may be named" to a threshold for each person.

A stranger's search meets N centres, so with a false match rate FMR(T) of one comparison the
share of strangers' searches that name somebody is FPIR = 1 - (1 - FMR(T))^N (ISO/IEC 19795-1,
comparisons taken as independent). FMR comes from the face space's impostor curve, which was
measured on photographs of strangers. That gives one threshold T for the gallery.

On top of it every person has a threshold of their own: halfway between T and what their own
pictures score. Whoever was enrolled from a camera scores far above T, and strangers in front of
the same camera score a little above it; the room between is free. Nobody else's pictures lower it.

How sure a share is, wherever one is told: the one-sided bounds of Clopper and Pearson (Biometrika
26, 1934) at 95 %. With k hits in n trials the share is at most the 95 % quantile of the beta
distribution (k + 1, n - k), and at least the 5 % quantile of (k, n - k + 1). Of 0 in n the former
is 1 - 0.05^(1/n), about 3/n. Both hold together in 90 of 100.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.model.face_space import Space
from engine.model.vectors import Array, Float32, ImpostorCurve, Labels, class_centres, cohort_scores

FIFTHS = 5
"""Into how many runs of neighbours a person's pictures are cut to be left out in turn."""
LEAST_PICTURES = 2
"""Pictures of a person below which nothing of theirs can be left out."""
ENOUGH_PICTURES = 5
"""Pictures from which on the low end of their own scores is taken from a person alone."""
LOW = 0.05
"""Share of a person's own scores that lie below their low end."""
SPENT = 0.5
"""Share of the room between T and a person's low end that their threshold crosses."""
USUAL_SPREAD, USUAL_LOW = 0.07, 0.06
"""How far a person's low end lies below their mean own score, and where it lies, where nobody of
the gallery has pictures enough to tell: median and lower quartile over background people."""


@dataclass(frozen=True, slots=True)
class Own:
    """What training found out about one person's pictures, for every later start.

    `pictures` that were enrolled; `mean` and `low` (the 5 % quantile) of their scores, each for a
    centre of the pictures that lie apart from it, None below LEAST_PICTURES; `near` the score that
    other people from the same camera reach for this person, None if there are none.
    """

    pictures: int
    mean: float | None = None
    low: float | None = None
    near: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The threshold of a gallery, and by how much each person's own lies above it.

    `fpir` is the target, `raised` (people,) in the gallery's order. `alone` people have one
    picture, which tells nothing of how they score; `lean` people have fewer than
    ENOUGH_PICTURES, so that their low end follows from others' spread. `measured` of the
    operator's own strangers were searched, `hits` of them (a sum of shares of their pictures) are
    named; `fpir_low` and `fpir_high` are the 95 % bounds of that share, 0 and 1 if nothing was
    measured. `stand_ins` of the enrolled people were searched without themselves in the gallery,
    and `stand_in_hits` of them were named. `sentence` says it to an operator, `brief` in a few
    words, `notes` are further sentences.
    """

    threshold: float
    fpir: float
    people: int
    raised: tuple[float, ...]
    alone: int = 0
    lean: int = 0
    measured: int = 0
    hits: float = 0.0
    fpir_low: float = 0.0
    fpir_high: float = 1.0
    stand_ins: int = 0
    stand_in_hits: float = 0.0
    notes: tuple[str, ...] = ()
    sentence: str = ""
    brief: str = ""

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The score that each person's match must reach."""
        return tuple(self.threshold + more for more in self.raised)


@dataclass(frozen=True, slots=True)
class Kept:
    """What training keeps of the enrolled pictures: `own` by id, and how enrolled people, each
    left out of the gallery, scored against it at training time (see `kept_from`)."""

    own: Mapping[str, Own] = field(default_factory=dict)
    stand_ins: int = 0
    stand_in_hits: float = 0.0


def false_match_rate(people: int, fpir: float) -> float:
    """The rate of false matches of one comparison that gives `fpir` over `people` centres."""
    if people < 1 or not 0 < fpir < 1:
        raise ValueError(f"no threshold for {people} people at an FPIR of {fpir}")
    return -math.expm1(math.log1p(-fpir) / people)


def threshold_for(curve: ImpostorCurve, people: int, fpir: float) -> float:
    """The score a candidate must reach so that `fpir` of strangers' searches name somebody.

    Rises with the number of people and as `fpir` falls. Raises ValueError unless people is
    positive and fpir inside 0..1.
    """
    return curve.threshold(false_match_rate(people, fpir))


def in_turn(cohort: Array, embeddings: Array) -> Float32:
    """Scores of one person's pictures, each for the centre of those that lie apart from it.

    `embeddings` (n, dims) in order of capture to (n,), or to (0,) below LEAST_PICTURES; `cohort`
    (m, dims) is the space's.
    Neighbours are near-copies, so fifths of them are left out and not single pictures.
    """
    number = len(embeddings)
    if number < LEAST_PICTURES:
        return np.empty(0, np.float32)
    block = np.arange(number) * min(FIFTHS, number) // number
    rest = [embeddings[block != left_out] for left_out in range(block[-1] + 1)]
    centres = [class_centres(rows, np.zeros(len(rows), np.int64), 1) for rows in rest]
    scores = cohort_scores(embeddings, np.concatenate(centres), cohort)
    return scores[np.arange(number), block]


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """All enrolled pictures, without augmented views: `embeddings` (n, dims), `labels` (n,) of
    people 0..people-1 who each have one, each person's in order of capture; `sources` (n,) name
    the camera of each, empty for a photograph, and `sessions` (n,) its capture."""

    embeddings: Float32
    labels: Labels
    sources: Sequence[str]
    people: int
    sessions: Sequence[str] = ()

    def of(self, person: int) -> Float32:
        """One person's embeddings."""
        return np.asarray(self.embeddings[self.labels == person], np.float32)


def kept_from(
    space: Space, pictures: Enrolled, ids: Sequence[str], curve: ImpostorCurve, fpir: float
) -> Kept:
    """What training keeps of the enrolled pictures, with the check on stand-ins.

    A stand-in is an enrolled person searched in the gallery without them, at thresholds that
    their own pictures had no part in.
    """
    plain = class_centres(pictures.embeddings, pictures.labels, pictures.people)
    cohort = space.cohort  # held here: the space would make it anew for each person
    scores = cohort_scores(pictures.embeddings, plain, cohort)
    near = _near(pictures, scores)
    own = []
    for person in range(pictures.people):
        mine = in_turn(cohort, pictures.of(person))
        own.append(
            Own(
                int((pictures.labels == person).sum()),
                float(mine.mean()) if len(mine) else None,
                float(np.quantile(mine, LOW)) if len(mine) else None,
                _highest(near[person]),
            )
        )
    hits = 0.0
    others = range(pictures.people)
    for person in others if pictures.people > 1 else ():
        rest = [other for other in others if other != person]
        without = {
            ids[other]: replace(own[other], near=_highest(np.delete(near[other], person)))
            for other in rest
        }
        made = calibrate(curve, fpir, [ids[other] for other in rest], Kept(without))
        reached = scores[pictures.labels == person][:, rest] >= np.array(made.thresholds)
        hits += float(reached.any(1).mean())
    return Kept(
        dict(zip(ids, own, strict=True)), pictures.people if pictures.people > 1 else 0, hits
    )


def _near(pictures: Enrolled, scores: Float32) -> NDArray[np.float64]:
    """How high other people from the same camera score: (people, people), row by row for whom;
    NaN for those from no camera of theirs. It is what nearly all of their pictures stay below."""
    where = np.array(list(pictures.sources), object)
    near = np.full((pictures.people, pictures.people), np.nan)
    for person in range(pictures.people):
        cameras = set(where[pictures.labels == person]) - {""}
        same = np.isin(where, list(cameras)) & (pictures.labels != person)
        for other in np.unique(pictures.labels[same]) if cameras else ():
            reached = scores[same & (pictures.labels == other), person]
            near[person, other] = float(np.quantile(reached, 1 - LOW))
    return near


def _highest(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else None


def calibrate(
    curve: ImpostorCurve, fpir: float, ids: Sequence[str], kept: Kept | None = None
) -> Calibration:
    """The thresholds of a gallery of `ids` for the dial `fpir`.

    People of whom `kept` says nothing are taken to score as others do.
    """
    threshold = threshold_for(curve, len(ids), fpir)
    own = [kept.own.get(id, Own(0)) if kept else Own(0) for id in ids]
    usual = _usual(own)
    raised = tuple(_raised(threshold, each, usual) for each in own)
    return Calibration(
        threshold,
        fpir,
        len(ids),
        raised,
        alone=sum(each.mean is None for each in own),
        lean=sum(each.mean is not None and each.pictures < ENOUGH_PICTURES for each in own),
        stand_ins=kept.stand_ins if kept else 0,
        stand_in_hits=kept.stand_in_hits if kept else 0.0,
    )


def low_end(own: Own, usual: tuple[float, float]) -> float:
    """The score that nearly all of a person's pictures reach, as far as they tell; `usual` are
    the spread and the low end of others, for who has few pictures, or one."""
    spread, low = usual
    if own.mean is None or own.low is None:
        return low
    return own.low if own.pictures >= ENOUGH_PICTURES else min(own.low, own.mean - spread)


def _usual(own: Sequence[Own]) -> tuple[float, float]:
    """How far low ends lie below means, and where they lie: medians over those with pictures
    enough. One picture of somebody is never asked for more than USUAL_LOW: others may be enrolled
    from a camera, and score higher than photographs ever do."""
    seen = [
        (each.mean - each.low, each.low)
        for each in own
        if each.mean is not None and each.low is not None and each.pictures >= ENOUGH_PICTURES
    ]
    if not seen:
        return USUAL_SPREAD, USUAL_LOW
    spread, low = np.median(seen, axis=0).tolist()
    return spread, min(low, USUAL_LOW)


def _raised(threshold: float, own: Own, usual: tuple[float, float]) -> float:
    low = low_end(own, usual)
    raised = SPENT * (low - threshold)
    if own.near is not None:
        # Others before the same camera are what strangers there look like; but whom this
        # person's own pictures do not surpass is a twin, or the same person enrolled twice.
        raised = max(raised, min(own.near, low) - threshold)
    return max(0.0, raised)


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
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if beta_cdf(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


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
