"""The network of recipe `classic`: frozen VGG16, Flatten, Dense 256, Dropout, softmax.

The student recipe made right. It is kept for comparison: its probability says nothing about
strangers, so it never decides whether somebody is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.errors import ModelCorrupt
from engine.model.processor import has_bfloat16
from engine.model.vgg16 import backbone
from engine.model.vgg16_plan import SIZE
from engine.model.weights import Weights

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
    tuned = f"{TUNED[0]}_kernel" in arrays
    layers = _trained_layers(model, tuned)
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
