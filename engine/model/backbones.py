"""The networks that faces can go through, by name, each with the face space fitted on it.

Importing this loads neither TensorFlow nor OpenVINO; asking for an extractor loads its own only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from engine.config import RuntimeWish
from engine.errors import ModelCorrupt, UsageError
from engine.i18n import _
from engine.model.face_space import PACKAGED, FaceSpace
from engine.model.record import BackboneName, ModelInfo

if TYPE_CHECKING:
    from engine.model.feature_row import Extracts
    from engine.model.weights import Weights

NAMES: tuple[BackboneName, ...] = get_args(BackboneName)
DEFAULT: BackboneName = "vgg16"

SPACES: dict[BackboneName, Path] = {
    "vgg16": PACKAGED,
    "resnet": PACKAGED.with_name("resnet_space.npz"),
}
"""The packaged face space of each backbone."""


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """An extractor and the face space fitted on its features.

    `weights` are VGG16's, which recipe `classic` and the Keras export need, None for another
    network. `digest` names the network's weights.
    """

    name: BackboneName
    extractor: Extracts
    space: FaceSpace
    weights: Weights | None
    digest: str


def load_backbone(
    name: BackboneName = DEFAULT, weights: str | None = None, runtime: RuntimeWish = "auto"
) -> Backbone:
    """The backbone of this name. `weights`: other VGG16 weights, as `load_weights` takes them.

    `runtime`: what computes it (setting `model.runtime`). Takes a moment, with Keras seconds.
    Raises BackboneMissing if the runtime is not installed, UsageError for
    `weights` of another network than VGG16, ModelCorrupt, ModelError.
    """
    if name == "vgg16":
        from engine.model.weights import load_weights

        return with_weights(load_weights(weights), runtime)
    if weights is not None:
        raise UsageError(
            _("Backbone {name} takes no VGG16 weights").format(name=name),
            weights,
            _("Leave --weights or --backbone out."),
        )
    from engine.model.resnet import DIGEST
    from engine.model.runtime import resnet_extractor

    return Backbone(name, resnet_extractor(runtime), packaged_space(name), None, DIGEST)


def with_weights(weights: Weights, runtime: RuntimeWish = "auto") -> Backbone:
    """VGG16 with weights that are loaded already. Raises BackboneMissing."""
    from engine.model.runtime import vgg16_extractor

    extractor = vgg16_extractor(weights, runtime)
    return Backbone("vgg16", extractor, packaged_space("vgg16"), weights, weights.digest)


def packaged_space(name: BackboneName) -> FaceSpace:
    """The face space that ships for a backbone. Raises ModelCorrupt."""
    return FaceSpace.load(SPACES[name])


def load_extractor(name: BackboneName) -> Extracts:
    """A backbone's extractor alone, for fitting its space. Raises BackboneMissing."""
    from engine.model.runtime import resnet_extractor, vgg16_extractor
    from engine.model.weights import load_weights

    return vgg16_extractor(load_weights(), "auto") if name == "vgg16" else resnet_extractor("auto")


def backbone_name(info: ModelInfo) -> BackboneName:
    """The backbone a model was trained on; VGG16 if it was trained before there was a choice.

    Raises ModelCorrupt for one that this version does not have.
    """
    recorded = info.details.get("backbone", DEFAULT)
    for name in NAMES:
        if name == recorded:
            return name
    raise ModelCorrupt(
        _("The model needs a backbone that this Facedesk lacks"),
        _("{id} was trained on {recorded}").format(id=info.id, recorded=recorded),
        _("Train again, or use a newer Facedesk."),
    )
