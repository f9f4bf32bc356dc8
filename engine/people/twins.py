"""Whether the first pictures of a capture are somebody else's who is enrolled already.

The camera process has no network to tell with. It hands the first kept crops to whoever has
(`ask`), goes on capturing, and holds as soon as a likeness is reported, until somebody answers.
A session does not end before the report is in, or its time is up: then it is kept unasked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import TwinChoice

FIRST = 6
"""Kept crops that are looked at."""
LEAST = 3
"""A session of fewer is not asked about: a majority of two is none."""
REPORT_WITHIN = 60.0
"""Seconds the report may take: loading the network on a busy small machine took 31."""
STOP_WITHIN = 2.0
"""Seconds the report is waited for once the operator has ended the capture: the app may be closing,
and whoever stops is not kept. What is reported later is told, but no longer asked."""

Ask = Callable[[NDArray[np.uint8]], None]
"""Takes crops uint8 (n, 160, 160, 3) RGB; `TwinGuard.report` is called later, from any thread."""


class TwinGuard:
    """One session's question. `ask` None: nobody can tell, so nothing is ever asked."""

    def __init__(self, ask: Ask | None = None) -> None:
        self._ask = ask
        self._changed = threading.Condition()
        self._crops: list[NDArray[np.uint8]] = []
        self._asked_at: float | None = None
        self._reported = False
        self._choice: TwinChoice | None = None
        self._taken = False
        self.other = ""
        """Who the pictures look like; empty if nobody."""

    @property
    def holding(self) -> bool:
        """Whether the capture waits for an answer: no frame is kept meanwhile."""
        with self._changed:
            return bool(self.other) and self._choice is None

    def kept(self, crop: NDArray[np.uint8]) -> None:
        """A picture was kept; the first few are asked about."""
        if self._ask is not None and self._asked_at is None:
            self._crops.append(crop)
            if len(self._crops) >= FIRST:
                self._send()

    def report(self, other: str) -> None:
        """Who the pictures look like, or empty. A second report changes nothing."""
        with self._changed:
            if not self._reported:
                self._reported, self.other = True, other
            self._changed.notify_all()

    def answer(self, choice: TwinChoice) -> None:
        """The operator's word."""
        with self._changed:
            self._choice = choice
            self._changed.notify_all()

    def settle(self, cancel: Cancel) -> None:
        """The session is about to end: wait for the report and, if it names somebody, an answer."""
        if self._ask is not None and self._asked_at is None and len(self._crops) >= LEAST:
            self._send()
        began = time.monotonic()
        with self._changed:
            while self._waiting() and not cancel.cancelled:
                if cancel.stopping and (self.other or time.monotonic() - began > STOP_WITHIN):
                    return
                self._changed.wait(0.1)

    @property
    def asks_at_the_end(self) -> bool:
        """Whether `settle` would have something to wait for."""
        with self._changed:
            unasked = self._ask is not None and self._asked_at is None
            return self._waiting() or (unasked and len(self._crops) >= LEAST)

    @property
    def unreported(self) -> bool:
        """Whether pictures were asked about and no report has come."""
        with self._changed:
            return self._asked_at is not None and not self._reported

    def take(self) -> TwinChoice | None:
        """The answer, once."""
        with self._changed:
            if self._choice is None or self._taken:
                return None
            self._taken = True
            return self._choice

    def _send(self) -> None:
        assert self._ask is not None
        self._asked_at = time.monotonic()
        crops, self._crops = np.stack(self._crops), []
        self._ask(crops)

    def _waiting(self) -> bool:
        if self._asked_at is None:
            return False
        if not self._reported:
            return time.monotonic() - self._asked_at < REPORT_WITHIN
        return bool(self.other) and self._choice is None
