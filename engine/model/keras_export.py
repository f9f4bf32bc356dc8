"""A trained model as one Keras network, pictures in and scores out: `identity_vgg.keras` or `.h5`.

It is built of Keras' own layers and operations only, so it loads anywhere with
`keras.saving.load_model`, without Facedesk. Input: aligned crops (n, 160, 160, 3), RGB, 0..255;
each network's preprocessing is inside. Beside it lie its facts as JSON and a script that uses both.
Importing this loads TensorFlow.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import ModelError
from engine.model.classic import build_classic, set_arrays, side_of, unfreeze_block5
from engine.model.face_space import FaceSpace, JointSpace, Space
from engine.model.keras_networks import layer_table, resnet_model, vgg16_rows
from engine.model.record import PREPROCESSING, StoredModel, versions
from engine.model.resnet import CHANNEL_MEANS, CHIP, CROP_OF_CHIP, SCALE, load_resnet
from engine.model.vectors import NEAREST, Float32, centre_levels
from engine.model.vgg16 import ROW, SIZE, VIEW, LayerRow
from engine.model.weights import Weights
from engine.text import plain
from engine.workspace.files import FILE_MODE, make_directory, write_plain
from engine.workspace.owner import translate_os_errors

METADATA = "facedesk"
"""What the facts are called inside the file: a member of the `.keras` archive, an attribute of the
`.h5` file."""
SCRIPT = "name_picture.py"

_SCRIPT = '''\
"""Name the face in an aligned crop (160x160 RGB) with plain Keras: name_picture.py PICTURE"""
import json, sys
from pathlib import Path
import keras, numpy as np
file = Path(__file__).with_name({file!r})
facts = json.loads(file.with_suffix(".json").read_text("utf-8"))
model = keras.saving.load_model(file, compile=False)
crop = keras.utils.load_img(sys.argv[1], target_size=facts["input"][:2])
values = np.asarray(model(np.asarray(crop, "float32")[None], training=False))[0]
best = int(values.argmax())
known = facts["threshold"] is None or values[best] >= facts["threshold"]
print(facts["names"][best] if known else "unknown", f"{{values[best]:.3f}}")
'''


def facts_of(model: StoredModel) -> dict[str, Any]:
    """What a program needs to use the exported network of `model`, as JSON.

    `names` are in the order of the network's outputs; each person's own threshold is in the
    scores, as in recognition, so that one `threshold` holds for all. Recipe `classic` has none: its
    probabilities say nothing about strangers.
    """
    info = model.info
    scores = info.recipe != "classic"
    facts = {
        "format": 1,
        "model": info.id,
        "created": info.created,
        "recipe": info.recipe,
        "backbone": info.details.get("backbone", "vgg16"),
        "names": [name for _id, name, _revision in model.labels],
        "input": [160, 160, 3],
        "preprocessing": PREPROCESSING,
        "output": "scores" if scores else "probabilities",
        "threshold": info.threshold if scores else None,
        "note": (
            "A face whose best score is below the threshold is nobody of these."
            if scores
            else "A softmax is as sure of strangers: it always names somebody of these."
        ),
        "versions": dict(versions()),
    }
    return dict(plain(facts))


FILE_NAME = "identity_vgg.keras"


@dataclass(frozen=True, slots=True, eq=False)
class ExportPart:
    """One network of a model, and the face space that was fitted on its features.

    `features` maps a Keras tensor of crops to one of feature rows (n, k). `weight` scales the
    part's unit embeddings: the model's embeddings are the parts' one after the other, and the
    squares of all weights sum to 1.
    """

    name: str
    features: Callable[[Any], Any]
    space: FaceSpace
    weight: float = 1.0


def parts_of(space: Space, weights: Weights | None) -> list[ExportPart]:
    """The networks behind a space; `weights` are VGG16's, None for the face network alone."""
    if isinstance(space, JointSpace):
        return [
            replace(single, weight=math.sqrt(share))
            for part, share in zip(space.parts, space.shares, strict=True)
            for single in parts_of(part, weights if part.length == ROW else None)
        ]
    assert isinstance(space, FaceSpace)
    if weights is None:
        return [ExportPart("resnet", _face_network, space)]
    return [ExportPart("vgg16", lambda crops: _vgg16(weights, crops), space)]


