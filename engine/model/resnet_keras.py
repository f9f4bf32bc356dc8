"""The face network with Keras, laid down in code: where OpenVINO cannot be used.

Importing this loads TensorFlow.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.model.resnet import (
    CHIP,
    FIRST,
    ROW,
    ResnetWeights,
    blocks,
    chips,
    load_resnet,
    resnet_digest,
)
from engine.model.vgg16 import BATCH, check_crops


class KerasResnetExtractor:
    """Crops to rows of the face network, in float32. Calls may come from any thread.

    `digest` names weights, recipe and arithmetic; it is that of OpenVINO's float32 rows.
    """

    length = ROW

    def __init__(self) -> None:
        """Raises ModelCorrupt or ModelError for the packaged weights."""
        self.digest = resnet_digest("float32")
        network = resnet_model(load_resnet())
        # One signature with a free batch axis: TensorFlow traces once, whatever comes.
        any_batch = tf.TensorSpec((None, CHIP, CHIP, 3), tf.float32)
        self._rows = tf.function(
            lambda x: network(x, training=False), input_signature=[any_batch], autograph=False
        )

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Rows (n, 128), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; they go through in batches of 16. Raises ValueError if `crops` has another shape or
        type.
        """
        check_crops(crops)
        rows = np.empty((len(crops), ROW), np.float32)
        for start in range(0, len(crops), BATCH):
            batch = chips(crops[start : start + BATCH]).transpose(0, 2, 3, 1)
            rows[start : start + len(batch)] = self._rows(tf.constant(batch)).numpy()
        return rows


def resnet_model(weights: ResnetWeights) -> keras.Model:
    """The frozen network: `chips` with channels last (n, 150, 150, 3) to rows (n, 128)."""
    chip = keras.Input((CHIP, CHIP, 3), name="chip", dtype="float32")
    maps = keras.ops.relu(_convolution(chip, weights, FIRST, 2, "valid"))
    maps = keras.layers.MaxPooling2D(3, 2)(maps)
    for block in blocks():
        step, border = (2, "valid") if block.down else (1, "same")
        inner = keras.ops.relu(_convolution(maps, weights, f"{block.name}_conv1", step, border))
        found = _convolution(inner, weights, f"{block.name}_conv2", 1, "same")
        if block.down:
            maps = keras.layers.AveragePooling2D(2, 2)(maps)
        shape = np.maximum(found.shape[1:], maps.shape[1:])
        maps = keras.ops.relu(_padded(found, shape) + _padded(maps, shape))
    means = keras.layers.GlobalAveragePooling2D()(maps)
    embedding = keras.layers.Dense(ROW, use_bias=False, trainable=False, name="embedding")
    rows = embedding(means)
    embedding.set_weights([weights.embedding])
    return keras.Model(chip, rows, name="face_network")


def _convolution(maps: Any, weights: ResnetWeights, name: str, step: int, border: str) -> Any:
    kernel, bias = weights.layer(name)
    layer = keras.layers.Conv2D(
        len(bias), len(kernel), step, border, trainable=False, dtype="float32", name=name
    )
    found = layer(maps)
    layer.set_weights([kernel, bias])
    return found


def _padded(maps: Any, shape: NDArray[np.int64]) -> Any:
    """Maps with zeros behind their rows, columns and channels, up to `shape`."""
    missing = [int(more) for more in shape - maps.shape[1:]]
    if not any(missing):
        return maps
    return keras.ops.pad(maps, [(0, 0), *((0, more) for more in missing)])
