"""Whose frame is recognised next: the newest of each camera, one camera after the other."""

from __future__ import annotations

import threading

from engine.service.messages import FacesFound, FacesWanted

LEARNING = 0.3
"""Weight of the last frame in the running mean of the seconds a face takes."""


class Turns:
    """Slots between the reader thread and the main loop: a camera's lossy frames replace each
    other, and the place in the queue stays, so that no camera gets more turns than another.
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
            self._each += (LEARNING if self._each else 1.0) * (each - self._each)

    def ended(self, camera: int) -> None:
        """No more frames come from a camera."""
        self._faces.pop(camera, None)
