"""Both recipes' training loops: generators that yield an event an epoch and return the result.

The loops are our own and not `Model.fit`: a token is looked at before every batch, validation
included, so that nobody waits for more than one batch. A cancel raises Cancelled; a stop ends the
epochs, drops the one under way, and the result is the best of those before it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import keras
import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.config import TrainingSettings
from engine.errors import NoPictures, TooFewPeople
from engine.events import EpochDone
from engine.i18n import _
from engine.model import classic, heads
from engine.model.vectors import Array, Float32, Labels, centre_levels, class_centres
from engine.model.weights import Weights

Snapshot = TypeVar("Snapshot")

HELD_COHORT = 0.2
"""Share of the cohort kept out of training, to measure on."""
TOLERANCE = 1e-4
"""A loss must fall by more than this to count as better."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadResult:
    """`centres` (people, d) float32 of unit length, to be used in any case.

    `kept_start`: training did not beat the plain class centres, so these are returned and
    `best_epoch` is 0. `start` and `end` judge the plain and the returned centres on the
    validation pictures (on the training ones if there are none) and unseen cohort vectors.
    """

    centres: Float32
    history: tuple[EpochDone, ...]
    best_epoch: int
    kept_start: bool
    start: heads.Judgement
    end: heads.Judgement


@dataclass(frozen=True, slots=True, eq=False)
class ClassicResult:
    """`arrays` rebuild the best epoch's network with `classic.ClassicModel`.

    `tuned`: the best epoch was one with block5 fine-tuned, and `arrays` hold that block too.
    """

    arrays: dict[str, NDArray[np.float32]]
    history: tuple[EpochDone, ...]
    best_epoch: int
    tuned: bool


@dataclass(slots=True)
class BestSoFar(Generic[Snapshot]):
    """Best checkpoint and early stopping: remembers the epoch with the lowest loss.

    Patience is kept below the number of epochs, or stopping early could never happen.
    """

    epochs: int
    patience: int
    epoch: int = 0
    loss: float = math.inf
    snapshot: Snapshot | None = None
    _last: int = field(default=0, init=False)

    def update(self, epoch: int, loss: float, snapshot: Snapshot) -> None:
        """Report an epoch, counted from 1. A loss that is not a number is never the best."""
        self._last = epoch
        if self.epoch == 0 or loss < self.loss - TOLERANCE:
            self.epoch, self.snapshot = epoch, snapshot
            self.loss = loss if math.isfinite(loss) else math.inf

    @property
    def exhausted(self) -> bool:
        """Whether `patience` epochs went by without a better one."""
        return self._last - self.epoch >= max(1, min(self.patience, self.epochs - 1))


