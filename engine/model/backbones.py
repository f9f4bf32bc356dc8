"""The networks that faces can go through, by name, each with the face space fitted on it.

Importing this loads neither TensorFlow nor OpenVINO; asking for an extractor loads its own only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError, ModelCorrupt, UsageError
from engine.files import read_plain
from engine.model.face_space import PACKAGED, FaceSpace, Space, digest_file
from engine.model.joint_space import JointSpace
from engine.model.record import BackboneName, ModelInfo
from engine.settings import RuntimeWish

if TYPE_CHECKING:
    from engine.model.feature_row import Extracts
    from engine.model.weights import Weights

NAMES: tuple[BackboneName, ...] = get_args(BackboneName)
DEFAULT: BackboneName = "both"

SPACES: dict[BackboneName, Path] = {
    "both": PACKAGED.with_name("both_space.npz"),
    "vgg16": PACKAGED,
    "resnet": PACKAGED.with_name("resnet_space.npz"),
}
"""The packaged face space of each backbone; that of both has only what is not in the others'."""
OPINIONS: tuple[BackboneName, BackboneName] = "vgg16", "resnet"
"""The networks behind `both`, in the order of their features in a row."""


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """An extractor and the face space fitted on its features.

    `weights` are VGG16's, which recipe `classic` and the Keras export need, None for another
    network. `digest` names the networks' weights.
    """

    name: BackboneName
    extractor: Extracts
    space: Space
    weights: Weights | None
    digest: str


class Together:
    """Several networks as one extractor: their rows side by side. Calls as its parts take them."""

    def __init__(self, parts: Sequence[Extracts]) -> None:
        self.parts = tuple(parts)
        self.length = sum(part.length for part in parts)
        names = " ".join(part.digest for part in parts)
        self.digest = hashlib.sha256(names.encode()).hexdigest()

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Rows (n, length), float32, of `crops` (n, 160, 160, 3), uint8, RGB."""
        return np.concatenate([part.extract(crops) for part in self.parts], axis=1)


def load_backbone(
    name: BackboneName = DEFAULT, weights: str | None = None, runtime: RuntimeWish = "auto"
) -> Backbone:
    """The backbone of this name. `weights`: other VGG16 weights, as `load_weights` takes them.

    `runtime`: what computes it (setting `model.runtime`). Takes a moment, with Keras seconds.
    Raises BackboneMissing if the runtime is not installed, UsageError for `weights` of another
    network than VGG16, ModelCorrupt, ModelError.
    """
    if weights is not None and name != "vgg16":
        raise UsageError(
            f"Backbone {name} takes no VGG16 weights",
            weights,
            "Its face space is fitted on the packaged ones: add --backbone vgg16.",
        )
    if name == "resnet":
        from engine.model.resnet import DIGEST

        extractor = load_extractor(name, runtime)
        return Backbone(name, extractor, packaged_space(name), None, DIGEST)
    from engine.model.weights import load_weights

    return with_weights(load_weights(weights), runtime, name)


def with_weights(
    weights: Weights, runtime: RuntimeWish = "auto", name: BackboneName = "vgg16"
) -> Backbone:
    """VGG16, alone or with the face network, with weights that are loaded already.

    Raises BackboneMissing, ModelCorrupt.
    """
    from engine.model.runtime import vgg16_extractor

    if name != "both":
        extractor = vgg16_extractor(weights, runtime)
        return Backbone(name, extractor, packaged_space(name), weights, weights.digest)
    from engine.model.resnet import DIGEST

    # Each takes most of a second, mostly outside Python: somebody waits for the first name.
    with ThreadPoolExecutor(2, "networks") as beside:
        face_network = beside.submit(load_extractor, "resnet", runtime)
        space = beside.submit(packaged_space, name)
        extractors = vgg16_extractor(weights, runtime), face_network.result()
        digest = hashlib.sha256(f"{weights.digest} {DIGEST}".encode()).hexdigest()
        return Backbone(name, Together(extractors), space.result(), weights, digest)


def packaged_space(name: BackboneName) -> Space:
    """The face space that ships for a backbone. Raises ModelCorrupt."""
    if name == "both":
        parts = [FaceSpace.load(SPACES[part]) for part in OPINIONS]
        return JointSpace.load(SPACES[name], OPINIONS, parts)
    return FaceSpace.load(SPACES[name])


def usable(info: ModelInfo) -> bool:
    """Whether a model was made in a face space that this version has. Loads none."""
    made_in = info.details.get("face_space")
    return any(made_in == _noted(path) for path in SPACES.values())


def outdated(info: ModelInfo) -> ModelCorrupt:
    """What to raise for a model that an earlier version made in another way."""
    return ModelCorrupt(
        "This model was trained by an earlier version",
        f"{info.id} was made in another face space; people and pictures are all there",
        "Train again: press t, or run `facedesk train`.",
    )


def load_extractor(name: BackboneName, runtime: RuntimeWish = "auto") -> Extracts:
    """A backbone's extractor alone, for fitting its space. Raises BackboneMissing."""
    from engine.model.runtime import resnet_extractor, vgg16_extractor
    from engine.model.weights import load_weights

    if name == "both":
        return Together([load_extractor(part, runtime) for part in OPINIONS])
    if name == "resnet":
        return resnet_extractor(runtime)
    return vgg16_extractor(load_weights(), runtime)


def _noted(space: Path) -> str:
    """The digest that stands beside a packaged space; empty without one."""
    try:
        return read_plain(digest_file(space)).decode("ascii", "replace").partition(" ")[0]
    except (FileNotFoundError, DataError):
        return ""


def backbone_name(info: ModelInfo) -> BackboneName:
    """The backbone a model was trained on; VGG16 if it was trained before there was a choice.

    Raises ModelCorrupt for one that this version does not have.
    """
    recorded = info.details.get("backbone", "vgg16")
    for name in NAMES:
        if name == recorded:
            return name
    raise ModelCorrupt(
        "The model needs a backbone that this Facedesk lacks",
        f"{info.id} was trained on {recorded}",
        "Train again, or use a newer Facedesk.",
    )
