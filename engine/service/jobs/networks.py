"""A recipe's network layer by layer, and a trained one as a Keras file."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ModelCorrupt
from engine.model.face_space import FaceSpace
from engine.model.keras_export import export_keras, recipe_layers
from engine.model.store import ModelInfo, ModelStore
from engine.model.vgg16 import LayerRow
from engine.model.weights import Weights, load_weights
from engine.service.protocol import Recipe
from engine.workspace import Workspace


def layers(recipe: Recipe, *, people: int, unfreeze: bool) -> tuple[LayerRow, ...]:
    """Every layer of a recipe's network for so many people."""
    return recipe_layers(recipe, people, load_weights(), FaceSpace.load(), unfreeze)


def export(workspace: Workspace, file: Path, identity: str | None) -> int:
    """Write a model (None: the one in use) as one Keras file; its size in bytes.

    Raises NoModel, ModelCorrupt, ModelError for a name that is no Keras file's.
    """
    model = ModelStore(workspace).load(identity)
    written = export_keras(model, weights_of(model.info), file, FaceSpace.load())
    return written.stat().st_size


def weights_of(info: ModelInfo) -> Weights:
    """The VGG16 weights that a model was trained with.

    Raises ModelCorrupt if the file it names holds others by now, ModelError if it is gone.
    """
    source = str(info.details.get("weights_source", "packaged"))
    weights = load_weights(None if source == "packaged" else source)
    if weights.digest != info.details.get("weights", weights.digest):
        raise ModelCorrupt(
            "The model does not fit these VGG16 weights",
            f"{info.id} was trained with others than {source} holds now",
            "Train again.",
        )
    return weights
