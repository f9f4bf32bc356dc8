"""What an earlier version left is brought up to date before a training; nothing is lost.

Crops are realigned, sightings in the inbox get features of today's network, so that they group
with new ones, and caches of features that no network computes any more go. Models stay, and are
refused in words until there is a new one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.cancel import Cancel
from engine.enrol.inbox import Inbox, Sighting
from engine.events import Emit, Notice
from engine.files import read_bytes, translate_os_errors
from engine.model.arrays import pack
from engine.model.backbones import Backbone, Together, usable
from engine.model.feature_cache import cached_arrays
from engine.model.store import ModelStore
from engine.pictures import Unreadable, decode_crop
from engine.service.jobs.realigning import realign
from engine.settings import Settings
from engine.workspace import Workspace

_DIGEST = re.compile(r"[0-9a-f]{64}")


def bring_up_to_date(
    workspace: Workspace, settings: Settings, backbone: Backbone, cancel: Cancel, emit: Emit
) -> None:
    """Do all of it for `backbone`, which is about to be trained on; says what was done.

    The caller holds `Workspace.writer`. What is cut short is done at the next training. Raises
    Cancelled, DiskFull, WorkspaceUnusable.
    """
    realign(workspace, settings, cancel, emit)
    _renew_sightings(Inbox(workspace, settings.inbox), backbone, cancel, emit)
    _remove_features(workspace, backbone, emit)


def _renew_sightings(inbox: Inbox, backbone: Backbone, cancel: Cancel, emit: Emit) -> None:
    """Compute anew what other networks said of the strangers who wait; those damaged stay."""
    digests = backbone.extractor.digest, backbone.space.digest
    renewed = 0
    for sighting in inbox.sightings():
        if (sighting.extractor, sighting.space) == digests:
            continue
        cancel.check()
        try:
            inbox.renew(sighting.id, _features(inbox, sighting, backbone), *digests)
        except (FileNotFoundError, Unreadable):
            continue
        renewed += 1
    if renewed:
        text = (
            "{count} sighting in the inbox was looked at by the present network, and groups anew."
            if renewed == 1
            else (
                "{count} sightings in the inbox were looked at by the present "
                "network, and group anew."
            )
        )
        emit(Notice(text=text.format(count=renewed)))


def _features(inbox: Inbox, sighting: Sighting, backbone: Backbone) -> bytes:
    """The features file of a sighting's crops by `backbone`."""
    folder = inbox.folder(sighting.id)
    files = [record.file for record in sighting.records]
    rows = backbone.extractor.extract(np.stack([decode_crop(folder / file) for file in files]))
    pictures = {file: read_bytes(folder / file) for file in files}
    embeddings = backbone.space.embed(rows)
    return pack({**cached_arrays(pictures, rows), "embeddings": embeddings})


def _remove_features(workspace: Workspace, backbone: Backbone, emit: Emit) -> None:
    """Remove the features of networks that neither `backbone` nor a usable model is made of."""
    extractor = backbone.extractor
    parts = extractor.parts if isinstance(extractor, Together) else ()
    models = [info for info in ModelStore(workspace).list() if usable(info)]
    needed = {extractor.digest, *(part.digest for part in parts)}
    needed |= {str(info.details.get("extractor")) for info in models}
    freed = 0
    for folder in _caches(workspace):
        if folder.name not in needed:
            freed += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            with translate_os_errors("remove a folder", folder):
                shutil.rmtree(folder)
    if freed:
        emit(
            Notice(
                text=(
                    "Removed features of an earlier version, which nothing reads: {megabytes} MB."
                ).format(megabytes=f"{freed / 1e6:.1f}")
            )
        )


def _caches(workspace: Workspace) -> Iterator[Path]:
    """The folders of features that are ours by name."""
    for area in (workspace.features, workspace.stranger_features):
        if area.is_dir():
            for folder in sorted(area.iterdir()):
                if _DIGEST.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                    yield folder
