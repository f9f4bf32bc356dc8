"""Cooperative cancellation: a token that every long job looks at at least once a frame or batch."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.contract.errors import Cancelled


class Cancel:
    """Set from any thread. `stop` ends the job and keeps its result so far, `cancel` drops it.

    `looked` is called whenever the job looks: a job that looks goes on.
    """

    def __init__(self, looked: Callable[[], object] = lambda: None) -> None:
        self._looked = looked
        self._stop = threading.Event()
        self._cancelled = False

    def stop(self) -> None:
        """Ask for an orderly end: what was done so far counts."""
        self._stop.set()

    def cancel(self) -> None:
        """Ask for the job to be given up."""
        self._cancelled = True
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether an end of either kind was asked for."""
        self._looked()
        return self._stop.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether the job is to be given up."""
        self._looked()
        return self._cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep at most `seconds`; True as soon as an end is asked for."""
        self._looked()
        return self._stop.wait(seconds)

    def check(self) -> None:
        """Raise `Cancelled` if an end of either kind was asked for: there is nothing to keep."""
        self._looked()
        if self._stop.is_set():
            raise Cancelled()

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the job is to be given up; an orderly end is the caller's affair."""
        self._looked()
        if self._cancelled:
            raise Cancelled()
