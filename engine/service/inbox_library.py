"""Reading the inbox in groups. Loads numpy when called, neither OpenCV nor TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.config import Settings
from engine.enrol.inbox import FEATURES_FILE, Inbox, Sighting
from engine.enrol.inbox_choices import Choices
from engine.errors import DataError, ModelCorrupt
from engine.files import read_bytes
from engine.i18n import _
from engine.service.inbox_rows import InboxView, UnknownGroup
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.model.vectors import Float32

LARGEST_PICTURE = 4 << 20
"""Bytes; an aligned crop has about 50 KB."""


def inbox_view(workspace: Workspace, settings: Settings) -> InboxView:
    """What waits, grouped by likeness, newest group first."""
    inbox = Inbox(workspace, settings.inbox)
    undoable = Choices(workspace, settings.inbox).last()
    groups = [_row(inbox, workspace, each) for each in _grouped(inbox, inbox.sightings())]
    return InboxView(
        keeping=inbox.keeping,
        days=settings.inbox.days,
        groups=tuple(sorted(groups, key=lambda group: group.sightings[-1], reverse=True)),
        undo=undoable.title if undoable else "",
    )


def picture(workspace: Workspace, path: str) -> bytes:
    """The bytes of a crop by its path below the workspace.

    Raises DataError if there is none there, or the path leads elsewhere.
    """
    root = workspace.root.resolve()
    file = (root / path).resolve()
    inside = file.is_relative_to(root) and file.suffix == ".png"
    try:
        if inside and file.stat().st_size <= LARGEST_PICTURE:
            return read_bytes(file)
    except OSError:
        pass
    raise DataError(_("This picture is not there any more"), path)


def _grouped(inbox: Inbox, sightings: Sequence[Sighting]) -> list[list[Sighting]]:
    """Sightings of one stranger together. Embeddings of different spaces cannot be compared:
    each space is grouped by itself, and a sighting without an embedding stays alone."""
    spaces: dict[str, list[tuple[Sighting, Float32]]] = {}
    groups: list[list[Sighting]] = []
    for sighting in sightings:
        embedding = _embedding(inbox, sighting)
        if embedding is None:
            groups.append([sighting])
        else:
            key = f"{sighting.extractor} {sighting.space} {len(embedding)}"
            spaces.setdefault(key, []).append((sighting, embedding))
    if not spaces:
        return groups
    import numpy as np

    from engine.recognise.grouping import group

    for members in spaces.values():
        labels = group(np.stack([embedding for _, embedding in members]))
        found: dict[int, list[Sighting]] = {}
        for (sighting, _unused), label in zip(members, labels.tolist(), strict=True):
            found.setdefault(label, []).append(sighting)
        groups.extend(found.values())
    return groups


def _embedding(inbox: Inbox, sighting: Sighting) -> Float32 | None:
    """The unit-length mean of a sighting's embeddings; None if they cannot be read."""
    import numpy as np

    from engine.model.arrays import unpack
    from engine.model.vectors import unit

    path = inbox.folder(sighting.id) / FEATURES_FILE
    try:
        rows = unpack(read_bytes(path), path.name)["embeddings"]
    except (OSError, DataError, ModelCorrupt, KeyError):
        return None
    if rows.ndim != 2 or not len(rows) or rows.dtype.kind != "f" or not np.isfinite(rows).all():
        return None
    return unit(rows.mean(0, dtype=np.float32))


def _row(inbox: Inbox, workspace: Workspace, members: Sequence[Sighting]) -> UnknownGroup:
    best = max(members, key=lambda sighting: sighting.score - sighting.threshold)
    newest = members[-1]
    file = inbox.folder(newest.id) / newest.records[-1].file
    return UnknownGroup(
        sightings=tuple(sighting.id for sighting in members),
        crops=sum(len(sighting.records) for sighting in members),
        first=members[0].at,
        last=newest.at,
        source=newest.source,
        candidate=best.candidate,
        score=best.score,
        threshold=best.threshold,
        picture=file.relative_to(workspace.root).as_posix(),
    )