def _vgg16(weights: Weights, crops: Any) -> Any:
    """The steps of `KerasExtractor`."""
    pictures = keras.ops.round(
        keras.ops.image.resize(crops, (VIEW, VIEW), interpolation="bilinear", antialias=False)
    )
    return vgg16_rows(weights)(pictures, training=False)


def _face_network(crops: Any) -> Any:
    """The steps of `KerasResnetExtractor`, `resnet.chips` too."""
    # From each pixel of the chip to its place in the crop; the last two are for perspective.
    turn = np.append(CROP_OF_CHIP.ravel(), (0.0, 0.0)).astype(np.float32)
    whole = keras.ops.image.affine_transform(
        crops, turn, interpolation="bilinear", fill_mode="nearest"
    )
    offset = [-mean / SCALE for mean in CHANNEL_MEANS]
    colours = keras.layers.Rescaling(1 / SCALE, offset=offset, name="chip_colours")
    return resnet_model(load_resnet())(colours(whole[:, :CHIP, :CHIP]))


def keras_network(model: StoredModel, weights: Weights | None, space: Space | None) -> keras.Model:
    """The whole network of a stored model, in float32.

    Recipe `classic`: outputs softmax probabilities (n, people). Recipe `head` (needs `space`):
    outputs scores (n, people) as `Gallery` gives them, to be compared with the model's threshold.
    Columns are in the order of `model.labels`. Raises ModelError if the space does not fit,
    ModelCorrupt.
    """
    if model.info.recipe == "classic" and weights is not None:
        side = side_of(model.arrays)
        network = build_classic(weights, len(model.labels), low_precision=False, side=side)
        set_arrays(network, model.arrays)
        return network
    if space is None or space.dims != model.centres.shape[1]:
        raise ModelError(
            "The model cannot be exported",
            f"{model.info.id} was trained in another face space than the one installed",
            "Train again, then export.",
        )
    raised = model.info.calibration.get("raised") or [0.0] * len(model.labels)
    return head_network(parts_of(space, weights), model.centres, space.cohort, raised)


