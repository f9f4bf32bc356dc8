"""How the camera process and the model process keep step.

The model says when it can take a camera's next frame (`FacesWanted`); until just before that, the
camera's frames go to the preview only. So detection is spent on frames that are recognised, and on
the newest ones. The model takes the newest frame of each camera, one camera after the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from engine.cancel import Cancel
from engine.contract.messages import FacesFound, FacesWanted

LEARNING = 0.2
"""Weight of the last frame in the running means."""
POLL = 0.2
"""Seconds after which a wait looks whether it was cancelled."""


class FramePace:
    """At most one frame is with the model and one on its way: set on the thread that hears the
    model, used up by the job that has the camera.
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
            self._admitted: float | None = None
            self._gap = self._cost = 0.0

    def take(self, message: Any) -> bool:
        """Take a message if it is the model's; whether it was."""
        if not isinstance(message, FacesWanted):
            return False
        with self._changed:
            self._due = self._clock() + message.after
            self._changed.notify_all()
        return True

    def admit(self) -> bool:
        """Whether the frame at hand is to be looked at. Ask once for each frame.

        It is as soon as a later one would come too late: its faces arrive when the model is ready,
        or waited for the time from one frame to the next.
        """
        with self._changed:
            now = self._clock()
            if self._asked is not None and self._admitted is None:
                self._gap += LEARNING * (now - self._asked - self._gap)
            self._asked, self._admitted = now, None
            if self._due is None or now + self._gap + self._cost < self._due:
                return False
            self._due, self._admitted = None, now
            return True

    def sent(self) -> None:
        """The frame that was looked at is on its way."""
        with self._changed:
            if self._admitted is not None:
                self._cost += LEARNING * (self._clock() - self._admitted - self._cost)

    def wait(self, cancel: Cancel) -> None:
        """Wait until the model takes another frame, for frames of which none may be left out."""
        with self._changed:
            while self._due is None and not cancel.stopping:
                self._changed.wait(POLL)
            self._due = None


LEARNING_FACES = 0.3
"""Weight of the last frame in the running mean of the seconds a face takes."""


class FrameSlots:
    """Slots between the reader thread and the main loop: a camera's lossy frames replace each
    other, and the place in the queue stays, so that no camera is served more often than another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, FacesFound] = {}
        self._dropped: dict[int, int] = {}
        self._faces: dict[int, int] = {}
        """Faces in the last frame of each camera under way."""
        self._each = 0.0
        """Seconds that a face takes."""

    def offer(self, faces: FacesFound) -> bool:
        """Put a frame in; True if its camera had one waiting already (the older is dropped)."""
        with self._lock:
            occupied = faces.camera in self._waiting
            self._dropped[faces.camera] = self._dropped.get(faces.camera, 0) + occupied
            self._waiting[faces.camera] = faces
            return occupied

    def take(self, camera: int) -> FacesFound | None:
        """Take a camera's waiting frame out."""
        with self._lock:
            return self._waiting.pop(camera, None)

    def dropped(self, camera: int) -> int:
        """Frames of a camera that newer ones replaced in here."""
        with self._lock:
            return self._dropped.get(camera, 0)

    def wanted(self, faces: FacesFound) -> FacesWanted:
        """Ask for the frame after `faces`, which is recognised now, then one of each other
        camera."""
        self._faces[faces.camera] = len(faces.boxes)
        return FacesWanted(
            camera=faces.camera, after=round(self._each * sum(self._faces.values()), 4)
        )

    def took(self, faces: FacesFound, seconds: float) -> None:
        """Learn how long recognising a frame took."""
        if faces.boxes:
            each = seconds / len(faces.boxes)
            self._each += (LEARNING_FACES if self._each else 1.0) * (each - self._each)

    def ended(self, camera: int) -> None:
        """No more frames come from a camera."""
        self._faces.pop(camera, None)
