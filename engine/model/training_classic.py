"""The training loop of recipe `classic`: a generator of an event an epoch, returning the result.

The only training that needs TensorFlow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.config import TrainingSettings
from engine.errors import NoPictures, TooFewPeople
from engine.events import EpochDone
from engine.i18n import _
from engine.model import classic
from engine.model.epochs import BestSoFar, batches, stopped
from engine.model.vectors import Labels
from engine.model.weights import Weights


@dataclass(frozen=True, slots=True, eq=False)
class ClassicResult:
    """`arrays` rebuild the best epoch's network with `classic.ClassicModel`.

    `tuned`: the best epoch was one with block5 fine-tuned, and `arrays` hold that block too.
    """

    arrays: dict[str, NDArray[np.float32]]
    history: tuple[EpochDone, ...]
    best_epoch: int
    tuned: bool


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
        for batch in batches(len(crops), self._settings.batch, random):
            if stopped(self._cancel):
                return None
            logs = step(crops[batch].astype(np.float32), labels[batch], return_dict=True)
        return float(logs["loss"]), float(logs["accuracy"])
