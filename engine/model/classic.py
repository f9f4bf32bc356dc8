"""Recipe `classic`: frozen VGG16, Flatten, Dense 256, Dropout, softmax, trained by Keras' `fit`.

The student recipe made right, kept for comparison: its probability says nothing about strangers, so
it never decides whether somebody is known. Importing this loads TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, EpochDone
from engine.contract.errors import ModelCorrupt, NoPictures, TooFewPeople
from engine.machine import has_bfloat16
from engine.model.epochs import Arrays, Checkpoint, digest_of
from engine.model.keras_networks import backbone
from engine.model.training import Progress
from engine.model.vectors import Labels
from engine.model.vgg16 import SIZE
from engine.model.weights import Weights
from engine.settings import TrainingSettings

UNITS = 256
DROPOUT = 0.3
ROTATION = 20 / 360
"""Largest rotation either way, as a share of a full turn: 20 degrees."""
SHIFT = 0.2
"""Largest shift either way and along either axis, as a share of the picture."""
CHANNELS = 512
"""Of VGG16's last block, whose map is a 32nd of the input's side wide and high."""
TUNED = ("block5_conv1", "block5_conv2", "block5_conv3")
"""Layers that `--unfreeze block5` lets train."""


def build_classic(
    weights: Weights,
    classes: int,
    seed: int = 1,
    low_precision: bool | None = None,
    side: int = SIZE,
) -> keras.Model:
    """The whole network, VGG16 frozen: crops (n, 160, 160, 3) RGB 0..255 to (n, classes).

    `side` is that of VGG16's input, a multiple of 32: crops are enlarged to it. Augmentation
    (20 degrees, shifts of 0.2, horizontal flip, nearest fill) is part of it and acts only in
    training. `seed` rules initial weights, augmentation and dropout; Keras' global seed is left
    alone.
    """
    low = has_bfloat16() if low_precision is None else low_precision
    crops = keras.Input((SIZE, SIZE, 3), name="crops", dtype="float32")
    tensor = crops
    for layer in augmentation(seed):
        tensor = layer(tensor)
    if side != SIZE:
        tensor = keras.layers.Resizing(side, side, name="resize")(tensor)
    base = backbone(weights, "block5_pool", low, side)
    # training=False: the base stays in inference mode even when some of it is fine-tuned.
    tensor = base(tensor, training=False)
    tensor = keras.layers.Flatten(name="flatten", dtype="float32")(tensor)
    tensor = keras.layers.Dense(
        UNITS,
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        name="dense",
    )(tensor)
    tensor = keras.layers.Dropout(DROPOUT, seed=seed, name="dropout")(tensor)
    tensor = keras.layers.Dense(
        classes,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 1),
        name="classes",
    )(tensor)
    return keras.Model(crops, tensor, name="identity_vgg")


def augmentation(seed: int) -> tuple[keras.layers.Layer, ...]:
    """The on-the-fly augmentation of the student recipe, as Keras layers."""
    return (
        keras.layers.RandomRotation(ROTATION, fill_mode="nearest", seed=seed, name="rotate"),
        keras.layers.RandomTranslation(
            SHIFT, SHIFT, fill_mode="nearest", seed=seed + 1, name="shift"
        ),
        keras.layers.RandomFlip("horizontal", seed=seed + 2, name="flip"),
    )


def unfreeze_block5(model: keras.Model) -> None:
    """Let VGG16's last block train; compile the model again afterwards."""
    for name in TUNED:
        model.get_layer("vgg16").get_layer(name).trainable = True


