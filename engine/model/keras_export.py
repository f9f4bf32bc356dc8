"""A trained model as one Keras network, pictures in and scores out: `identity_vgg.keras`.

It is built of Keras' own layers and operations only, so it loads anywhere with
`keras.saving.load_model`, without Facedesk. Input: aligned crops (n, 160, 160, 3), RGB, 0..255.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.files import FILE_MODE, make_directory, translate_os_errors
from engine.i18n import _
from engine.model.classic import build_classic, set_arrays
from engine.model.face_space import FaceSpace
from engine.model.feature_row import LAYERS, ROW, cells
from engine.model.record import StoredModel
from engine.model.vectors import NEAREST, centre_levels
from engine.model.vgg16 import backbone, layer_table
from engine.model.vgg16_plan import SIZE, LayerRow
from engine.model.weights import Weights

FILE_NAME = "identity_vgg.keras"


def keras_network(model: StoredModel, weights: Weights, space: FaceSpace | None) -> keras.Model:
    """The whole network of a stored model, in float32.

    Recipe `classic`: outputs softmax probabilities (n, people). Recipe `head` (needs `space`):
    outputs scores (n, people) by the formula of `vectors.cohort_scores`, to be compared with the
    model's threshold. Columns are in the order of
    `model.labels`. Raises ModelError if the space does not fit, ModelCorrupt.
    """
    if model.info.recipe == "classic":
        network = build_classic(weights, len(model.labels), low_precision=False)
        set_arrays(network, model.arrays)
        return network
    if space is None or space.dims != model.centres.shape[1]:
        raise ModelError(
            _("The model cannot be exported"),
            _("{id} was trained in another face space than the one installed").format(
                id=model.info.id
            ),
            _("Train again, then export."),
        )
    return head_network(weights, space, model.centres)


def export_keras(
    model: StoredModel, weights: Weights, destination: Path, space: FaceSpace | None = None
) -> Path:
    """Write `keras_network` to `destination`, a file or an existing folder; return the file.

    The file appears when complete. Raises as `keras_network`, DiskFull, WorkspaceUnusable.
    """
    path = destination / FILE_NAME if destination.is_dir() else destination
    if path.suffix != ".keras":
        raise ModelError(
            _("The model cannot be exported"),
            _("{path} does not end in .keras").format(path=path),
            _("Name it so."),
        )
    network = keras_network(model, weights, space)
    with translate_os_errors(_("export the model"), path):
        make_directory(path.parent)
        handle, name = tempfile.mkstemp(prefix=".tmp-", suffix=".keras", dir=path.parent)
        os.close(handle)
        try:
            network.save(name)
            Path(name).chmod(FILE_MODE)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    return path


def recipe_layers(
    recipe: str, people: int, weights: Weights, space: FaceSpace, unfreeze: bool = False
) -> tuple[LayerRow, ...]:
    """Every layer of a recipe's network for so many people, and whether it trains."""
    if recipe == "classic":
        network = build_classic(weights, people, low_precision=False)
        if unfreeze:
            from engine.model.classic import unfreeze_block5

            unfreeze_block5(network)
    else:
        network = head_network(weights, space, np.eye(people, space.dims, dtype=np.float32))
    return layer_table(network)


def head_network(weights: Weights, space: FaceSpace, centres: NDArray[np.float32]) -> keras.Model:
    """Crops (n, 160, 160, 3) to scores (n, people): features, face space, cosines, cohort.

    The same steps as `Extractor`, `FaceSpace.embed` and `cohort_scores`, in one graph. Only
    the layer `people`, whose kernel is `centres`, is marked as trainable.
    """
    ops, layers = keras.ops, keras.layers
    crops = keras.Input((SIZE, SIZE, 3), name="crops", dtype="float32")
    whole = backbone(weights, "block4_pool")
    base = keras.Model(whole.input, [whole.get_layer(n).output for n in LAYERS], name="vgg16")
    maps = base(crops, training=False)
    features = ops.concatenate([_pooled(each) for each in maps], axis=1)
    # A batch normalisation in inference mode subtracts a stored mean, and keeps it as weights.
    centre = layers.BatchNormalization(
        center=False, scale=False, epsilon=0.0, trainable=False, name="subtract_mean"
    )
    centred = centre(features)
    centre.set_weights([space.mean, np.ones(ROW, np.float32)])
    rooted = ops.sign(centred) * ops.sqrt(ops.abs(centred))
    cuts = np.cumsum(space.parts)[:-1].tolist()
    parts = ops.split(rooted, cuts, axis=1) if cuts else [rooted]
    rooted = ops.concatenate([layers.UnitNormalization()(part) for part in parts], axis=1)
    projected = _dense("face_space", np.asarray(space.projection), rooted, -space.offset)
    embeddings = layers.UnitNormalization(name="embedding")(projected)
    cosines = _dense("people", centres.T, embeddings, trainable=True)
    offset = (-centre_levels(centres, space.cohort)[0]).tolist()
    cosines = layers.Rescaling(1.0, offset=offset, name="centre_levels")(cosines)
    strangers = _dense("cohort", space.cohort.T, embeddings)
    nearest = min(NEAREST, len(space.cohort))
    level = ops.mean(ops.top_k(strangers, nearest)[0], axis=-1, keepdims=True)
    return keras.Model(crops, ops.subtract(cosines, level), name="identity_vgg")


def _pooled(maps: Any) -> Any:
    """As `keras_extractor.pooled`, in operations that a saved Keras model may hold."""
    parts = cells(maps.shape[1], maps.shape[2])
    return keras.ops.concatenate(
        [keras.ops.mean(maps[:, *cell], axis=(1, 2)) for cell in parts], axis=1
    )


def _dense(
    name: str,
    kernel: NDArray[np.float32],
    tensor: Any,
    bias: NDArray[np.float32] | None = None,
    trainable: bool = False,
) -> Any:
    layer = keras.layers.Dense(
        kernel.shape[1], use_bias=bias is not None, trainable=trainable, name=name
    )
    result = layer(tensor)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return result
