"""Puts sightings into the inbox, off the threads that carry events.

Recognition holds no writer lock: the model process sends whole sightings, and the one process
that may write, the user interface's, takes the lock for each for a moment. While another process
holds it (or the disk is full) sightings are dropped and counted: they are not worth a wait.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from engine.enrol.inbox import Inbox
from engine.enrol.inbox_choices import Choices
from engine.errors import FacedeskError
from engine.events import InboxChanged, Sighted
from engine.service.shared_writer import SharedWriter
from engine.settings import Settings
from engine.workspace import Workspace

WAITING = 16
"""Sightings that may wait to be written."""


class InboxWriter:
    """Writes on a thread of its own; `tell` gets an InboxChanged after each sighting."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        writer: SharedWriter,
        tell: Callable[[InboxChanged], None],
    ) -> None:
        self._inbox = Inbox(workspace, settings.inbox)
        self._choices = Choices(workspace, settings.inbox)
        self._writer = writer
        self._tell = tell
        self._queue: queue.Queue[Sighted | None] = queue.Queue(WAITING)
        self._skipped = 0
        self._thread: threading.Thread | None = None

    def offer(self, sighted: Sighted) -> None:
        """Queue a sighting; never blocks."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(sighted)
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
        while (sighted := self._queue.get()) is not None:
            if not self._inbox.keeping:
                continue  # switched off since it was seen
            try:
                with self._writer.hold("keeping an unknown"):
                    self._choices.purge()
                    self._inbox.add(sighted)
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
        self._tell(InboxChanged(waiting=self._inbox.count(), skipped=self._skipped, why=why))
