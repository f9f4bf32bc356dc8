"""The networks that faces can go through: their table, what computes them here, which is chosen.

Importing this loads neither TensorFlow nor OpenVINO; asking for an extractor loads its own only.
OpenVINO computes where it can, else Keras. VGG16 takes by far the most arithmetic: where it alone
takes longer than SLOW a face, live recognition could not follow, so the face network judges alone.

TensorFlow takes seconds to import, so a thread of low priority loads it ahead. It only loads
modules: threads that TensorFlow starts later must not inherit the low priority.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract.errors import (
    BackboneMissing,
    DataError,
    FacedeskError,
    ModelCorrupt,
    Remedy,
    UsageError,
)
from engine.logs import LOADER
from engine.machine import CPUINFO, processor_features, processor_name, usable_cores
from engine.model import resnet, weights
from engine.model.face_space import PACKAGED, FaceSpace, JointSpace, Space, digest_file
from engine.model.record import ModelInfo
from engine.model.vgg16 import RECIPE, SIZE, BackboneRow
from engine.openvino_networks import cache_folder
from engine.settings import BackboneName, BackboneWish, RuntimeWish
from engine.shortage import refuse_shortage
from engine.workspace.files import read_plain, write_plain

if TYPE_CHECKING:
    from engine.model.vgg16 import Extracts
    from engine.model.weights import Weights


DEFAULT: BackboneName = "both"

BOTH = BackboneRow(
    name="both",
    title="both",
    judges="VGG16 and the face network judge",
    space="both_space.npz",  # only what is not in the others'
    alike=0.35,
    two_faces=(0.44, 0.28),
    takes_weights=True,
    members=("vgg16", "resnet"),
)
BACKBONES: Mapping[str, BackboneRow] = {
    row.name: row for row in (BOTH, weights.BACKBONE, resnet.BACKBONE)
}
"""The networks that faces can go through: all that is known of each stands in its row."""


def space_file(name: str) -> Path:
    """The packaged face space of a backbone."""
    return PACKAGED.with_name(BACKBONES[name].space)


def networks_of(name: BackboneName) -> tuple[BackboneRow, ...]:
    """The networks behind a backbone, itself or its members, in the order of their features."""
    return tuple(BACKBONES[each] for each in BACKBONES[name].members or (name,))


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
    name: BackboneName = DEFAULT, source: str | None = None, runtime: RuntimeWish = "auto"
) -> Backbone:
    """The backbone of this name. `source`: other VGG16 weights, as `load_weights` takes them.

    `runtime`: what computes it (setting `model.runtime`). Takes a moment, with Keras seconds.
    Raises BackboneMissing if the runtime is not installed, UsageError for `source` of another
    network than VGG16, ModelCorrupt, ModelError.
    """
    if source is not None and name != "vgg16":
        raise UsageError(
            f"Backbone {name} takes no VGG16 weights",
            source,
            "Choose backbone vgg16 to use other weights.",
        )
    takes = BACKBONES[name].takes_weights
    return with_weights(weights.load_weights(source) if takes else None, runtime, name)


def with_weights(
    loaded: Weights | None, runtime: RuntimeWish = "auto", name: BackboneName = "vgg16"
) -> Backbone:
    """A backbone with VGG16 weights that are loaded already, None if it takes none.

    Raises BackboneMissing, ModelCorrupt.
    """
    rows = networks_of(name)
    # Each takes most of a second, mostly outside Python: somebody waits for the first name.
    with ThreadPoolExecutor(len(rows), "networks") as beside:
        space = beside.submit(packaged_space, name)
        others = [beside.submit(extractor_of, row.name, runtime, loaded) for row in rows[1:]]
        first = extractor_of(rows[0].name, runtime, loaded)
        extractors = [first, *(each.result() for each in others)]
        digests = [loaded.digest if loaded and row.takes_weights else row.digest for row in rows]
        if len(rows) == 1:
            return Backbone(name, first, space.result(), loaded, digests[0])
        digest = hashlib.sha256(" ".join(digests).encode()).hexdigest()
        return Backbone(name, Together(extractors), space.result(), loaded, digest)


def packaged_space(name: BackboneName) -> Space:
    """The face space that ships for a backbone. Raises ModelCorrupt."""
    members = BACKBONES[name].members
    if not members:
        return FaceSpace.load(space_file(name))
    parts = [FaceSpace.load(space_file(part)) for part in members]
    return JointSpace.load(space_file(name), members, parts)


def usable(info: ModelInfo) -> bool:
    """Whether a model was made in a face space that this version has. Loads none."""
    made_in = info.details.get("face_space")
    return any(made_in == noted_digest(space_file(name)) for name in BACKBONES)


def outdated(info: ModelInfo) -> ModelCorrupt:
    """What to raise for a model that an earlier version made in another way."""
    return ModelCorrupt(
        "This model was trained by an earlier version",
        f"{info.id} was made in another face space; people and pictures are all there",
        Remedy.TRAIN,
    )


def noted_digest(space: Path) -> str:
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
    if recorded in BACKBONES:
        return BACKBONES[recorded].name
    raise ModelCorrupt(
        "The model needs a backbone that this Facedesk lacks",
        f"{info.id} was trained on {recorded}",
        "Train again, or use a newer Facedesk.",
    )


NEEDED = frozenset({"sse4_2", "asimd"})
"""Linux's names of what OpenVINO's processor plugin needs one of."""
INSTALL = "pip install 'openvino>=2025.4,<2027'"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A choice. `reason` is one sentence without a full stop; `fallback`: it is second best."""

    name: Literal["openvino", "keras"]
    reason: str
    fallback: bool = False


