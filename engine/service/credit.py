"""How the camera is kept from looking at frames that nobody will take.

The model says when it can take the next frame (`FacesWanted`); until just before that, frames go
to the preview only. So detection is spent on frames that are recognised, and on the newest ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from engine.cancel import Cancel
from engine.service.messages import FacesWanted

LEARNING = 0.2
"""Weight of the last frame in the running means."""
POLL = 0.2
"""Seconds after which a wait looks whether it was cancelled."""


class Credit:
    """At most one frame is with the model and one on its way: set on the thread that hears the
    model, spent by the job that has the camera.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self.begin()

    def begin(self) -> None:
        """A job begins: its first frame is wanted at once."""
        with self._changed:
            self._due: float | None = self._clock()
            self._asked: float | None = None
            self._spent: float | None = None
            self._gap = self._cost = 0.0

    def take(self, message: Any) -> bool:
        """Take a message if it is the model's; whether it was."""
        if not isinstance(message, FacesWanted):
            return False
        with self._changed:
            self._due = self._clock() + message.after
            self._changed.notify_all()
        return True

    def spend(self) -> bool:
        """Whether the frame at hand is to be looked at. Ask once for each frame.

        It is as soon as a later one would come too late: its faces arrive when the model is ready,
        or waited for the time from one frame to the next.
        """
        with self._changed:
            now = self._clock()
            if self._asked is not None and self._spent is None:
                self._gap += LEARNING * (now - self._asked - self._gap)
            self._asked, self._spent = now, None
            if self._due is None or now + self._gap + self._cost < self._due:
                return False
            self._due, self._spent = None, now
            return True

    def sent(self) -> None:
        """The frame that was looked at is on its way."""
        with self._changed:
            if self._spent is not None:
                self._cost += LEARNING * (self._clock() - self._spent - self._cost)

    def wait(self, cancel: Cancel) -> None:
        """Wait until the model takes another frame, for frames of which none may be left out."""
        with self._changed:
            while self._due is None and not cancel.stopping:
                self._changed.wait(POLL)
            self._due = None
