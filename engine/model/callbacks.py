"""What both recipes hang on Keras' `fit`: our epoch events, the cancel token, the best epoch.

`follow` puts them together with Keras' own EarlyStopping and ReduceLROnPlateau. Importing this
loads TensorFlow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from engine.cancel import Cancel
from engine.events import Emit, EpochDone
from engine.model.epochs import TOLERANCE, Arrays, BestSoFar, Checkpoint

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
        """Take up the best epoch of a training that was cut short, if there is one, and emit the
        epochs up to it again."""
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
            HeedCancel(self.cancel),
            EpochEvents(self),
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


class HeedCancel(keras.callbacks.Callback):  # type: ignore[misc]
    """Looks at the token before every batch, those of the validation too."""

    def __init__(self, cancel: Cancel) -> None:
        super().__init__()
        self._cancel = cancel

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Raise Cancelled, or Stopped for an orderly end."""
        self._cancel.check_cancelled()
        if self._cancel.stopping:
            raise Stopped

    def on_test_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """As before a batch of training."""
        self.on_train_batch_begin(batch)


class EpochEvents(keras.callbacks.Callback):  # type: ignore[misc]
    """Emits an EpochDone after every epoch; keeps the best one's arrays, in memory and on disk."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._began = 0.0
        self._rate = math.nan

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
