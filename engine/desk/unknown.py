"""The app's unknown people: sightings written without waiting, grouped by likeness, shown.

Loads numpy where there is something to compare, neither OpenCV nor TensorFlow.

Recognition holds no writer lock: the model process sends whole sightings, and the app's process
takes the lock for each for a moment, off the threads that carry events. While another process
holds it (or the disk is full) sightings are dropped and counted: they are not worth a wait.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import combinations, product
from typing import TYPE_CHECKING

from engine.contract import Sighted, UnknownChanged
from engine.contract.errors import DataError, FacedeskError
from engine.contract.requests import SightingRow, UnknownGroup, UnknownView
from engine.people.unknown import FEATURES_FILE, ChoiceMemory, Sides, Sighting, UnknownStore
from engine.people.unknown_choices import Choices
from engine.settings import Settings
from engine.workspace.files import read_bytes
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from engine.model.vectors import Float32


WAITING = 16
"""Sightings that may wait to be written."""


class UnknownWriter:
    """Writes within `hold` on its own thread; `tell` gets an UnknownChanged after each sighting."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        hold: Callable[[str], AbstractContextManager[None]],
        tell: Callable[[UnknownChanged], None],
    ) -> None:
        self._unknown = UnknownStore(workspace, settings.unknown)
        self._choices = Choices(workspace, settings.unknown)
        self._hold = hold
        self._tell = tell
        self._queue: queue.Queue[tuple[Sighted, bool] | None] = queue.Queue(WAITING)
        self._skipped = 0
        self._thread: threading.Thread | None = None

    def offer(self, sighted: Sighted, *, asked: bool = False) -> None:
        """Queue a sighting; never blocks. `asked`: it is kept whatever the switch says."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="unknown", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait((sighted, asked))
        except queue.Full:
            self._skip("the disk is too slow")

    def close(self, seconds: float) -> None:
        """Let what waits be written, for at most so long."""
        if self._thread is not None:
            try:
                self._queue.put(None, timeout=seconds)
            except queue.Full:
                return
            self._thread.join(seconds)

    def _run(self) -> None:
        while (found := self._queue.get()) is not None:
            sighted, asked = found
            if not (asked or self._unknown.keeping):
                continue  # switched off since it was seen
            try:
                with self._hold("keeping an unknown"):
                    self._choices.purge()
                    self._unknown.add(sighted)
            except FacedeskError as error:
                self._skip(f"{error.title}: {error.message}")
            except ValueError as error:
                self._skip(str(error))
            else:
                self._say("")

    def _skip(self, why: str) -> None:
        self._skipped += 1
        self._say(why)

    def _say(self, why: str) -> None:
        self._tell(UnknownChanged(waiting=self._unknown.count(), skipped=self._skipped, why=why))


LARGEST_PICTURE = 4 << 20
"""Bytes; an aligned crop has about 50 KB."""


def unknown_view(workspace: Workspace, settings: Settings) -> UnknownView:
    """What waits, grouped by likeness, newest group first."""
    unknown = UnknownStore(workspace, settings.unknown)
    undoable = Choices(workspace, settings.unknown).last()
    apart = ChoiceMemory(workspace).splits()
    groups = [
        _row(unknown, workspace, each) for each in _grouped(unknown, unknown.sightings(), apart)
    ]
    return UnknownView(
        keeping=unknown.keeping,
        days=settings.unknown.days,
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
    raise DataError("This picture is not there any more", path)


def _grouped(
    unknown: UnknownStore, sightings: Sequence[Sighting], splits: Sequence[Sides]
) -> list[list[Sighting]]:
    """Sightings of one stranger together. Embeddings of different spaces cannot be compared:
    each space is grouped by itself, and a sighting without an embedding stays alone. Never
    together are the two sides of a split, and two faces of one frame."""
    spaces: dict[str, list[tuple[Sighting, Float32]]] = {}
    groups: list[list[Sighting]] = []
    for sighting in sightings:
        embedding = _embedding(unknown, sighting)
        if embedding is None:
            groups.append([sighting])
        else:
            key = f"{sighting.extractor} {sighting.space} {len(embedding)}"
            spaces.setdefault(key, []).append((sighting, embedding))
    if not spaces:
        return groups
    import numpy as np

    from engine.recognise.gallery import group

    for members in spaces.values():
        apart = _apart([sighting for sighting, _ in members], splits)
        labels = group(np.stack([embedding for _, embedding in members]), apart=apart)
        found: dict[int, list[Sighting]] = {}
        for (sighting, _unused), label in zip(members, labels.tolist(), strict=True):
            found.setdefault(label, []).append(sighting)
        groups.extend(found.values())
    return groups


def _apart(sightings: Sequence[Sighting], splits: Sequence[Sides]) -> list[tuple[int, int]]:
    """Pairs of sightings, by their places, that are not one person."""
    place = {sighting.id: number for number, sighting in enumerate(sightings)}
    pairs = [
        (place[one], place[other])
        for marked, others in splits
        for one, other in product(marked, others)
        if one in place and other in place
    ]
    runs: dict[str, list[int]] = {}
    for number, sighting in enumerate(sightings):
        if sighting.run:
            runs.setdefault(sighting.run, []).append(number)
    for run in runs.values():
        pairs += [(a, b) for a, b in combinations(run, 2) if sightings[a].was_beside(sightings[b])]
    return pairs


def _embedding(unknown: UnknownStore, sighting: Sighting) -> Float32 | None:
    """The unit-length mean of a sighting's embeddings; None if they cannot be read."""

    from engine.model.arrays import embeddings_in
    from engine.model.vectors import unit

    try:
        rows = embeddings_in(read_bytes(unknown.folder(sighting.id) / FEATURES_FILE))
    except (OSError, DataError):
        return None
    return None if rows is None else unit(rows.mean(0))


def _row(unknown: UnknownStore, workspace: Workspace, members: Sequence[Sighting]) -> UnknownGroup:
    best = max(members, key=lambda sighting: sighting.score - sighting.threshold)
    rows = tuple(
        SightingRow(
            sighting.id,
            sighting.at,
            len(sighting.records),
            (unknown.folder(sighting.id) / sighting.records[-1].file)
            .relative_to(workspace.root)
            .as_posix(),
        )
        for sighting in members
    )
    return UnknownGroup(
        sightings=tuple(row.id for row in rows),
        rows=rows,
        crops=sum(row.crops for row in rows),
        first=rows[0].at,
        last=rows[-1].at,
        source=members[-1].source,
        candidate=best.candidate,
        score=best.score,
        threshold=best.threshold,
        picture=rows[-1].picture,
    )
