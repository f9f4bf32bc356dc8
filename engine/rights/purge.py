"""What is due to go: found by one function, so that a dry run prints exactly what a purge removes.

Ages are judged by `engine.people.clock` alone. People are never among it: `unseen` lists
those who were not seen for `retention.people_days`, and somebody decides.

Notes the day on which people were recognised, as a recognition tells of them.

Recognition holds no writer lock: it is taken for a moment, once a person and day. While another
process holds it nothing is noted; the next sight after a minute tries again.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from engine.camera.recording_folder import PART, SUFFIX
from engine.contract import Event, FaceSeen
from engine.contract.errors import FacedeskError
from engine.model.store import ModelStore
from engine.people.clock import last_seen, note_seen, read_clock
from engine.people.person import Person
from engine.people.registry import People
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.settings import Settings
from engine.workspace.audit import Audit
from engine.workspace.files import remove_directory
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors

Kind = Literal["trash", "unknown", "choice", "model", "evaluation", "recording", "log"]


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that goes: its kind, and its path below the workspace."""

    kind: Kind
    path: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """A person not seen for long; `since` is a day."""

    name: str
    slug: str
    since: str


def due(workspace: Workspace, settings: Settings, now: datetime | None = None) -> tuple[Due, ...]:
    """Everything that is due, in the order in which it goes; reads only, and needs no lock."""
    return tuple(_due(workspace, settings, now))


def purge(workspace: Workspace, settings: Settings, now: datetime | None = None) -> Counter[str]:
    """Remove what is due; how much of each kind. The caller holds `Workspace.writer`.

    Raises DiskFull, WorkspaceUnusable.
    """
    found = due(workspace, settings, now)
    gone: Counter[str] = Counter(each.kind for each in found)
    choices = Choices(workspace, settings.unknown)
    if not found and not choices.overdue(now):
        return gone
    with Audit(workspace).of("purged", what="what was due", counts=dict(gone)):
        choices.purge(now)
        for each in found:
            path = workspace.root / each.path
            with translate_os_errors("remove what is due", path):
                if path.is_dir():
                    remove_directory(path)
                else:
                    path.unlink(missing_ok=True)
    return gone


def unseen(
    workspace: Workspace, settings: Settings, now: datetime | None = None
) -> tuple[Unseen, ...]:
    """People neither recognised nor captured for `retention.people_days`; nobody if that is 0."""
    days = settings.retention.people_days
    if not days:
        return ()
    clock = read_clock(workspace, now)
    return tuple(
        Unseen(person.name, person.slug, since)
        for person in People(workspace).list()
        if clock.is_due(since := last_sign_of(workspace, person), days)
    )


def recordings_below(workspace: Workspace) -> Iterator[Path]:
    """Every recording in the workspace, unfinished ones too; our own folders hold none."""
    for folder, names, _files in os.walk(workspace.root):
        if Path(folder) == workspace.root:
            names[:] = [name for name in names if workspace.root / name not in workspace.private]
        found = sorted(name for name in names if name.endswith((SUFFIX, SUFFIX + PART)))
        yield from (Path(folder, name) for name in found)
        names[:] = [name for name in names if name not in found]


def last_sign_of(workspace: Workspace, person: Person) -> str:
    """The day of a person's last recognition, capture, or enrolment, whichever was last."""
    captured = max((session.started for session in person.sessions), default="")
    return max(last_seen(workspace, person.slug), captured[:10], person.created[:10])


def _due(workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
    clock = read_clock(workspace, now)
    choices = Choices(workspace, settings.unknown).expired(now)
    yield from (_of(workspace, "choice", workspace.trash / id) for id in choices)
    for change in Trash(workspace, settings.trash.keep_days).expired(now):
        if change.id not in choices:
            yield _of(workspace, "trash", workspace.trash / change.id)
    for id in UnknownStore(workspace, settings.unknown).expired(now):
        yield _of(workspace, "unknown", workspace.unknown / id)
    models = ModelStore(workspace).beyond(settings.retention.models)
    yield from (_of(workspace, "model", workspace.models / id) for id in models)
    yield from _evaluations(workspace, models)
    if days := settings.retention.recording_days:
        for folder in recordings_below(workspace):
            if clock.is_due(_changed(folder), days):
                yield _of(workspace, "recording", folder)
    for file in sorted(workspace.logs.glob("*.log*")):
        if clock.is_due(_changed(file), settings.retention.log_days):
            yield _of(workspace, "log", file)


def _evaluations(workspace: Workspace, going: Sequence[str]) -> Iterator[Due]:
    """Evaluations of models that are not there any more, or go now."""
    there = {info.id for info in ModelStore(workspace).list()}.difference(going)
    for file in sorted(workspace.evaluations.glob("*.json")):
        if file.stem not in there and not file.name.startswith("."):
            yield _of(workspace, "evaluation", file)


def _changed(path: Path) -> datetime | None:
    """When anything in it was changed last."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)
    except OSError:
        return None


def _of(workspace: Workspace, kind: Kind, path: Path) -> Due:
    return Due(kind, path.relative_to(workspace.root).as_posix())


AGAIN = 60.0
"""Seconds until somebody whose day could not be noted is tried again."""
WAITING = 64
"""People who may wait for the thread."""


class SeenNotes:
    """`hear` takes every event of a recognition; `hold` takes the writer lock for a moment.

    A photograph that stands for itself is not a person who came by, and is not noted.
    """

    def __init__(
        self,
        workspace: Workspace,
        hold: Callable[[], AbstractContextManager[object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace = workspace
        self._hold = hold
        self._clock = clock
        self._noted: dict[str, str] = {}
        self._failed: dict[str, float] = {}

    def news(self, event: Event) -> str:
        """The identity of whom the event names for the first time today; empty for nobody."""
        if not isinstance(event, FaceSeen) or event.person is None or not event.track:
            return ""
        if self._noted.get(event.candidate_id) == _today():
            return ""
        if self._clock() < self._failed.get(event.candidate_id, 0.0):
            return ""
        self._noted[event.candidate_id] = _today()
        return event.candidate_id

    def hear(self, event: Event) -> None:
        """Note whom an event names; writes at most once a person and day. Never raises."""
        if person := self.news(event):
            self.note(person)

    def note(self, person: str) -> None:
        """Write down that the person of this identity was seen."""
        try:
            with self._hold():
                note_seen(self._workspace, People(self._workspace).by_id(person).slug)
        except FacedeskError:
            self._noted.pop(person, None)
            self._failed[person] = self._clock() + AGAIN


class SeenWriter:
    """`SeenNotes` on a thread of its own, for the process that carries events."""

    def __init__(self, notes: SeenNotes) -> None:
        self._notes = notes
        self._queue: queue.Queue[str | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None

    def hear(self, event: Event) -> None:
        """Take an event; never blocks."""
        person = self._notes.news(event)
        if not person:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="last seen", daemon=True)
            self._thread.start()
        if not self._queue.full():
            self._queue.put(person)

    def close(self, seconds: float) -> None:
        """Let what waits be written, for at most so long."""
        if self._thread is not None and not self._queue.full():
            self._queue.put(None)
            self._thread.join(seconds)

    def _run(self) -> None:
        while (person := self._queue.get()) is not None:
            self._notes.note(person)


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
