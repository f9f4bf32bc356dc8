"""A child's pulse: which jobs are under way, and how often each showed that it goes on.

A job shows it by looking at its `Cancel`, which every long job does once a frame or batch, and by
reporting. The counts, not times, go to the parent: a count that stands still does so by the
parent's clock, whatever suspended the child meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator


class Pulse:
    """The jobs of one process. Methods are safe from any thread and wait for nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = itertools.count(1)
        self._beats: dict[str, int] = {}

    @contextlib.contextmanager
    def work(self, job: str) -> Iterator[None]:
        """The job is under way inside the block."""
        with self._lock:
            self._beats[job] = next(self._count)
        try:
            yield
        finally:
            with self._lock:
                self._beats.pop(job, None)

    def beat(self, job: str) -> None:
        """The job goes on. One that is not under way has no pulse."""
        with self._lock:
            if job in self._beats:
                self._beats[job] = next(self._count)

    def beats(self) -> dict[str, int]:
        """Of each job under way a number that changes as it goes on."""
        with self._lock:
            return dict(self._beats)
