"""From aligned crops to VGG16 feature rows with Keras: the reference, and the fallback.

Importing this loads TensorFlow.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.model.feature_row import BATCH, LAYERS, ROW, cells, row_digest, shown
from engine.model.processor import has_bfloat16
from engine.model.vgg16 import backbone
from engine.model.vgg16_plan import VIEW
from engine.model.weights import Weights


class KerasExtractor:
    """Crops to feature rows. Building one takes a second or two; calls may come from any thread.

    `digest` names weights, recipe and precision: rows of different digests never mix.
    """

    length = ROW

    def __init__(self, weights: Weights, low_precision: bool | None = None) -> None:
        """`low_precision`: bfloat16 arithmetic; None chooses it where the processor has it."""
        self.low_precision = has_bfloat16() if low_precision is None else low_precision
        self.digest = row_digest(weights.digest, "bfloat16" if self.low_precision else "float32")
        whole = backbone(weights, "block4_pool", self.low_precision, VIEW)
        outputs = [whole.get_layer(name).output for name in LAYERS]
        network = keras.Model(whole.input, outputs)

        def rows(pictures: Any) -> Any:
            maps = network(tf.cast(pictures, tf.float32), training=False)
            return tf.concat([pooled(tf.cast(each, tf.float32)) for each in maps], axis=1)

        # One signature with a free batch axis: TensorFlow traces once, whatever comes.
        any_batch = tf.TensorSpec((None, VIEW, VIEW, 3), tf.uint8)
        self._rows = tf.function(rows, input_signature=[any_batch], autograph=False)

    @property
    def traces(self) -> int:
        """How often TensorFlow built a graph: 1 after any number of calls, or it is slow."""
        return int(self._rows.experimental_get_tracing_count())

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, 12288), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; they go through VGG16 in batches of 16. A caller who wants to cancel or to show
        progress passes so many at a time. Raises ValueError if `crops` has another shape or type.
        """
        pictures = shown(crops)
        rows = np.empty((len(crops), ROW), np.float32)
        for start in range(0, len(crops), BATCH):
            batch = pictures[start : start + BATCH]
            rows[start : start + len(batch)] = self._rows(tf.constant(batch)).numpy()
        return rows


def pooled(maps: Any) -> Any:
    """Average TensorFlow feature maps (n, h, w, c) over the grid's cells: (n, 16 * c)."""
    parts = cells(maps.shape[1], maps.shape[2])
    return tf.concat([tf.reduce_mean(maps[:, *cell], axis=(1, 2)) for cell in parts], axis=1)
