"""The head of recipe `head`: one weight a person, which is the person's centre.

In the face space a person is a unit vector. The logits are `SCALE` times the cosine of an
embedding to each of them, less what the person's own likeness to the cohort takes off
(`vectors.centre_levels`); one more logit, "nobody", is `SCALE` times the embedding's mean cosine
to the nearest cohort vectors. The difference of the two is exactly the score that recognition
uses, so what training improves is what decides, and one person alone can be trained.

One layer without a bias needs no framework: its gradient is two matrix products, and TensorFlow
takes longer to load than this to train.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array, Float32, Labels, Levelled, unit

SCALE = 24.0
"""Inverse temperature: a score of 0.1 above nobody's is odds of 11 to 1."""
MARGIN = 0.1
"""Cosine by which the right logit must lead in training (CosFace: Wang et al., CVPR 2018)."""
DECAY = 0.9
"""Of RMSprop's mean square of the gradient, per step."""
EPSILON = 1e-7


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
    the enrolled only, and `tpir` those of them that are named rightly at the threshold;
    `separation` is the mean score of the right people less the score that one stranger in a
    hundred reaches.
    """

    loss: float
    accuracy: float
    rank1: float
    tpir: float
    separation: float


class Head:
    """The weights while they train by RMSprop (Tieleman and Hinton, 2012).

    They begin at `centres` (people, d). `handicaps` (1, people) are the centres' levels, which move
    too little in training to be followed step by step.
    """

    def __init__(self, centres: Float32, handicaps: Float32, learning_rate: float) -> None:
        self._weights = np.array(centres, np.float32)
        self._handicaps = handicaps
        self._rate = np.float32(learning_rate)
        self._squares = np.zeros_like(self._weights)

    @property
    def centres(self) -> Float32:
        """The weights, of unit length."""
        return unit(self._weights)

    def step(self, samples: Samples) -> None:
        """Go one step against the gradient of the samples' mean weighted loss."""
        slope = gradient(self._weights, self._handicaps, samples)
        self._squares *= np.float32(DECAY)
        self._squares += np.float32(1 - DECAY) * slope * slope
        self._weights -= self._rate * slope / np.sqrt(self._squares + np.float32(EPSILON))


def gradient(weights: Float32, handicaps: Float32, samples: Samples) -> Float32:
    """Gradient (people, d) of the mean of weighted losses by the `weights` (people, d), any length.

    The loss is softmax cross-entropy after the right logit was lowered by `MARGIN`.
    """
    people = len(weights)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    centres = weights / lengths
    logits = np.empty((len(samples), people + 1), np.float32)
    np.matmul(samples.embeddings, centres.T, out=logits[:, :people])
    logits[:, :people] -= handicaps
    logits[:, people:] = samples.levels
    rows = np.arange(len(samples))
    logits[rows, samples.labels] -= np.float32(MARGIN)
    logits *= np.float32(SCALE)
    logits -= logits.max(1, keepdims=True)
    chances = np.exp(logits, out=logits)
    chances /= chances.sum(1, keepdims=True)
    chances[rows, samples.labels] -= 1
    chances *= (np.float32(SCALE / len(samples)) * samples.weights)[:, None]
    towards = chances[:, :people].T @ samples.embeddings
    # Only what turns a centre counts: its length is nothing to the cosine.
    towards -= centres * (towards * centres).sum(1, keepdims=True)
    return np.asarray(towards / lengths, np.float32)


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
    """Both in one, nobody weighing as much as all people together."""
    scale = np.float32(people.weights.sum() / max(nobody.weights.sum(), 1))
    return Samples(
        np.concatenate([people.embeddings, nobody.embeddings]),
        np.concatenate([people.levels, nobody.levels]),
        np.concatenate([people.labels, nobody.labels]),
        np.concatenate([people.weights, nobody.weights * scale]),
    )


def judge(centres: Float32, handicaps: Float32, samples: Samples, threshold: float) -> Judgement:
    """Judge unit `centres` (people, d) with their `handicaps` (1, people) on samples of people and
    nobody. `threshold` is the score from which on recognition says a name."""
    people = len(centres)
    cosines = samples.embeddings @ centres.T - handicaps
    logits = SCALE * np.concatenate([cosines, samples.levels], 1).astype(np.float64)
    rows = np.arange(len(samples))
    right = logits.argmax(1) == samples.labels
    losses = losses_of(logits, samples.labels)
    enrolled = samples.labels < people
    scores = cosines - samples.levels
    strangers = scores[~enrolled].max(1)
    named = samples.labels[enrolled]
    mine = scores[enrolled]
    own = mine[rows[: len(named)], named]
    first = mine.argmax(1) == named
    return Judgement(
        loss=float(np.average(losses, weights=samples.weights)),
        accuracy=float(np.average(right, weights=samples.weights)),
        rank1=float(first.mean()),
        tpir=float((first & (own >= threshold)).mean()),
        separation=float(own.mean() - np.quantile(strangers, 0.99)),
    )


def losses_of(logits: Array, labels: Labels) -> NDArray[np.float64]:
    """Losses (n,) of logits (n, people + 1), already scaled, without the margin; `labels` (n,)."""
    rows = np.arange(len(labels))
    lowered = np.array(logits, np.float64)
    lowered[rows, labels] -= SCALE * MARGIN
    top = lowered.max(1)
    own = lowered[rows, labels]
    return np.asarray(np.log(np.exp(lowered - top[:, None]).sum(1)) + top - own, np.float64)
