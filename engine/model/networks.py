"""The network that a model needs, kept for the next job; its layers; its export as a Keras file.

Also the model in use, or the last intact one before it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.contract import Emit, Notice
from engine.contract.errors import ModelCorrupt, ModelError, Remedy, UsageError
from engine.contract.requests import TrainRequest
from engine.model.backbones import (
    DEFAULT,
    Backbone,
    Choice,
    backbone_name,
    choose_backbone,
    extractor_of,
    load_backbone,
    measured,
    outdated,
    packaged_space,
    with_weights,
)
from engine.model.record import ModelInfo, StoredModel
from engine.model.store import ModelStore
from engine.model.vgg16 import LayerRow
from engine.model.weights import Weights, load_weights
from engine.settings import BackboneName, ModelSettings, Recipe, RuntimeWish, train_options
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace


def layers(recipe: Recipe, *, people: int, unfreeze: bool) -> tuple[LayerRow, ...]:
    """Every layer of a recipe's network for so many people. Raises UsageError."""
    if recipe == "head" and unfreeze:
        refuse_of_recipe("head", ["unfreeze"])
    from engine.model.keras_export import recipe_layers  # TensorFlow: seconds

    return recipe_layers(recipe, people, load_weights(), packaged_space(DEFAULT), unfreeze)


def export(workspace: Workspace, file: Path, identity: str | None) -> int:
    """Write a model (None: the one in use) as one Keras file, `.keras` or `.h5`, with its facts and
    a script beside it; the file's size in bytes.

    Raises NoModel, ModelCorrupt, ModelError for a name that is no Keras file's.
    """
    if file.suffix not in (".keras", ".h5") and not file.is_dir():
        raise ModelError(
            "The model cannot be exported", f"{file} does not end in .keras or .h5", "Name it so."
        )
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
    given = ["unfreeze"] if request.unfreeze and request.recipe == "head" else []
    fitting = train_options(request.recipe)
    given += [name.replace("_", " ") for name in request.options if name not in fitting]
    refuse_of_recipe(request.recipe, given)
    if request.backbone in (None, "vgg16"):
        return
    options = {
        "recipe classic": request.recipe == "classic" and request.backbone == "resnet",
        "unfreeze": request.unfreeze and request.backbone == "resnet",
        "weights": request.weights is not None,
    }
    given = [option for option, is_given in options.items() if is_given]
    if given:
        raise UsageError(
            f"{' and '.join(given)} needs VGG16",
            f"backbone {request.backbone} was asked for",
            "Choose one of the two.",
        )


def refuse_of_recipe(recipe: Recipe, given: Sequence[str]) -> None:
    """Raise UsageError if options are `given` that `recipe` cannot act on."""
    if given:
        other = "classic" if recipe == "head" else "head"
        raise UsageError(
            f"{' and '.join(given)} is for recipe {other}",
            "recipe head trains on features, and VGG16 stays as it is" if recipe == "head" else "",
            f"Choose recipe {other}, or leave it out.",
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
    source = _source(info)
    weights = load_weights(source, fetch=False)
    if weights.digest != info.details.get("weights", weights.digest):
        if source is None:
            raise outdated(info)
        raise ModelCorrupt(
            "The model does not fit these VGG16 weights",
            f"{info.id} was trained with others than {source} holds now",
            "Train again.",
        )
    return weights


def _source(info: ModelInfo) -> str | None:
    """Where the VGG16 weights of a model are from; None for the packaged ones."""
    source = str(info.details.get("weights_source", "packaged"))
    return None if source == "packaged" else source


Key = tuple[str, str, object]


class Backbones:
    """Loads backbones and keeps the last one. Calls may come from any thread; one loads at a time.

    A process that does one job needs no more than a fresh one of these.
    """

    def __init__(self, settings: ModelSettings | None = None, kept: Backbone | None = None) -> None:
        """`kept`: taken for the packaged one of its name, as if it had been loaded already; it is
        then the one chosen, too.
        """
        self._settings = settings or ModelSettings()
        self._runtime = self._settings.runtime
        self._choice = Choice(kept.name, "") if kept is not None else None
        self._lock = threading.Lock()
        self._kept = kept
        self._key: Key | None = _key(kept.name, None) if kept is not None else None

    def named(self, name: BackboneName, weights: str | None = None) -> Backbone:
        """`backbones.load_backbone`, unless it is there already; raises as that does."""
        key = _key(name, weights)
        with self._lock:
            if self._kept is not None and self._key == key:
                return self._kept
            return self._load(key, lambda: load_backbone(name, weights, self._runtime))

    @property
    def choice(self) -> Choice:
        """The backbone that the settings mean on this machine; the first time VGG16 is timed.

        Raises BackboneMissing, ModelCorrupt, ModelError.
        """
        with self._lock:
            if self._choice is None:
                wish, seconds = self._settings.backbone, None
                if wish == "auto":
                    seconds = measured(extractor_of("vgg16", self._runtime))
                self._choice = choose_backbone(wish, seconds)
            return self._choice

    def chosen(self) -> Backbone:
        """The backbone of `choice`; raises as that and `named` do."""
        return self.named(self.choice.name)

    def of(self, info: ModelInfo) -> Backbone:
        """`networks.backbone_of`, unless it is there already; raises as that does."""
        key = _key(backbone_name(info), _source(info))
        with self._lock:
            kept = self._kept if self._key == key else None
            if kept is not None and info.details.get("weights", kept.digest) == kept.digest:
                return kept
            return self._load(key, lambda: backbone_of(info, self._runtime))

    def _load(self, key: Key, load: Callable[[], Backbone]) -> Backbone:
        self._kept = None  # two at once would need twice the memory
        found = load()
        self._kept, self._key = found, key
        return found


def _key(name: str, weights: str | None) -> Key:
    """What a backbone is known by: of other weights also whether their file is the same."""
    if weights is None:
        return name, "", None
    try:
        found = Path(weights).expanduser().stat()
    except OSError:
        return name, weights, None
    return name, weights, (found.st_size, found.st_mtime_ns, found.st_ino)


def model_in_use(workspace: Workspace, emit: Emit) -> StoredModel:
    """The model in use. If it is damaged, the intact one before it, with a Notice.

    Raises NoModel, and ModelCorrupt if no model is intact.
    """
    model, damage = ModelStore(workspace).load_or_previous()
    if damage is not None:
        emit(
            Notice(
                text=(
                    f"The model in use is damaged ({damage.message}). The one before it, "
                    f"{model.info.id}, is used instead."
                ),
                level="warning",
                hint=Remedy.ROLLBACK,
            )
        )
    return model
