"""Recipe `head` by Keras' `fit`, and what both recipes hang on it. Importing this loads TensorFlow.

`Progress` puts our epoch events, the cancel token and the best epoch together with Keras' own
EarlyStopping and ReduceLROnPlateau.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from engine.cancel import Cancel
from engine.contract import Emit, EpochDone, Notice, Warned
from engine.contract.errors import NoPictures
from engine.model import head
from engine.model.epochs import TOLERANCE, Arrays, BestSoFar, Checkpoint, digest_of
from engine.model.vectors import Float32, Labels, Levelled, centre_levels, class_centres, unit
from engine.settings import TrainingSettings

SHRINK = 0.3
"""What the learning rate is multiplied by where the loss stands still."""


class Stopped(Exception):
    """An orderly end was asked for: the epoch under way is dropped. Never leaves `fit_epochs`."""


@dataclass(slots=True)
class Progress:
    """A training under way, over all its phases. `take` gives the arrays to keep of an epoch,
    `judge` the epoch's figures that Keras does not compute itself, by the names of an EpochDone;
    `checkpoint` and `material` are where and as what the best epoch is kept on disk."""

    epochs: int
    cancel: Cancel
    emit: Emit
    take: Callable[[], Arrays]
    judge: Callable[[], Mapping[str, float]] = dict
    checkpoint: Checkpoint | None = None
    material: str = ""
    best: BestSoFar = field(default_factory=BestSoFar)
    history: list[EpochDone] = field(default_factory=list)

    def resume(self) -> bool:
        """Take up the best epoch of a training on the same that was cut short, if there is one;
        emit the epochs up to it again, and say so."""
        found = self.checkpoint.load(self.material) if self.checkpoint is not None else None
        if found is None:
            return False
        arrays, history = found
        last = history[-1]
        loss = last.loss if math.isnan(last.val_loss) else last.val_loss
        self.best.offer(last.epoch, loss, lambda: arrays)
        self.history.extend(history)
        for event in history:
            self.emit(event)
        said = "A training on the same pictures was cut short: this one goes on from its best epoch"
        self.emit(Notice(text=f"{said}, {last.epoch}."))
        return True

    def fit(
        self,
        model: keras.Model,
        data: Any,
        validation: Any | None,
        until: int,
        patience: int,
        first: int,
        monitor: str,
        steps: int | None = None,
    ) -> bool:
        """Train `model` on from epoch `first` (1 is the first) up to epoch `until`.

        `monitor` names the loss that is to fall; `steps` are those of an epoch, where the data do
        not end by themselves. False if a stop cut it short: the epoch under way is dropped. Raises
        Cancelled.
        """
        callbacks = [
            Watch(self),
            # The rate falls before patience is over, else nothing would come of it.
            keras.callbacks.ReduceLROnPlateau(
                monitor, factor=SHRINK, patience=max(1, patience // 2), min_delta=TOLERANCE
            ),
            keras.callbacks.EarlyStopping(monitor, min_delta=TOLERANCE, patience=patience),
        ]
        try:
            model.fit(
                data,
                validation_data=validation,
                initial_epoch=first - 1,
                epochs=until,
                callbacks=callbacks,
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
            )
        except Stopped:
            return False
        return True


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Looks at the token before every batch, those of the validation too. After every epoch emits
    an EpochDone and keeps the best one's arrays, in memory and on disk."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._began = 0.0
        self._rate = math.nan

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Raise Cancelled, or Stopped for an orderly end."""
        self._progress.cancel.check_cancelled()
        if self._progress.cancel.stopping:
            raise Stopped

    on_test_batch_begin = on_train_batch_begin

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Note the time, and the rate that the epoch is trained at."""
        self._began = time.monotonic()
        # The shortest number that is this float32: 0.0001, not 0.00009999999747.
        self._rate = float(str(np.float32(self.model.optimizer.learning_rate)))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Epochs are counted from 0 here, and from 1 everywhere else.

        The figures of `judge` are added to `logs`, where the callbacks after this one find them.
        """
        run, number = self._progress, epoch + 1
        figures = {} if logs is None else logs
        figures.update(run.judge())

        def figure(name: str) -> float:
            return float(figures.get(name, math.nan))

        loss = figure("val_loss" if "val_loss" in figures else "loss")
        better = run.best.offer(number, loss, run.take)
        event = EpochDone(
            epoch=number,
            epochs=run.epochs,
            loss=figure("loss"),
            accuracy=figure("accuracy"),
            val_loss=figure("val_loss"),
            val_accuracy=figure("val_accuracy"),
            learning_rate=self._rate,
            seconds=time.monotonic() - self._began,
            best=run.best.epoch,
            tpir=figure("tpir"),
            fpir=figure("fpir"),
        )
        run.history.append(event)
        if better and run.checkpoint is not None:
            run.checkpoint.save(run.material, run.best.arrays, tuple(run.history))
        run.emit(event)


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

    `why`: training did not beat the plain class centres, so these are returned, `best_epoch` is
    0, and this says what they are better at; else None. `start` and `end`
    judge the plain and the returned centres on the validation pictures (on the training ones if
    there are none) and unseen cohort vectors.
    """

    centres: Float32
    history: tuple[EpochDone, ...]
    best_epoch: int
    why: Warned | None
    start: head.Judgement
    end: head.Judgement


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
        return head.SCALE * keras.ops.concatenate([cosines, levels], axis=1)


class MarginLoss(keras.losses.Loss):  # type: ignore[misc]
    """Softmax cross-entropy after the right logit was lowered by the margin (CosFace)."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Losses (n,) of labels (n,) or (n, 1) and logits (n, people + 1)."""
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        right = keras.ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        lowered = y_pred - head.SCALE * head.MARGIN * right
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
    enrolled = head.people_samples(train, labels, people)
    nobody = head.nobody_samples(strangers, people)
    order = np.random.default_rng(seed).permutation(len(nobody))
    held = max(1, round(HELD_COHORT * len(nobody)))
    unseen, negatives = nobody.at(order[:held]), nobody.at(order[held:])
    has_validation = len(validation) > 0
    checked = head.joined(
        head.people_samples(validation, validation_labels, people) if has_validation else enrolled,
        unseen,
    )
    samples = head.joined(enrolled, negatives)
    batch = max(settings.batch, -(-len(samples) // MOST_STEPS))
    steps = -(-len(samples) // batch)
    model = head_model(start, centre_levels(start, cohort), settings.head_rate, steps)

    def centres() -> Float32:
        return unit(np.asarray(model.get_weights()[0]))

    def judged(rows: Float32) -> head.Judgement:
        return head.judge(rows, centre_levels(rows, cohort), checked, threshold)

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
        why: Warned | None = Warned("no_validation")
    elif not run.best.epoch:
        why = Warned("no_epoch")
    else:
        why = head.why_not(after, before)
    return HeadResult(
        centres=start if why else trained,
        history=tuple(run.history),
        best_epoch=0 if why else run.best.epoch,
        why=why,
        start=before,
        end=before if why else after,
    )


def _batches(samples: head.Samples, batch: int, seed: int) -> Any:
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
    samples: head.Samples, checked: head.Samples, settings: TrainingSettings, seed: int
) -> str:
    """A digest of all that the weights of an epoch depend on."""
    arrays = (
        array
        for each in (samples, checked)
        for array in (each.embeddings, each.levels, each.labels, each.weights)
    )
    # A longer training goes on from a shorter one's best epoch.
    facts = (replace(settings, epochs=1), seed, head.SCALE, head.MARGIN)
    return digest_of(repr(facts), *arrays)
