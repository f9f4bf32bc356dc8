"""What the head of recipe `head` is trained and judged on. Needs no TensorFlow: `training` does.

In the face space a person is a unit vector. The logits are `SCALE` times the cosine of an
embedding to each of them, less what the person's own likeness to the cohort takes off
(`vectors.centre_levels`); one more logit, "nobody", is `SCALE` times the embedding's mean cosine
to the nearest cohort vectors. The difference of the two is exactly the score that recognition
uses, so what training improves is what decides, and one person alone can be trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.events_base import Warned
from engine.model.epochs import TOLERANCE
from engine.model.vectors import Array, Float32, Labels, Levelled, unit

SCALE = 24.0
"""Inverse temperature: a score of 0.1 above nobody's is odds of 11 to 1."""
MARGIN = 0.1
"""Cosine by which the right logit must lead in training (CosFace: Wang et al., CVPR 2018)."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Embeddings (n, d) with levels (n, 1), labels (n,) and weights (n,). Label k is nobody."""

    embeddings: Float32
    levels: Float32
    labels: Labels
    weights: Float32

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, index: Labels | slice) -> Samples:
        """These rows."""
        return Samples(
            self.embeddings[index], self.levels[index], self.labels[index], self.weights[index]
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """How good centres are on some samples.

    `loss` and `accuracy` count enrolled people and nobody alike, each in equal weight; `rank1`
    the enrolled only, and `tpir` those of them that are named rightly at the threshold; `fpir`
    is the share of nobody's samples that are given a name; `separation` is the score that 19 of 20
    enrolled samples reach with the right person, less what one stranger in a hundred reaches.
    """

    loss: float
    accuracy: float
    rank1: float
    tpir: float
    fpir: float
    separation: float


def people_samples(placed: Levelled, labels: Labels, people: int) -> Samples:
    """Samples of enrolled people, every person weighing the same; mean weight 1."""
    counts = np.bincount(labels, minlength=people)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))[labels]
    return Samples(
        unit(placed.rows), placed.levels, np.asarray(labels), np.asarray(weights, np.float32)
    )


def nobody_samples(strangers: Levelled, people: int) -> Samples:
    """The cohort (see `vectors.levelled_cohort`) as samples of nobody."""
    labels = np.full(len(strangers), people)
    return Samples(strangers.rows, strangers.levels, labels, np.ones(len(labels), np.float32))


def joined(people: Samples, nobody: Samples) -> Samples:
    """Both in one, nobody weighing as much as all people together; mean weight 1."""
    half = np.float32((len(people) + len(nobody)) / 2)
    weights = [
        each.weights * (half / max(each.weights.sum(), np.float32(1))) for each in (people, nobody)
    ]
    return Samples(
        np.concatenate([people.embeddings, nobody.embeddings]),
        np.concatenate([people.levels, nobody.levels]),
        np.concatenate([people.labels, nobody.labels]),
        np.concatenate(weights).astype(np.float32),
    )


def judge(
    centres: Float32, handicaps: Float32, samples: Samples, threshold: float | Float32
) -> Judgement:
    """Judge unit `centres` (people, d) with their `handicaps` (1, people) on samples of people and
    nobody. `threshold` is the score from which on recognition says a name: one for all, or one a
    person (people,)."""
    people = len(centres)
    cosines = samples.embeddings @ centres.T - handicaps
    logits = SCALE * np.concatenate([cosines, samples.levels], 1).astype(np.float64)
    right = logits.argmax(1) == samples.labels
    enrolled = samples.labels < people
    scores = cosines - samples.levels
    needed = np.broadcast_to(np.asarray(threshold, np.float32), (people,))
    strangers = scores[~enrolled]
    named = samples.labels[enrolled]
    mine = scores[enrolled]
    own = mine[np.arange(len(named)), named]
    first = mine.argmax(1) == named
    return Judgement(
        loss=float(np.average(losses_of(logits, samples.labels), weights=samples.weights)),
        accuracy=float(np.average(right, weights=samples.weights)),
        rank1=float(first.mean()),
        tpir=float((first & (own >= needed[named])).mean()),
        fpir=float((strangers >= needed).any(1).mean()),
        separation=float(np.quantile(own, 0.05) - np.quantile(strangers.max(1), 0.99)),
    )


def losses_of(logits: Array, labels: Labels) -> NDArray[np.float64]:
    """Losses (n,) of logits (n, people + 1), already scaled, without the margin; `labels` (n,)."""
    rows = np.arange(len(labels))
    lowered = np.array(logits, np.float64)
    lowered[rows, labels] -= SCALE * MARGIN
    top = lowered.max(1)
    own = lowered[rows, labels]
    return np.asarray(np.log(np.exp(lowered - top[:, None]).sum(1)) + top - own, np.float64)


def why_not(after: Judgement, before: Judgement) -> Warned | None:
    """Why trained centres, judged `after`, are not to take the place of the plain class centres,
    judged `before` on the same samples; None if they are."""
    for share in ("rank1", "tpir", "fpir"):
        old, new = getattr(before, share), getattr(after, share)
        if new > old if share == "fpir" else new < old:
            return Warned(share, "", _percents(old, new))
    if after.separation < before.separation:
        return Warned("separation", "", tuple(f"{each.separation:.3f}" for each in (before, after)))
    if after.loss < before.loss - TOLERANCE:
        return None
    return Warned("loss", "", tuple(f"{each.loss:.4f}" for each in (before, after)))


def _percents(old: float, new: float) -> tuple[str, ...]:
    """Two different shares in percent, with as many digits as tell them apart."""
    for digits in range(3):
        texts = f"{100 * old:.{digits}f} %", f"{100 * new:.{digits}f} %"
        if texts[0] != texts[1]:
            break
    return texts
