"""The workspace's writer lock, shared by the jobs of one app."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from engine.service.upkeep import recover
from engine.workspace import Workspace


class SharedWriter:
    """The workspace's writer lock, counted: several jobs of one app may write side by side.

    They never write the same files: capture and import add pictures, training adds models.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._count = 0
        self._stack = contextlib.ExitStack()

    def acquire(self, what: str) -> None:
        """Take or share the lock. Raises WorkspaceLocked, WorkspaceUnusable."""
        with self._lock:
            if self._count == 0:
                self._stack.enter_context(self._workspace.writer(f"the app: {what}"))
                try:
                    recover(self._workspace)
                except BaseException:
                    self._stack.close()
                    raise
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
