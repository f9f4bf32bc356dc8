"""A recipe's network layer by layer, and a trained one as a Keras file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.audit import Audit
from engine.errors import ModelCorrupt, UsageError
from engine.model.backbones import (
    DEFAULT,
    Backbone,
    backbone_name,
    load_backbone,
    outdated,
    packaged_space,
    with_weights,
)
from engine.model.store import ModelInfo, ModelStore
from engine.model.vgg16_plan import LayerRow
from engine.model.weights import Weights, load_weights
from engine.service.protocol import Recipe, TrainRequest
from engine.settings import RuntimeWish
from engine.workspace import Workspace


def layers(recipe: Recipe, *, people: int, unfreeze: bool) -> tuple[LayerRow, ...]:
    """Every layer of a recipe's network for so many people. Raises UsageError."""
    if recipe == "head" and unfreeze:
        refuse_of_head(["--unfreeze"])
    from engine.model.keras_export import recipe_layers  # TensorFlow: seconds

    return recipe_layers(recipe, people, load_weights(), packaged_space(DEFAULT), unfreeze)


def export(workspace: Workspace, file: Path, identity: str | None) -> int:
    """Write a model (None: the one in use) as one Keras file, `.keras` or `.h5`, with its facts and
    a script beside it; the file's size in bytes.

    Raises NoModel, ModelCorrupt, ModelError for a name that is no Keras file's.
    """
    model = ModelStore(workspace).load(identity)
    name = backbone_name(model.info)
    if name == "vgg16":
        weights: Weights | None = weights_of(model.info)
    else:
        weights = load_weights() if name == "both" else None
    space = packaged_space(name)
    if model.info.details.get("face_space", space.digest) != space.digest:
        raise ModelCorrupt(
            "The model does not fit the network that is installed",
            f"{model.info.id} was trained in another face space",
            "Train again, then export.",
        )
    from engine.model.keras_export import export_keras  # TensorFlow: seconds

    with Audit(workspace).of("exported", what="model", model=model.info.id):
        written = export_keras(model, weights, file, space)
    return written.stat().st_size


def refuse_unfitting(request: TrainRequest) -> None:
    """Raise UsageError for options that the request's backbone or recipe does not have."""
    if request.recipe == "head":
        options = {
            "--unfreeze": request.unfreeze,
            "--input-side": request.input_side is not None,
        }
        refuse_of_head([option for option, is_given in options.items() if is_given])
    if request.backbone in (None, "vgg16"):
        return
    options = {
        "--recipe classic": request.recipe == "classic" and request.backbone == "resnet",
        "--unfreeze": request.unfreeze and request.backbone == "resnet",
        "--weights": request.weights is not None,
    }
    given = [option for option, is_given in options.items() if is_given]
    if given:
        raise UsageError(
            "{given} needs VGG16".format(given=" and ".join(given)),
            f"backbone {request.backbone} was asked for",
            "Leave --backbone out, or the other option.",
        )


def refuse_of_head(given: Sequence[str]) -> None:
    """Raise UsageError for options that recipe `head` cannot act on."""
    if given:
        raise UsageError(
            "{given} is for recipe classic".format(given=" and ".join(given)),
            "recipe head trains on features, and VGG16 stays as it is",
            "Add --recipe classic, or leave it out.",
        )


def backbone_of(info: ModelInfo, runtime: RuntimeWish) -> Backbone:
    """The backbone that a model was trained on, its network the same as then.

    `runtime` is the setting `model.runtime`. Raises BackboneMissing if it needs an extra or a
    runtime that is not installed, ModelCorrupt if the
    network's files have changed, ModelError if they are gone.
    """
    name = backbone_name(info)
    if name == "vgg16":
        return with_weights(weights_of(info), runtime)
    backbone = load_backbone(name, runtime=runtime)
    if backbone.digest != info.details.get("weights"):
        raise outdated(info)
    return backbone


def weights_of(info: ModelInfo) -> Weights:
    """The VGG16 weights that a model was trained with.

    Raises ModelCorrupt if the file it names holds others by now, ModelError if it is gone.
    """
    source = str(info.details.get("weights_source", "packaged"))
    weights = load_weights(None if source == "packaged" else source, fetch=False)
    if weights.digest != info.details.get("weights", weights.digest):
        if source == "packaged":
            raise outdated(info)
        raise ModelCorrupt(
            "The model does not fit these VGG16 weights",
            f"{info.id} was trained with others than {source} holds now",
            "Train again.",
        )
    return weights
