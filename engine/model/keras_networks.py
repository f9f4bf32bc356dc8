"""Both networks with Keras, laid down in code: the reference, and where OpenVINO cannot be used.

VGG16's convolutional part: Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), configuration D, as
in `keras.applications.VGG16(include_top=False)`. Importing this loads TensorFlow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.machine import has_bfloat16
from engine.model import resnet
from engine.model.vgg16 import (
    BATCH,
    BLOCKS,
    CHANNEL_MEANS,
    LAYERS,
    ROW,
    SIZE,
    VIEW,
    LayerRow,
    cells,
    check_crops,
    row_digest,
    shown,
)
from engine.model.weights import Weights

Through = Literal["block4_pool", "block5_pool"]


def backbone(
    weights: Weights,
    through: Through = "block4_pool",
    low_precision: bool = False,
    side: int = SIZE,
) -> keras.Model:
    """The frozen network up to and including layer `through`.

    Input: float32 (n, side, side, 3), RGB, 0..255; VGG16's own preprocessing is the first layer.
    Output at 160: (n, 10, 10, 512) for block4_pool, (n, 5, 5, 512) for block5_pool; bfloat16 if
    `low_precision`, else float32. Variables are float32 either way, and no global Keras policy
    is touched. A caller may unfreeze some layers by name.
    """
    policy = "mixed_bfloat16" if low_precision else "float32"
    pictures = keras.Input((side, side, 3), name="pictures", dtype="float32")
    tensor = _preprocess(pictures)
    for block, (convolutions, channels) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            layer = keras.layers.Conv2D(
                channels,
                3,
                padding="same",
                activation="relu",
                trainable=False,
                dtype=policy,
                name=f"block{block}_conv{number}",
            )
            tensor = layer(tensor)
            layer.set_weights(list(weights.layer(layer.name)))
        tensor = keras.layers.MaxPooling2D(2, dtype=policy, name=f"block{block}_pool")(tensor)
        if through == f"block{block}_pool":
            break
    return keras.Model(pictures, tensor, name="vgg16")


def layer_table(model: keras.Model) -> tuple[LayerRow, ...]:
    """Every layer of `model` in order, those of models inside it too."""
    rows: list[LayerRow] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            rows.extend(layer_table(layer))
            continue
        shape = getattr(layer, "output", None)
        rows.append(
            LayerRow(
                name=layer.name,
                kind=type(layer).__name__,
                shape=tuple(getattr(shape, "shape", ())),
                parameters=layer.count_params(),
                trains=bool(layer.trainable_weights),
            )
        )
    return tuple(rows)


def _preprocess(pictures: Any) -> Any:
    """RGB to mean-centred BGR without scaling, as `keras.applications.vgg16.preprocess_input`.

    The one place where this is done. In float32 always: bfloat16 cannot hold 0..255 minus a
    fractional mean exactly.
    """
    centred = keras.layers.Rescaling(
        1.0, offset=[-mean for mean in CHANNEL_MEANS], dtype="float32", name="subtract_means"
    )(pictures)
    return keras.ops.flip(centred, axis=-1)


class KerasRows(ABC):
    """Crops to feature rows of `network`. Calls may come from any thread.

    `digest` names weights, recipe and arithmetic: rows of different digests never mix.
    """

    length: int

    def __init__(self, network: keras.Model, digest: str) -> None:
        self.digest = digest
        # One signature with a free batch axis: TensorFlow traces once, whatever comes.
        any_batch = tf.TensorSpec(network.input.shape, tf.float32)
        self._rows = tf.function(
            lambda pictures: network(pictures, training=False),
            input_signature=[any_batch],
            autograph=False,
        )

    @staticmethod
    @abstractmethod
    def prepared(crops: NDArray[np.uint8]) -> NDArray[Any]:
        """The network's input of crops."""

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, length), float32, of `crops` (n, 160, 160, 3), uint8, RGB.

        Any n; they go through in batches of 16. A caller who wants to cancel or to show progress
        passes so many at a time. Raises ValueError if `crops` has another shape or type.
        """
        check_crops(crops)
        rows = np.empty((len(crops), self.length), np.float32)
        for start in range(0, len(crops), BATCH):
            batch = tf.constant(self.prepared(crops[start : start + BATCH]), tf.float32)
            rows[start : start + BATCH] = self._rows(batch).numpy()
        return rows


class KerasExtractor(KerasRows):
    """Crops to rows of VGG16. Building one takes a second or two."""

    length = ROW
    prepared = staticmethod(shown)

    def __init__(self, weights: Weights, low_precision: bool | None = None) -> None:
        """`low_precision`: bfloat16 arithmetic; None chooses it where the processor has it."""
        low = has_bfloat16() if low_precision is None else low_precision
        digest = row_digest(weights.digest, "bfloat16" if low else "float32")
        super().__init__(vgg16_rows(weights, low), digest)


class KerasResnetExtractor(KerasRows):
    """Crops to rows of the face network, in float32: their digest is that of OpenVINO's."""

    length = resnet.ROW

    def __init__(self) -> None:
        """Raises ModelCorrupt or ModelError for the packaged weights."""
        weights = resnet.load_resnet()
        super().__init__(
            resnet_model(weights), row_digest(weights.digest, "float32", resnet.RECIPE)
        )

    @staticmethod
    def prepared(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """`chips` with channels last."""
        return resnet.chips(crops).transpose(0, 2, 3, 1)


def vgg16_rows(weights: Weights, low_precision: bool = False) -> keras.Model:
    """The frozen network and its pooling: pictures of `shown` (n, 128, 128, 3) to float32 rows."""
    whole = backbone(weights, "block4_pool", low_precision, VIEW)
    maps = [whole.get_layer(name).output for name in LAYERS]
    if low_precision:
        maps = [keras.ops.cast(each, "float32") for each in maps]
    rows = keras.ops.concatenate([pooled(each) for each in maps], axis=1)
    return keras.Model(whole.input, rows, name="vgg16")


def pooled(maps: Any) -> Any:
    """Average feature maps (n, h, w, c) over the grid's cells: (n, 16 * c)."""
    parts = cells(maps.shape[1], maps.shape[2])
    return keras.ops.concatenate(
        [keras.ops.mean(maps[:, *cell], axis=(1, 2)) for cell in parts], axis=1
    )


def resnet_model(weights: Weights) -> keras.Model:
    """The frozen network: `chips` with channels last (n, 150, 150, 3) to rows (n, 128)."""
    chip = keras.Input((resnet.CHIP, resnet.CHIP, 3), name="chip", dtype="float32")
    maps = keras.ops.relu(_convolution(chip, weights, resnet.FIRST, 2, "valid"))
    maps = keras.layers.MaxPooling2D(3, 2)(maps)
    for block in resnet.blocks():
        step, border = (2, "valid") if block.down else (1, "same")
        inner = keras.ops.relu(_convolution(maps, weights, f"{block.name}_conv1", step, border))
        found = _convolution(inner, weights, f"{block.name}_conv2", 1, "same")
        if block.down:
            maps = keras.layers.AveragePooling2D(2, 2)(maps)
        shape = np.maximum(found.shape[1:], maps.shape[1:])
        maps = keras.ops.relu(_padded(found, shape) + _padded(maps, shape))
    means = keras.layers.GlobalAveragePooling2D()(maps)
    embedding = keras.layers.Dense(resnet.ROW, use_bias=False, trainable=False, name="embedding")
    rows = embedding(means)
    embedding.set_weights([weights.arrays["embedding_kernel"].astype(np.float32)])
    return keras.Model(chip, rows, name="face_network")


def _convolution(maps: Any, weights: Weights, name: str, step: int, border: str) -> Any:
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
