"""From aligned crops to VGG16 feature rows. `feature_cache` keeps them.

A row is block4_pool (10x10x512), then block3_pool (20x20x256), each averaged on a 4x4 grid of
cells, row by row, and averaged over the crop and its mirror image: 8,192 and 4,096 float32 values.
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.model.vgg16 import SIZE, Weights, backbone, has_bfloat16

GRID = 4
LAYERS = ("block4_pool", "block3_pool")
PARTS = (GRID * GRID * 512, GRID * GRID * 256)
"""Values that each of LAYERS gives to a row."""
ROW = sum(PARTS)
"""Values in a feature row."""
BATCH = 16
"""Crops put through VGG16 at once."""
RECIPE = "block4 block3 grid4 mirror v2"
"""Changes whenever the same crop would give other rows, so that old caches are not mixed in."""


class Extracts(Protocol):
    """What cache, calibration and recognition need of an extractor; tests may count calls."""

    digest: str
    length: int
    """Values in a feature row."""

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, length) of uint8 RGB crops (n, 160, 160, 3)."""
        ...


class Extractor:
    """Crops to feature rows. Building one takes a second or two; calls may come from any thread.

    `digest` names weights, recipe and precision: rows of different digests never mix.
    """

    length = ROW

    def __init__(self, weights: Weights, low_precision: bool | None = None) -> None:
        """`low_precision`: bfloat16 arithmetic; None chooses it where the processor has it."""
        self.low_precision = has_bfloat16() if low_precision is None else low_precision
        precision = "bfloat16" if self.low_precision else "float32"
        text = f"{weights.digest} {RECIPE} {precision}"
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        whole = backbone(weights, "block4_pool", self.low_precision)
        outputs = [whole.get_layer(name).output for name in LAYERS]
        network = keras.Model(whole.input, outputs)

        def rows(crops: Any) -> Any:
            both = tf.concat([crops, crops[:, :, ::-1]], 0)
            maps = network(tf.cast(both, tf.float32), training=False)
            row = tf.concat([pooled(tf.cast(each, tf.float32)) for each in maps], axis=1)
            straight, mirrored = tf.split(row, 2)
            return (straight + mirrored) / 2

        # One signature with a free batch axis: TensorFlow traces once, whatever comes.
        any_batch = tf.TensorSpec((None, SIZE, SIZE, 3), tf.uint8)
        self._rows = tf.function(rows, input_signature=[any_batch])

    @property
    def traces(self) -> int:
        """How often TensorFlow built a graph: 1 after any number of calls, or it is slow."""
        return int(self._rows.experimental_get_tracing_count())

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, 12288), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; they go through VGG16 in batches of 16. A caller who wants to cancel or to show
        progress passes so many at a time. Raises ValueError if `crops` has another shape or type.
        """
        if crops.shape[1:] != (SIZE, SIZE, 3) or crops.dtype != np.uint8:
            raise ValueError(f"crops are {crops.dtype} {crops.shape}, not uint8 (n, 160, 160, 3)")
        rows = np.empty((len(crops), ROW), np.float32)
        for start in range(0, len(crops), BATCH):
            batch = crops[start : start + BATCH]
            rows[start : start + len(batch)] = self._rows(tf.constant(batch)).numpy()
        return rows


def pooled(maps: Any) -> Any:
    """Average TensorFlow feature maps (n, h, w, c) over a 4x4 grid of cells: (n, 16 * c).

    Cell j spans rows j*h//4 to (j+1)*h//4, so the cells of a 10x10 map are 2 or 3 wide.
    """
    height, width = maps.shape[1], maps.shape[2]
    cells = [
        tf.reduce_mean(
            maps[
                :,
                row * height // GRID : (row + 1) * height // GRID,
                column * width // GRID : (column + 1) * width // GRID,
            ],
            axis=(1, 2),
        )
        for row in range(GRID)
        for column in range(GRID)
    ]
    return tf.concat(cells, axis=1)
