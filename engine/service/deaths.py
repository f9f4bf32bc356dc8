"""Whether a process that died is started again: not if it keeps dying."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

MOST = 3
WITHIN = 60.0
"""A process that dies more often than MOST in this many seconds is not started again until a job
asks for it."""


class Deaths:
    """The recent deaths of each process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: defaultdict[str, list[float]] = defaultdict(list)

    def note(self, process: str) -> bool:
        """Note a death; whether another process may take its place at once."""
        now = self._clock()
        recent = [then for then in self._times[process] if then > now - WITHIN]
        self._times[process] = [*recent, now]
        return len(recent) < MOST