def choose_runtime(wish: RuntimeWish, cpuinfo: Path = CPUINFO) -> Runtime:
    """What `wish` (setting `model.runtime`) means on this machine."""
    if wish == "keras":
        return Runtime("keras", "the setting model.runtime asks for it")
    if wish == "openvino":
        return Runtime("openvino", "the setting model.runtime asks for it")
    if importlib.util.find_spec("openvino") is None:
        return Runtime("keras", "OpenVINO is not installed", fallback=True)
    features = processor_features(cpuinfo)
    if features and not features & NEEDED:
        return Runtime("keras", "OpenVINO does not know this processor", fallback=True)
    return Runtime("openvino", "it is installed and the processor fits")


def extractor_of(name: BackboneName, wish: RuntimeWish, loaded: Weights | None = None) -> Extracts:
    """A single network's extractor of the chosen runtime; Keras too where OpenVINO turns out not
    to work. `loaded` are VGG16 weights other than the packaged ones.

    Raises BackboneMissing if the setting insists on OpenVINO and it does not work, ModelCorrupt,
    ModelError.
    """
    row = BACKBONES[name]
    if row.members:
        raise ValueError(f"{name} is no single network")
    if choose_runtime(wish).name == "openvino":
        try:
            return _made(row.openvino, row, loaded)
        except (ImportError, RuntimeError) as error:
            refuse_shortage(error)
            if wish == "openvino":
                raise BackboneMissing(
                    "OpenVINO cannot be used, and the setting model.runtime insists on it",
                    str(error),
                    f"{INSTALL}, or leave the setting out",
                ) from error
            log.warning("Keras computes the features, OpenVINO cannot: %s", error)
    return _made(row.keras, row, loaded)


def _made(where: str, row: BackboneRow, loaded: Weights | None) -> Extracts:
    """Import the module of an extractor, which loads its runtime, and make one of the class."""
    module, _colon, name = where.partition(":")
    made: Callable[..., Extracts] = getattr(importlib.import_module(module), name)
    return made(loaded or weights.load_weights()) if row.takes_weights else made()


def prepare(wish: RuntimeWish) -> None:
    """Load the runtime, and with OpenVINO the packaged networks, which later extractors share.

    The first row packs the weights, so one is computed.
    Raises BackboneMissing, ModelCorrupt, ModelError.
    """
    if choose_runtime(wish).name == "keras":
        import engine.model.keras_networks  # noqa: F401  # TensorFlow takes seconds to load

        return
    black = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    for row in networks_of(DEFAULT):
        extractor_of(row.name, wish).extract(black)


SLOW = 0.150
"""Seconds a face from which on VGG16 is too slow."""
TRIES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A backbone and one sentence why, without a full stop."""

    name: BackboneName
    reason: str


def choose_backbone(wish: BackboneWish, seconds: float | None) -> Choice:
    """What `wish` (setting `model.backbone`) means on a machine where VGG16 takes `seconds` a
    face; None if that was never measured here."""
    if wish != "auto":
        return Choice(wish, "the setting model.backbone asks for it")
    if seconds is not None and seconds > SLOW:
        return Choice(
            "resnet",
            f"VGG16 takes {seconds * 1000:.0f} ms a face here, more than {SLOW * 1000:.0f}",
        )
    if seconds is None:
        return Choice("both", "this machine's speed is measured at the first training")
    return Choice("both", f"VGG16 takes {seconds * 1000:.0f} ms a face here")


def remembered() -> float | None:
    """Seconds that VGG16 took a face here, if it was measured."""
    try:
        found = json.loads(_file().read_text("utf-8"))[_key()]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(found) if type(found) in (int, float) and found > 0 else None


def measured(vgg16: Extracts) -> float:
    """Seconds that VGG16 takes a face: as remembered, else measured now and remembered.

    It is the least processor time of a few faces, shared out over the cores: what else the
    machine is doing does not count.
    """
    known = remembered()
    if known is not None:
        return known
    black = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    vgg16.extract(black)  # packs the weights
    taken = []
    for _unused in range(TRIES):
        began = time.process_time()
        vgg16.extract(black)
        taken.append(time.process_time() - began)
    seconds = max(min(taken) / usable_cores(), 1e-6)
    with contextlib.suppress(FacedeskError, OSError):  # else measured again next time
        write_plain(_file(), json.dumps({_key(): round(seconds, 6)}).encode())
    return seconds


def _key() -> str:
    return f"{RECIPE}, {processor_name()}, {usable_cores()} cores"


def _file() -> Path:
    return cache_folder().with_name("seconds_a_face.json")


TRAINERS = ("engine.model.training", "engine.model.classic")
NICENESS = 10
POLL = 0.1
"""Seconds between two looks at a token."""


_lock = threading.Lock()
_threads: list[threading.Thread] = []


def load_ahead() -> None:
    """Begin to load what trains, in a thread of low priority, unless that was done before."""
    with _lock:
        if not _threads:
            # Not a daemon: a process that ends in the midst of a library's initialisation crashes.
            _threads.append(threading.Thread(target=_load, name=LOADER))
            _threads[0].start()


def wait_loaded(cancel: Cancel) -> None:
    """Return when what was begun is loaded, or has failed, which whoever imports it then hears.

    Raises Cancelled, also for a stop: there is nothing yet to keep.
    """
    for thread in tuple(_threads):
        while thread.is_alive():
            cancel.check()
            thread.join(POLL)


def _load() -> None:
    with contextlib.suppress(AttributeError, OSError):  # only Linux has it a thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    for name in TRAINERS:
        try:
            importlib.import_module(name)
        except Exception:  # the training that needs it says so to the operator
            log.exception("%s cannot be loaded ahead of time", name)