def train_head(
    train: Array,
    labels: Labels,
    validation: Array,
    validation_labels: Labels,
    cohort: Array,
    settings: TrainingSettings,
    cancel: Cancel,
    people: int | None = None,
    seed: int = 1,
    *,
    threshold: float,
) -> Generator[EpochDone, None, HeadResult]:
    """Fine-adjust the class centres of `people` enrolled people in the face space.

    `train` (n, d) and `validation` (v, d, v may be 0) are embeddings, labels are 0..people-1
    (every person has a training embedding), `cohort` (m, d) strangers' vectors. Starts at the
    plain centres, trains with RMSprop against each other person and the cohort, and keeps the
    epoch of the lowest validation loss. The start is kept unless that beats it in loss without
    losing rank-1, separation, or validation pictures that are named at `threshold` (the shipped
    curve's, which was measured with plain centres); without validation pictures nothing shows
    it, and the start is kept too, as it is if a stop came before the first epoch was over.
    Raises Cancelled, NoPictures.
    """
    if not len(train):
        raise NoPictures(_("There are no training pictures"), hint=_("Split the pictures again."))
    people = int(labels.max()) + 1 if people is None else people
    random = np.random.default_rng(seed)
    start = class_centres(train, labels, people)
    enrolled = heads.people_samples(train, labels, cohort, people)
    nobody = heads.nobody_samples(cohort, people)
    order = random.permutation(len(nobody))
    held = max(1, round(HELD_COHORT * len(nobody)))
    unseen, negatives = nobody.at(order[:held]), nobody.at(order[held:])
    measured = heads.joined(enrolled, unseen)
    has_validation = len(validation) > 0
    checked = (
        heads.joined(heads.people_samples(validation, validation_labels, cohort, people), unseen)
        if has_validation
        else measured
    )
    model = heads.build_head(start, centre_levels(start, cohort), settings.head_rate)

    def judged(centres: Float32, samples: heads.Samples) -> heads.Judgement:
        return heads.judge(centres, centre_levels(centres, cohort), samples, threshold)

    best: BestSoFar[Float32] = BestSoFar(settings.epochs, settings.patience)
    history: list[EpochDone] = []
    for epoch in range(1, settings.epochs + 1):
        began = time.monotonic()
        drawn = random.permutation(len(negatives))[: len(enrolled)]
        samples = heads.joined(enrolled, negatives.at(drawn))
        if not _head_epoch(model, samples, settings.batch, random, cancel):
            break
        centres = heads.centres_of(model)
        seen, found = judged(centres, measured), judged(centres, checked)
        best.update(epoch, found.loss, centres)
        history.append(
            EpochDone(
                epoch=epoch,
                epochs=settings.epochs,
                loss=seen.loss,
                accuracy=seen.accuracy,
                val_loss=found.loss if has_validation else math.nan,
                val_accuracy=found.accuracy if has_validation else math.nan,
                learning_rate=settings.head_rate,
                seconds=time.monotonic() - began,
                best=best.epoch,
            )
        )
        yield history[-1]
        if best.exhausted:
            break
    before = judged(start, checked)
    trained = start if best.snapshot is None else best.snapshot
    after = judged(trained, checked)
    kept = not has_validation or not _better(after, before)
    return HeadResult(
        centres=start if kept else trained,
        history=tuple(history),
        best_epoch=0 if kept else best.epoch,
        kept_start=kept,
        start=before,
        end=before if kept else after,
    )


def _head_epoch(
    model: keras.Model,
    samples: heads.Samples,
    batch: int,
    random: np.random.Generator,
    cancel: Cancel,
) -> bool:
    """Train on all `samples` once; False if a stop cut it short. Raises Cancelled."""
    for index in _batches(len(samples), batch, random):
        if _stopped(cancel):
            return False
        part = samples.at(index)
        model.train_on_batch(
            [part.embeddings, part.levels], part.labels, sample_weight=part.weights
        )
    return True


