"""What a capture asks while it runs: does it show one person, and one who is not enrolled already?

The camera process has no network to tell with. It names the session to whoever has (`ask`), goes on
capturing, and holds where an operator is there to say which face is meant. A session does not end
before the last report of a second face is in, for that spoils the person; a likeness to somebody
else that is not reported in time is kept unasked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import FaceAnswer, TwinChoice
from engine.contract.messages import SessionJudged

EVERY = 12
"""Kept pictures after which a capture that an operator watches is looked at again."""
AFTER_A_BREAK = 3
"""The same, once the face was out of sight: somebody else may have taken its place."""
LEAVING_WITHIN = 1.0
"""Seconds the report is waited for once the app closes: its processes have three to end."""

AskFace = Callable[[str, str], None]
"""Takes a person's slug and a session; `FaceGuard.report` is called later, from any thread."""


class FaceGuard:
    """One session's question. `ask` None: nobody can tell. With `answers` an operator is asked."""

    def __init__(
        self,
        ask: AskFace | None = None,
        *,
        answers: bool = False,
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        """`leaving` is true once the process is to end, which waits for nobody."""
        self._ask = ask
        self.answers = answers and ask is not None
        self.leaving = leaving
        self._changed = threading.Condition()
        self._waiting = False
        self._judged: SessionJudged | None = None
        self._answer: FaceAnswer | None = None
        self.holding = False
        """Whether the capture waits for an answer: no frame is kept meanwhile."""
        self._since = 0
        self._broken = False

    @property
    def tells(self) -> bool:
        """Whether there is somebody who can tell."""
        return self._ask is not None

    def kept(self, slug: str, session: str) -> None:
        """A picture was kept; the session is asked about now and then where somebody answers."""
        self._since += 1
        due = self._since >= (AFTER_A_BREAK if self._broken else EVERY)
        if self.answers and due and not self._waiting:
            self._send(slug, session)

    def lost(self) -> None:
        """The face is out of sight, or another is beside it."""
        self._broken = True

    def report(self, judged: SessionJudged) -> None:
        """Whose faces the session shows that was asked about last."""
        with self._changed:
            if self._waiting:
                self._judged, self._waiting = judged, False
            self._changed.notify_all()

    def answer(self, choice: FaceAnswer) -> None:
        """The operator's word."""
        with self._changed:
            self._answer = choice
            self._changed.notify_all()

    def take(self) -> SessionJudged | None:
        """The report, once."""
        with self._changed:
            judged, self._judged = self._judged, None
            return judged

    def answered(self) -> FaceAnswer | None:
        """The answer, once; the capture is held no longer."""
        with self._changed:
            choice, self._answer = self._answer, None
            self.holding = self.holding and choice is None
            return choice

    def last_report(self, slug: str, session: str, cancel: Cancel) -> SessionJudged | None:
        """The session is about to end: what it shows. None if nobody can tell, or the capture is
        given up, or the process is to end, before it is known."""
        if self._ask is None:
            return None
        self._wait(lambda: self._waiting, cancel)  # of earlier pictures
        self.take()
        if cancel.cancelled:
            return None
        self._send(slug, session)
        self._wait(lambda: self._waiting, cancel)
        return self.take()

    def wait_for_answer(self, cancel: Cancel) -> FaceAnswer | None:
        """The answer, as soon as it is there; None as of `last_report`."""
        self._wait(lambda: self._answer is None, cancel)
        return self.answered()

    def _send(self, slug: str, session: str) -> None:
        assert self._ask is not None
        with self._changed:
            self._waiting, self._judged = True, None
        self._since, self._broken = 0, False
        self._ask(slug, session)

    def _wait(self, pending: Callable[[], bool], cancel: Cancel) -> None:
        left = LEAVING_WITHIN
        with self._changed:
            while pending() and not cancel.cancelled and left > 0:
                self._changed.wait(0.1)
                left -= 0.1 * self.leaving()


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