def export_keras(
    model: StoredModel, weights: Weights | None, destination: Path, space: Space | None = None
) -> Path:
    """Write `keras_network` to `destination`, a `.keras` or `.h5` file or an existing folder, with
    its facts beside it (JSON, and in the file itself) and a script that uses both; return the file.

    Each file appears when complete. Raises as `keras_network`, DiskFull, WorkspaceUnusable.
    """
    path = destination / FILE_NAME if destination.is_dir() else destination
    network = keras_network(model, weights, space)
    facts = facts_of(model)
    text = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    with translate_os_errors("export the model", path):
        make_directory(path.parent)
        handle, name = tempfile.mkstemp(prefix=".tmp-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        try:
            (_save_h5 if path.suffix == ".h5" else _save_keras)(network, name, text)
            Path(name).chmod(FILE_MODE)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    write_plain(path.with_suffix(".json"), text.encode())
    write_plain(path.with_name(SCRIPT), _SCRIPT.format(file=path.name).encode())
    return path


def _save_keras(network: keras.Model, name: str, facts: str) -> None:
    """The archive that Keras writes, with the facts as one more member."""
    network.save(name)
    with zipfile.ZipFile(name, "a") as archive:
        archive.writestr(f"{METADATA}.json", facts)


def _save_h5(network: keras.Model, name: str, facts: str) -> None:
    """An HDF5 file whose attributes are the network's description and the facts.

    Keras' own HDF5 writer describes layers only: a network of operations (a flip, a root) could not
    be read again, though its reader takes today's description, which `.keras` files have too. As
    it is longer than an attribute of HDF5's first format may be, the file is of the latest.
    """
    with tempfile.TemporaryDirectory(dir=Path(name).parent, prefix=".tmp-") as folder:
        first = Path(folder, "keras.h5")
        keras.saving.save_model(network, first, include_optimizer=False)
        with h5py.File(first) as old, h5py.File(name, "w", libver="latest") as new:
            new.attrs.update(old.attrs)
            for group in old:
                old.copy(group, new)
            described = keras.saving.serialize_keras_object(network)
            new.attrs["model_config"] = json.dumps(described).encode()
            new.attrs[METADATA] = facts.encode()


def recipe_layers(
    recipe: str, people: int, weights: Weights, space: Space, unfreeze: bool = False
) -> tuple[LayerRow, ...]:
    """Every layer of a recipe's network for so many people, and whether it trains."""
    if recipe == "classic":
        network = build_classic(weights, people, low_precision=False)
        if unfreeze:
            unfreeze_block5(network)
    else:
        centres = np.eye(people, space.dims, dtype=np.float32)
        network = head_network(parts_of(space, weights), centres, space.cohort)
    return layer_table(network)


def head_network(
    parts: Sequence[ExportPart], centres: Float32, cohort: Float32, raised: Sequence[float] = ()
) -> keras.Model:
    """Crops (n, 160, 160, 3) to scores (n, people): features, face space, cosines, cohort.

    The same steps as an extractor, `Space.embed` and `cohort_scores`, less what each person's
    threshold is `raised` by, in one graph. Only the layer `people`, whose kernel is `centres`, is
    marked as trainable.
    """
    ops, layers = keras.ops, keras.layers
    crops = keras.Input((SIZE, SIZE, 3), name="crops", dtype="float32")
    embedded = [_embedding(part, crops) for part in parts]
    embeddings = embedded[0] if len(embedded) == 1 else ops.concatenate(embedded, axis=1)
    cosines = _dense("people", centres.T, embeddings, trainable=True)
    more = np.asarray(raised or [0.0] * len(centres), np.float32)
    offset = (-centre_levels(centres, cohort)[0] - more).tolist()
    cosines = layers.Rescaling(1.0, offset=offset, name="centre_levels")(cosines)
    strangers = _dense("cohort", cohort.T, embeddings)
    nearest = min(NEAREST, len(cohort))
    level = ops.mean(ops.top_k(strangers, nearest)[0], axis=-1, keepdims=True)
    return keras.Model(crops, ops.subtract(cosines, level), name="identity_vgg")


def _embedding(part: ExportPart, crops: Any) -> Any:
    """Crops to the part's share of the embeddings."""
    ops, layers = keras.ops, keras.layers
    space = part.space
    # A batch normalisation in inference mode subtracts a stored mean, and keeps it as weights.
    centre = layers.BatchNormalization(
        center=False, scale=False, epsilon=0.0, trainable=False, name=f"{part.name}_mean"
    )
    rows = centre(part.features(crops))
    centre.set_weights([space.mean, np.ones(space.length, np.float32)])
    if space.rooted:
        rows = ops.sign(rows) * ops.sqrt(ops.abs(rows))
    cuts = np.cumsum(space.parts)[:-1].tolist()
    pieces = ops.split(rows, cuts, axis=1) if cuts else [rows]
    unit = [layers.UnitNormalization()(piece) for piece in pieces]
    rows = unit[0] if len(unit) == 1 else ops.concatenate(unit, axis=1)
    projected = _dense(f"{part.name}_space", np.asarray(space.projection), rows, -space.offset)
    embedding = layers.UnitNormalization(name=f"{part.name}_embedding")(projected)
    if part.weight == 1.0:
        return embedding
    return layers.Rescaling(part.weight, name=f"{part.name}_weight")(embedding)


def _dense(
    name: str,
    kernel: NDArray[np.floating[Any]],
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