def train_classic(
    crops: NDArray[np.uint8],
    labels: Labels,
    validation: NDArray[np.uint8],
    validation_labels: Labels,
    classes: int,
    weights: Weights,
    settings: TrainingSettings,
    cancel: Cancel,
    unfreeze: bool = False,
    seed: int = 1,
) -> Generator[EpochDone, None, ClassicResult]:
    """Train the classic network on crops (n, 160, 160, 3), uint8, RGB; `validation` may be empty.

    RMSprop at `learning_rate`, best epoch by validation loss (training loss without validation
    pictures), early stopping. With `unfreeze`, the second half of the epochs goes on from the
    best head with VGG16's block5 trainable, at `fine_tune_rate`: a fresh head's large gradients
    would otherwise wreck the block. Raises Cancelled, also if a stop came before the first epoch
    was over (there is nothing to keep), TooFewPeople, NoPictures.
    """
    if classes < 2:
        raise TooFewPeople(
            _("The classic recipe needs at least two people"),
            _("{classes} enrolled").format(classes=classes),
            _("Enrol somebody else, or use the recipe `head`."),
        )
    if not len(crops):
        raise NoPictures(_("There are no training pictures"), hint=_("Split the pictures again."))
    run = _ClassicRun(classic.build_classic(weights, classes, seed), settings, cancel, seed)
    head_epochs = -(-settings.classic_epochs // 2) if unfreeze else settings.classic_epochs
    yield from run.phase(
        crops, labels, validation, validation_labels, head_epochs, settings.learning_rate
    )
    if not run.history:
        cancel.check()
    if unfreeze and not cancel.stopping:
        run.restore()
        classic.unfreeze_block5(run.model)
        run.tuned = True
        rest = settings.classic_epochs - head_epochs
        yield from run.phase(
            crops, labels, validation, validation_labels, rest, settings.fine_tune_rate
        )
    # With epochs that gave no number, there is still the network as it is.
    arrays = run.best.snapshot or classic.arrays_of(run.model, run.tuned)
    tuned = f"{classic.TUNED[0]}_kernel" in arrays
    return ClassicResult(arrays, tuple(run.history), run.best.epoch, tuned)


class _ClassicRun:
    """The classic network while it trains: model, best checkpoint and history over its phases."""

    def __init__(
        self, model: keras.Model, settings: TrainingSettings, cancel: Cancel, seed: int
    ) -> None:
        self.model = model
        self.tuned = False
        self.history: list[EpochDone] = []
        self.best: BestSoFar[dict[str, NDArray[np.float32]]] = BestSoFar(
            settings.classic_epochs, settings.patience
        )
        self._settings = settings
        self._cancel = cancel
        self._random = np.random.default_rng(seed)

    def restore(self) -> None:
        """Go back to the best epoch's weights."""
        if self.best.snapshot is not None:
            classic.set_arrays(self.model, self.best.snapshot)

    def phase(
        self,
        crops: NDArray[np.uint8],
        labels: Labels,
        validation: NDArray[np.uint8],
        validation_labels: Labels,
        epochs: int,
        learning_rate: float,
    ) -> Iterator[EpochDone]:
        """Train up to `epochs` more epochs at one learning rate; a stop ends them."""
        self.model.compile(
            optimizer=keras.optimizers.RMSprop(learning_rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        first = len(self.history)
        patience = BestSoFar[None](epochs, self._settings.patience)
        for epoch in range(first + 1, first + epochs + 1):
            began = time.monotonic()
            seen = self._pass(crops, labels, self.model.train_on_batch, shuffle=True)
            found = seen and self._pass(
                validation, validation_labels, self.model.test_on_batch, shuffle=False
            )
            if seen is None or found is None:
                return
            judged = found[0] if len(validation) else seen[0]
            self.best.update(epoch, judged, classic.arrays_of(self.model, self.tuned))
            patience.update(epoch - first, judged, None)
            self.history.append(
                EpochDone(
                    epoch=epoch,
                    epochs=self._settings.classic_epochs,
                    loss=seen[0],
                    accuracy=seen[1],
                    val_loss=found[0],
                    val_accuracy=found[1],
                    learning_rate=learning_rate,
                    seconds=time.monotonic() - began,
                    best=self.best.epoch,
                )
            )
            yield self.history[-1]
            if patience.exhausted:
                return

    def _pass(
        self, crops: NDArray[np.uint8], labels: Labels, step: Any, shuffle: bool
    ) -> tuple[float, float] | None:
        """Loss and accuracy over all crops, batch by batch; NaN without any, None if stopped."""
        if not len(crops):
            return math.nan, math.nan
        self.model.reset_metrics()
        logs: dict[str, Any] = {}
        random = self._random if shuffle else None
        for batch in _batches(len(crops), self._settings.batch, random):
            if _stopped(self._cancel):
                return None
            logs = step(crops[batch].astype(np.float32), labels[batch], return_dict=True)
        return float(logs["loss"]), float(logs["accuracy"])


def _stopped(cancel: Cancel) -> bool:
    """Whether an orderly end was asked for. Raises Cancelled if the job is to be given up."""
    cancel.check_cancelled()
    return cancel.stopping


def _batches(size: int, batch: int, random: np.random.Generator | None) -> list[Labels]:
    """Indices 0..size-1 in batches of at most `batch`, as equal as can be."""
    order = np.arange(size) if random is None else random.permutation(size)
    return np.array_split(order, -(-size // batch))


def _better(after: heads.Judgement, before: heads.Judgement) -> bool:
    return (
        after.loss < before.loss - TOLERANCE
        and after.rank1 >= before.rank1
        and after.tpir >= before.tpir
        and after.separation >= before.separation
    )
