"""A model process that had to load TensorFlow makes room for a fresh one when it is idle again.

TensorFlow cannot be unloaded, and takes over a gigabyte; recognition needs none of it.
"""

from __future__ import annotations

import threading

from engine.service.child import Child
from engine.service.requests import Job

PROCESSES: dict[Job, tuple[str, ...]] = {
    "enrol": ("camera",),
    "import": ("camera",),
    "train": ("model",),
    "evaluate": ("model",),
    "recognise": ("camera", "model"),
    "check": ("camera",),
}
"""The processes that a job cannot go on without."""


class Renewal:
    """A part of the real `Desk`: replaces a process in good order."""

    _lock: threading.RLock
    _closing: bool
    _jobs: dict[Job, str]
    _children: dict[str, Child]
    _fed: set[str]
    _burdened: Child | None = None
    """What is to be replaced as soon as nothing is under way that it takes part in."""

    def _child(self, name: str) -> Child:
        raise NotImplementedError

    def _renew(self, child: Child) -> None:
        """Replace `child` now, or after what is under way that it takes part in."""
        with self._lock:
            # Twins, second faces and features of a capture or an import.
            needed = "enrol" in self._jobs or "import" in self._jobs or self._fed
            busy = needed or any(child.name in PROCESSES[job] for job in self._jobs)
            if self._closing or self._children.get(child.name) is not child:
                self._burdened = None
                return
            self._burdened = child if busy else None
            if not busy:
                self._children.pop(child.name).leave()
                self._child(child.name)

    def _renew_if_idle(self) -> None:
        """A job is over: replace what waits for it."""
        with self._lock:
            if self._burdened is not None:
                self._renew(self._burdened)
