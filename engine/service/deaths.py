"""A process that died: why, in words, and whether it is started again: not if it keeps dying."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from engine.errors import EngineDied

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


def death(process: str, status: int, fault: EngineDied | None, logs: Path) -> EngineDied:
    """The error of a job that lost its process: `fault` if that is why, else what `status` says."""
    if fault is not None:
        return fault
    return EngineDied(
        f"The {process} process died",
        cause(status),
        f"What was captured is safe. Try again; details are in {logs}.",
    )


def cause(status: int) -> str:
    """An exit status in words; negative is the signal that ended the process."""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"it ended with status {status}"
    if name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"):
        return f"a fault in native code ({name})"
    if name == "SIGKILL":  # nobody else kills them without being a `fault`
        return "it was ended by SIGKILL, as the kernel does when memory runs out"
    return f"it was ended by {name}"
