"""The workspace's writer lock, shared by the jobs of one app."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from engine.enrol.clock import note_clock
from engine.events import Event, WorkspaceUpgraded
from engine.service.upkeep import recover
from engine.workspace import Workspace
from engine.workspace_format import FORMAT


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
                self._take(what)
            self._count += 1

    def _take(self, what: str) -> None:
        # Whatever goes wrong, a lock that nobody counts must not stay.
        with contextlib.ExitStack() as stack:
            interrupted = stack.enter_context(self._workspace.writer(f"the app: {what}"))
            if (before := self._workspace.upgraded_from()) is not None:
                self._tell(WorkspaceUpgraded(before=before, now=FORMAT))
            if changed := note_clock(self._workspace):
                self._tell(changed)
            if recovered := recover(self._workspace, interrupted):
                self._tell(recovered)
            self._stack = stack.pop_all()

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
