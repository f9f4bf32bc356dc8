"""The network that was loaded last, kept for the next job that needs the same one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from engine.model.backbones import Backbone, backbone_name, load_backbone, load_extractor
from engine.model.choice import Choice, choose_backbone, measured
from engine.model.record import BackboneName, ModelInfo
from engine.service.jobs.networks import backbone_of
from engine.settings import ModelSettings

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
                    seconds = measured(load_extractor("vgg16", self._runtime))
                self._choice = choose_backbone(wish, seconds)
            return self._choice

    def chosen(self) -> Backbone:
        """The backbone of `choice`; raises as that and `named` do."""
        return self.named(self.choice.name)

    def of(self, info: ModelInfo) -> Backbone:
        """`networks.backbone_of`, unless it is there already; raises as that does."""
        source = str(info.details.get("weights_source", "packaged"))
        key = _key(backbone_name(info), None if source == "packaged" else source)
        with self._lock:
            kept = self._kept
            if kept is not None and self._key == key and not _other_weights(kept, info):
                return kept
            return self._load(key, lambda: backbone_of(info, self._runtime))

    def _load(self, key: Key, load: Callable[[], Backbone]) -> Backbone:
        self._kept = None  # two at once would need twice the memory
        found = load()
        self._kept, self._key = found, key
        return found


def _other_weights(kept: Backbone, info: ModelInfo) -> bool:
    return bool(info.details.get("weights", kept.digest) != kept.digest)


def _key(name: str, weights: str | None) -> Key:
    """What a backbone is known by: of other weights also whether their file is the same."""
    if weights is None:
        return name, "", None
    try:
        found = Path(weights).expanduser().stat()
    except OSError:
        return name, weights, None
    return name, weights, (found.st_size, found.st_mtime_ns, found.st_ino)
