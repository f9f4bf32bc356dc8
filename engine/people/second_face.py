"""Whether a capture shows one person: asked while it runs and at its end, answered by who can tell.

The camera process has no network to tell with. It names the session to whoever has (`ask`), goes on
capturing, and holds where an operator is there to say which face is meant. A session does not end
before the last report is in: unlike a likeness to somebody, a second face spoils the person.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.cancel import Cancel
from engine.contract import FaceAnswer
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
