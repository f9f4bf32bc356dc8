"""The head of recipe `head`: a Keras layer whose weights are the centres of the people.

In the face space a person is a unit vector. The layer's logits are `SCALE` times the cosine of
an embedding to each of them, less what the person's own likeness to the cohort takes off
(`vectors.centre_levels`); one more logit, "nobody", is `SCALE` times the embedding's mean cosine
to the nearest cohort vectors. The difference of the two is exactly the score that recognition
uses, so what training improves is what decides, and one person alone can be trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from engine.model.vectors import Array, Float32, Labels, class_centres, cohort_level, unit

SCALE = 24.0
"""Inverse temperature: a score of 0.1 above nobody's is odds of 11 to 1."""
MARGIN = 0.1
"""Cosine by which the right logit must lead in training (CosFace: Wang et al., CVPR 2018)."""


@keras.saving.register_keras_serializable(package="facedesk")
class CosineLogits(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """Inputs: embeddings (n, d) of unit length, levels (n, 1). Output: logits (n, people + 1).

    The trainable weight `centres` is (people, d); its rows are scaled to length 1 in use. The
    fixed weight `handicaps` (1, people) holds the centres' levels, which move too little in
    training to be followed step by step.
    """

    def __init__(self, people: int, **options: Any) -> None:
        super().__init__(**options)
        self.people = people

    def build(self, shapes: Any) -> None:
        """Make the weight for embeddings of `shapes[0]`."""
        self.centres = self.add_weight(
            shape=(self.people, shapes[0][-1]), initializer="glorot_uniform", name="centres"
        )
        self.handicaps = self.add_weight(
            shape=(1, self.people), initializer="zeros", trainable=False, name="handicaps"
        )

    def call(self, inputs: Any) -> Any:
        """Cosines to every centre less its handicap, then the level, times `SCALE`."""
        embeddings, levels = inputs
        centres = keras.ops.normalize(self.centres, axis=-1)
        cosines = keras.ops.matmul(embeddings, keras.ops.transpose(centres))
        return SCALE * keras.ops.concatenate([cosines - self.handicaps, levels], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "people": self.people}


class MarginCrossEntropy(keras.losses.Loss):  # type: ignore[misc]  # keras has no types
    """Softmax cross-entropy after the right logit was lowered by `MARGIN` (a cosine)."""

    def call(self, labels: Any, logits: Any) -> Any:
        """Labels (n,) or (n, 1) integers, logits (n, people + 1): losses (n,)."""
        labels = tf.cast(tf.reshape(labels, (-1,)), tf.int32)
        lowered = logits - SCALE * MARGIN * tf.one_hot(labels, tf.shape(logits)[-1])
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, lowered)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Embeddings (n, d) with levels (n, 1), labels (n,) and weights (n,). Label k is nobody."""

    embeddings: Float32
    levels: Float32
    labels: Labels
    weights: Float32

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, index: Labels) -> Samples:
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


def build_head(centres: Float32, handicaps: Float32, learning_rate: float) -> keras.Model:
    """The compiled head, its weights at `centres` (people, d) and `handicaps` (1, people)."""
    people, dimensions = centres.shape
    embeddings = keras.Input((dimensions,), name="embeddings")
    levels = keras.Input((1,), name="nobody")
    layer = CosineLogits(people, name="people")
    model = keras.Model([embeddings, levels], layer([embeddings, levels]), name="head")
    layer.set_weights([centres, handicaps])
    model.compile(
        optimizer=keras.optimizers.RMSprop(learning_rate),
        loss=MarginCrossEntropy(),
        jit_compile=False,
    )
    return model


def centres_of(model: keras.Model) -> Float32:
    """The head's centres, of unit length."""
    return unit(model.get_layer("people").get_weights()[0])


def people_samples(embeddings: Array, labels: Labels, cohort: Array, people: int) -> Samples:
    """Samples of enrolled people, every person weighing the same; mean weight 1."""
    embeddings = unit(embeddings)
    counts = np.bincount(labels, minlength=people)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))[labels]
    levels = cohort_level(embeddings @ np.asarray(cohort, np.float32).T)
    return Samples(embeddings, levels, np.asarray(labels), np.asarray(weights, np.float32))


def nobody_samples(cohort: Array, people: int) -> Samples:
    """The cohort as samples of nobody. A vector is not counted as its own neighbour."""
    vectors = unit(cohort)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    labels = np.full(len(vectors), people)
    return Samples(vectors, cohort_level(cosines), labels, np.ones(len(vectors), np.float32))


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
    nobody, in numpy. `threshold` is the score from which on recognition says a name."""
    people = len(centres)
    cosines = samples.embeddings @ centres.T - handicaps
    logits = SCALE * np.concatenate([cosines, samples.levels], 1).astype(np.float64)
    rows = np.arange(len(samples))
    right = logits.argmax(1) == samples.labels
    logits[rows, samples.labels] -= SCALE * MARGIN
    top = logits.max(1)
    losses = np.log(np.exp(logits - top[:, None]).sum(1)) + top - logits[rows, samples.labels]
    enrolled = samples.labels < people
    scores = cosines - samples.levels
    strangers = scores[~enrolled].max(1)
    own = scores[enrolled, samples.labels[enrolled]]
    first = scores[enrolled].argmax(1) == samples.labels[enrolled]
    return Judgement(
        loss=float(np.average(losses, weights=samples.weights)),
        accuracy=float(np.average(right, weights=samples.weights)),
        rank1=float(first.mean()),
        tpir=float((first & (own >= threshold)).mean()),
        separation=float(own.mean() - np.quantile(strangers, 0.99)),
    )


__all__ = [
    "CosineLogits",
    "Judgement",
    "MarginCrossEntropy",
    "Samples",
    "build_head",
    "centres_of",
    "class_centres",
    "joined",
    "judge",
    "nobody_samples",
    "people_samples",
]
