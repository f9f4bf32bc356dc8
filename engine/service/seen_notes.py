"""Notes the day on which people were recognised, as a recognition tells of them.

Recognition holds no writer lock: it is taken for a moment, once a person and day. While another
process holds it nothing is noted; the next sight after a minute tries again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from engine.enrol.people import People
from engine.enrol.seen import note_seen
from engine.errors import FacedeskError
from engine.events import Event, FaceSeen
from engine.workspace import Workspace

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


def seen_notes(workspace: Workspace) -> SeenNotes:
    """For a process of its own, which takes the lock itself."""
    return SeenNotes(workspace, lambda: workspace.writer("last seen"))


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