def side_of(arrays: Mapping[str, NDArray[Any]]) -> int:
    """The input side of the network that `arrays_of` gave these of. Raises ModelCorrupt."""
    kernel = arrays.get("dense_kernel", np.empty((0, 0)))
    cells = math.isqrt(len(kernel) // CHANNELS)
    if kernel.ndim != 2 or not cells or cells * cells * CHANNELS != len(kernel):
        raise _corrupt("dense_kernel is missing or has the wrong shape")
    return 32 * cells


def arrays_of(model: keras.Model, tuned: bool) -> dict[str, NDArray[np.float32]]:
    """The trained arrays: both dense layers, and block5 if it was `tuned`. Copies, float32."""
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, layer in _trained_layers(model, tuned).items():
        for part, array in zip(("kernel", "bias"), layer.get_weights(), strict=True):
            arrays[f"{name}_{part}"] = np.array(array, np.float32)
    return arrays


def set_arrays(model: keras.Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    """The reverse of `arrays_of`. Raises ModelCorrupt if names or shapes do not fit."""
    layers = _trained_layers(model, is_tuned(arrays))
    wanted = {f"{name}_{part}" for name in layers for part in ("kernel", "bias")}
    if wanted != set(arrays):
        raise _corrupt(f"arrays {sorted(wanted ^ set(arrays))} are missing or not expected")
    for name, layer in layers.items():
        values = [np.asarray(arrays[f"{name}_{part}"], np.float32) for part in ("kernel", "bias")]
        shapes = [tuple(variable.shape) for variable in layer.weights]
        if [value.shape for value in values] != shapes:
            raise _corrupt(f"{name} has shapes {[v.shape for v in values]}, not {shapes}")
        if not all(np.isfinite(value).all() for value in values):
            raise _corrupt(f"{name} holds values that are not finite")
        layer.set_weights(values)


class ClassicModel:
    """A trained classic network, for inference and comparison."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        weights: Weights,
        low_precision: bool | None = None,
    ) -> None:
        """`arrays` as training gave them, `weights` of VGG16. Raises ModelCorrupt.

        `low_precision`: bfloat16 arithmetic; None chooses it where the processor has it.
        """
        bias = arrays.get("classes_bias")
        if bias is None or bias.ndim != 1 or not len(bias):
            raise _corrupt("classes_bias is missing or has the wrong shape")
        self.classes = len(bias)
        self.side = side_of(arrays)
        self.network = build_classic(
            weights, self.classes, low_precision=low_precision, side=self.side
        )
        set_arrays(self.network, arrays)
        any_batch = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)
        self._call = tf.function(
            lambda crops: self.network(crops, training=False),
            input_signature=[any_batch],
            autograph=False,
        )

    def probabilities(
        self, crops: NDArray[np.uint8], between: Callable[[], object] = lambda: None
    ) -> NDArray[np.float32]:
        """Softmax (n, classes) of uint8 RGB crops (n, 160, 160, 3), in batches of 16.

        `between` is called before each batch.
        """
        found = np.empty((len(crops), self.classes), np.float32)
        for start in range(0, len(crops), 16):
            between()
            batch = crops[start : start + 16].astype(np.float32)
            found[start : start + len(batch)] = self._call(tf.constant(batch)).numpy()
        return found


def _trained_layers(model: keras.Model, tuned: bool) -> dict[str, Any]:
    layers = {name: model.get_layer(name) for name in ("dense", "classes")}
    if tuned:
        base = model.get_layer("vgg16")
        layers.update({name: base.get_layer(name) for name in TUNED})
    return layers


def _corrupt(reason: str) -> ModelCorrupt:
    return ModelCorrupt(
        "The classic model's arrays do not fit", reason, "Roll back, or train it again."
    )


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
    model = build_classic(weights, classes, seed, side=settings.classic_side)
    tuned = False
    run = Progress(
        settings.classic_epochs,
        cancel,
        emit,
        take=lambda: arrays_of(model, tuned),
        checkpoint=checkpoint,
        material=digest_of(  # all that the weights of an epoch depend on
            f"{weights.digest} {classes} {unfreeze} {seed} {settings}",
            *(crops, labels, validation, validation_labels),
        ),
    )
    run.resume()
    data = CropBatches(crops, labels, settings.batch, np.random.default_rng(seed))
    checked = (
        CropBatches(validation, validation_labels, settings.batch) if len(validation) else None
    )
    head_epochs = -(-settings.classic_epochs // 2) if unfreeze else settings.classic_epochs

    def phase(rate: float, until: int) -> bool:
        """Train on from the best epoch so far; whether it came to its end."""
        if run.best.arrays:
            set_arrays(model, run.best.arrays)
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
        unfreeze_block5(model)
        tuned = True
        rest = settings.classic_epochs - head_epochs
        phase(settings.fine_tune_rate, min(settings.classic_epochs, len(run.history) + rest))
        cancel.check_cancelled()
    return ClassicResult(
        run.best.arrays, tuple(run.history), run.best.epoch, is_tuned(run.best.arrays)
    )


def is_tuned(arrays: Arrays) -> bool:
    """Whether arrays of the classic network hold a fine-tuned block5."""
    return f"{TUNED[0]}_kernel" in arrays
