"""Recipe `head`: Keras' `fit` on embeddings. Importing this loads TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from engine.cancel import Cancel
from engine.errors import NoPictures
from engine.events import Emit, EpochDone, Notice
from engine.model import heads
from engine.model.callbacks import Progress
from engine.model.epochs import Arrays, Checkpoint, digest_of
from engine.model.vectors import Float32, Labels, Levelled, centre_levels, class_centres, unit
from engine.settings import TrainingSettings

HELD_COHORT = 0.2
"""Share of the cohort kept out of training, to measure on."""
MOST_STEPS = 64
"""Steps an epoch may take: batches grow beyond the configured size in a large gallery. A step moves
every centre by about the learning rate, so that hundreds an epoch would overshoot within one."""
AT_ONCE = 16
"""Steps between two looks at the token: each alone takes a tenth of what Keras spends around it."""
CENTRES = "centres"
"""Name of the one array of a checkpoint."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadResult:
    """`centres` (people, d) float32 of unit length, to be used in any case.

    `kept_start`: training did not beat the plain class centres, so these are returned,
    `best_epoch` is 0, and `why` says in one sentence what they are better at. `start` and `end`
    judge the plain and the returned centres on the validation pictures (on the training ones if
    there are none) and unseen cohort vectors.
    """

    centres: Float32
    history: tuple[EpochDone, ...]
    best_epoch: int
    kept_start: bool
    why: str
    start: heads.Judgement
    end: heads.Judgement


class PeopleLayer(keras.layers.Layer):  # type: ignore[misc]
    """Embeddings (n, d) and their levels (n, 1) to logits (n, people + 1), see `heads`.

    Its weights are the centres (people, d), of which only the direction counts. `handicaps`
    (1, people) are their levels at the start, which move too little to be followed step by step.
    """

    def __init__(self, centres: Float32, handicaps: Float32) -> None:
        super().__init__(name="people")
        self.centres = self.add_weight(shape=centres.shape, initializer="zeros", name=CENTRES)
        self.centres.assign(centres)
        self._handicaps = handicaps

    def call(self, inputs: Any) -> Any:
        """The logits; nobody's is the last."""
        embeddings, levels = inputs
        centres = keras.ops.transpose(keras.ops.normalize(self.centres, axis=1))
        cosines = keras.ops.matmul(embeddings, centres) - self._handicaps
        return heads.SCALE * keras.ops.concatenate([cosines, levels], axis=1)


class MarginLoss(keras.losses.Loss):  # type: ignore[misc]
    """Softmax cross-entropy after the right logit was lowered by the margin (CosFace)."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Losses (n,) of labels (n,) or (n, 1) and logits (n, people + 1)."""
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        right = keras.ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        lowered = y_pred - heads.SCALE * heads.MARGIN * right
        return keras.ops.sparse_categorical_crossentropy(labels, lowered, from_logits=True)


def head_model(centres: Float32, handicaps: Float32, rate: float, steps: int) -> keras.Model:
    """The head alone, compiled; its layer `people` begins at `centres`."""
    inputs = [keras.Input((centres.shape[1],), name="embeddings"), keras.Input((1,), name="levels")]
    model = keras.Model(inputs, PeopleLayer(centres, handicaps)(inputs), name="head")
    model.compile(
        optimizer=keras.optimizers.RMSprop(rate),
        loss=MarginLoss(),
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
        steps_per_execution=min(steps, AT_ONCE),
        jit_compile=False,
    )
    return model


