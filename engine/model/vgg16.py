"""VGG16's convolutional part, built in code layer by layer, with its preprocessing inside.

Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), configuration D, as in
`keras.applications.VGG16(include_top=False)`.
"""

from __future__ import annotations

from typing import Any, Literal

import keras

from engine.model.vgg16_plan import BLOCKS, CHANNEL_MEANS, SIZE, LayerRow
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
