"""Recipe `classic`: Keras' `fit` on crops. Importing this loads TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.errors import NoPictures, TooFewPeople
from engine.events import Emit, EpochDone, Notice
from engine.model import classic
from engine.model.callbacks import Progress
from engine.model.epochs import Arrays, Checkpoint, digest_of
from engine.model.training import resumed
from engine.model.vectors import Labels
from engine.model.weights import Weights
from engine.settings import TrainingSettings

Crops = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class ClassicResult:
    """`arrays` rebuild the best epoch's network with `classic.ClassicModel`.

    `tuned`: the best epoch was one with block5 fine-tuned, and `arrays` hold that block too.
    """

    arrays: Arrays
    history: tuple[EpochDone, ...]
    best_epoch: int
    tuned: bool


class CropBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Crops (n, 160, 160, 3) with labels in batches, as float32 only while they are used.

    `random` draws their order anew for each epoch; None keeps it.
    """

    def __init__(
        self, crops: Crops, labels: Labels, batch: int, random: np.random.Generator | None = None
    ) -> None:
        super().__init__()
        self._crops, self._labels, self._random = crops, labels, random
        self._count = -(-len(crops) // batch)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        size = len(self._crops)
        order = np.arange(size) if self._random is None else self._random.permutation(size)
        self._batches = np.array_split(order, self._count)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], Labels]:
        chosen = self._batches[index]
        return self._crops[chosen].astype(np.float32), self._labels[chosen]


def train_classic(
    crops: Crops,
    labels: Labels,
    validation: Crops,
    validation_labels: Labels,
    classes: int,
    weights: Weights,
    settings: TrainingSettings,
    cancel: Cancel,
    emit: Emit,
    unfreeze: bool = False,
    seed: int = 1,
    *,
    checkpoint: Checkpoint | None = None,
) -> ClassicResult:
    """Train the classic network on crops (n, 160, 160, 3), uint8, RGB; `validation` may be empty.

    RMSprop at `learning_rate`, an EpochDone an epoch, best epoch by validation loss (training loss
    without validation pictures), early stopping; VGG16 sees the crops `classic_side` wide. With
    `unfreeze`, the second half of the epochs goes on from the best head with VGG16's block5
    trainable, at `fine_tune_rate`: a fresh head's large gradients would otherwise wreck the block.
    Goes on from the best epoch in `checkpoint`, with a Notice, if a training on the same was cut
    short. Raises Cancelled, also if a stop came before the first epoch was over (there is nothing
    to keep), TooFewPeople, NoPictures.
    """
    if classes < 2:
        raise TooFewPeople(
            "The classic recipe needs at least two people",
            f"{classes} enrolled",
            "Enrol somebody else, or use the recipe `head`.",
        )
    if not len(crops):
        raise NoPictures("There are no training pictures", hint="Split the pictures again.")
    model = classic.build_classic(weights, classes, seed, side=settings.classic_side)
    tuned = False
    run = Progress(
        settings.classic_epochs,
        cancel,
        emit,
        take=lambda: classic.arrays_of(model, tuned),
        checkpoint=checkpoint,
        material=_material(
            (crops, labels, validation, validation_labels),
            f"{weights.digest} {classes} {unfreeze} {seed}",
            settings,
        ),
    )
    if run.resume():
        emit(Notice(text=resumed(run.best.epoch)))
    data = CropBatches(crops, labels, settings.batch, np.random.default_rng(seed))
    checked = (
        CropBatches(validation, validation_labels, settings.batch) if len(validation) else None
    )
    head_epochs = -(-settings.classic_epochs // 2) if unfreeze else settings.classic_epochs

    def phase(rate: float, until: int) -> bool:
        """Train on from the best epoch so far; whether it came to its end."""
        if run.best.arrays:
            classic.set_arrays(model, run.best.arrays)
        first = len(run.history) + 1
        model.compile(
            optimizer=keras.optimizers.RMSprop(rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        patience = settings.patience_for(until - first + 1)
        monitor = "val_loss" if checked is not None else "loss"
        return run.fit(model, data, checked, until, patience, first, monitor)

    whole = is_tuned(run.best.arrays) or phase(settings.learning_rate, head_epochs)
    cancel.check_cancelled()
    if not run.history:
        cancel.check()
    if unfreeze and whole and not cancel.stopping:
        classic.unfreeze_block5(model)
        tuned = True
        rest = settings.classic_epochs - head_epochs
        phase(settings.fine_tune_rate, min(settings.classic_epochs, len(run.history) + rest))
        cancel.check_cancelled()
    return ClassicResult(
        run.best.arrays, tuple(run.history), run.best.epoch, is_tuned(run.best.arrays)
    )


def is_tuned(arrays: Arrays) -> bool:
    """Whether arrays of the classic network hold a fine-tuned block5."""
    return f"{classic.TUNED[0]}_kernel" in arrays


def _material(arrays: tuple[NDArray[Any], ...], facts: str, settings: TrainingSettings) -> str:
    """A digest of all that the weights of an epoch depend on."""
    names = "batch", "learning_rate", "fine_tune_rate", "patience", "classic_side", "classic_epochs"
    chosen = {name: getattr(settings, name) for name in names}
    return digest_of(f"{facts} {chosen}", *arrays)