def train_head(
    train: Levelled,
    labels: Labels,
    validation: Levelled,
    validation_labels: Labels,
    strangers: Levelled,
    settings: TrainingSettings,
    cancel: Cancel,
    emit: Emit,
    people: int | None = None,
    seed: int = 1,
    *,
    threshold: float | Float32,
    checkpoint: Checkpoint | None = None,
) -> HeadResult:
    """Fine-adjust the class centres of `people` enrolled people in the face space.

    `train` (n) and `validation` (v, may be 0) are embeddings, labels are 0..people-1 (every person
    has a training embedding), `strangers` the cohort as `vectors.levelled_cohort` gives it. Starts
    at the plain centres, trains with RMSprop against each other person and the cohort, emits an
    EpochDone an epoch, and keeps the epoch of the lowest validation loss; or goes on from the best
    epoch in `checkpoint`, with a Notice, if a training on the same was cut short. The plain
    centres are used unless training beats them in loss without losing rank-1, separation,
    validation pictures that are named at `threshold`, or unseen cohort vectors that are not (the
    shipped curve's threshold was measured with plain centres); without validation pictures
    nothing shows it, and they are used too, as they are if a stop came before the first epoch was
    over. Raises Cancelled, NoPictures.
    """
    if not len(train):
        raise NoPictures("There are no training pictures", hint="Split the pictures again.")
    people = int(labels.max()) + 1 if people is None else people
    cohort = strangers.rows
    start = class_centres(train.rows, labels, people)
    enrolled = heads.people_samples(train, labels, people)
    nobody = heads.nobody_samples(strangers, people)
    order = np.random.default_rng(seed).permutation(len(nobody))
    held = max(1, round(HELD_COHORT * len(nobody)))
    unseen, negatives = nobody.at(order[:held]), nobody.at(order[held:])
    has_validation = len(validation) > 0
    checked = heads.joined(
        heads.people_samples(validation, validation_labels, people) if has_validation else enrolled,
        unseen,
    )
    samples = heads.joined(enrolled, negatives)
    batch = max(settings.batch, -(-len(samples) // MOST_STEPS))
    steps = -(-len(samples) // batch)
    model = head_model(start, centre_levels(start, cohort), settings.head_rate, steps)

    def centres() -> Float32:
        return unit(np.asarray(model.get_weights()[0]))

    def judged(rows: Float32) -> heads.Judgement:
        return heads.judge(rows, centre_levels(rows, cohort), checked, threshold)

    def figures() -> dict[str, float]:
        found = judged(centres())
        if not has_validation:
            return {"fpir": found.fpir}
        return {
            "val_loss": found.loss,
            "val_accuracy": found.accuracy,
            "tpir": found.tpir,
            "fpir": found.fpir,
        }

    def take() -> Arrays:
        return {CENTRES: centres()}

    run = Progress(settings.epochs, cancel, emit, take, figures, checkpoint)
    run.material = _material(samples, checked, settings, seed)
    if run.resume():
        model.set_weights([run.best.arrays[CENTRES]])
        emit(Notice(text=resumed(run.best.epoch)))
    first = run.best.epoch + 1
    run.fit(
        model,
        _batches(samples, batch, seed),
        None,  # `judge` does it, with the levels of today's centres, in a tenth of Keras' time
        settings.epochs,
        settings.patience_for(settings.epochs),
        first,
        "val_loss" if has_validation else "loss",
        steps,
    )
    cancel.check_cancelled()
    before = judged(start)
    trained = run.best.arrays[CENTRES] if run.best.epoch else start
    after = judged(trained)
    if not has_validation:
        why = "No held-out pictures show what training gained, so plain class centres are used."
    elif not run.best.epoch:
        why = "No epoch was over when training was stopped, so plain class centres are used."
    else:
        why = heads.why_not(after, before)
    return HeadResult(
        centres=start if why else trained,
        history=tuple(run.history),
        best_epoch=0 if why else run.best.epoch,
        kept_start=bool(why),
        why=why,
        start=before,
        end=before if why else after,
    )


def resumed(epoch: int) -> str:
    """What is said of a training that goes on where a killed one left its best epoch."""
    return (
        "A training on the same pictures was cut short: this one goes on from its best epoch, "
        f"{epoch}."
    )


def _batches(samples: heads.Samples, batch: int, seed: int) -> Any:
    """Batches of samples (inputs, labels, weights) without end, in an order drawn anew for each
    epoch. Only their numbers pass one by one, which takes a tenth of the samples' time; and one
    iterator serves all epochs, for to make one takes longer than a small epoch."""
    numbers = tf.data.Dataset.range(len(samples)).shuffle(len(samples), seed=seed)
    held = [
        tf.constant(each)
        for each in (
            samples.embeddings, samples.levels, samples.labels.astype(np.int32), samples.weights
        )
    ]  # fmt: skip

    def taken(chosen: Any) -> Any:
        embeddings, levels, labels, weights = (tf.gather(each, chosen) for each in held)
        return (embeddings, levels), labels, weights

    # Converted, it would leave a file of its source in the temporary folder of a killed process.
    plain = tf.autograph.experimental.do_not_convert(taken)
    return numbers.batch(batch).map(plain).repeat()


def _material(
    samples: heads.Samples, checked: heads.Samples, settings: TrainingSettings, seed: int
) -> str:
    """A digest of all that the weights of an epoch depend on."""
    arrays = (
        array
        for each in (samples, checked)
        for array in (each.embeddings, each.levels, each.labels, each.weights)
    )
    facts = (settings.batch, settings.head_rate, settings.patience, seed, heads.SCALE, heads.MARGIN)
    return digest_of(repr(facts), *arrays)
