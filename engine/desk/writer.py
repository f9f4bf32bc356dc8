"""Writing while others may: the shared lock, and sightings kept without waiting for it.

The workspace's writer lock, shared by the jobs of one app, and who writes unknown people.

Recognition holds no writer lock: the model process sends whole sightings, and the one process that
may write, the user interface's, takes the lock for each for a moment, off the threads that carry
events. While another process holds it (or the disk is full) sightings are dropped and counted:
they are not worth a wait.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator

from engine.contract import Event, InboxChanged, Sighted
from engine.contract.errors import FacedeskError
from engine.people.unknown import Inbox
from engine.people.unknown_choices import Choices
from engine.rights.upkeep import writing
from engine.settings import Settings
from engine.workspace.folder import Workspace


class SharedWriter:
    """The workspace's writer lock, counted: several jobs of one app may write side by side.

    They never write the same files: capture and import add pictures, training adds models.
    Whoever takes the lock first puts in order what a killed writer left; `tell` hears of it.
    """

    def __init__(
        self, workspace: Workspace, tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._workspace = workspace
        self._tell = tell
        self._lock = threading.Lock()
        self._count = 0
        self._stack = contextlib.ExitStack()

    def acquire(self, what: str) -> None:
        """Take or share the lock. Raises WorkspaceLocked, WorkspaceUnusable."""
        with self._lock:
            if self._count == 0:
                self._stack.enter_context(writing(self._workspace, f"the app: {what}", self._tell))
            self._count += 1

    def release(self) -> None:
        """Give one share back; the last one frees the lock."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._stack.close()

    def release_all(self) -> None:
        """Free the lock whatever is running; for the app's end."""
        with self._lock:
            self._count = 0
            self._stack.close()

    @contextlib.contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Hold a share inside the block."""
        self.acquire(what)
        try:
            yield
        finally:
            self.release()


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
