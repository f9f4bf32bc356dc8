"""Faces through the frames of one source: whole frames now and then, known faces in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import DetectionSettings
from engine.faces.align import Face
from engine.faces.detect import FaceFinder


class FaceFollower:
    """Finds the faces of one frame after the other. One object serves one source and one thread.

    A whole frame is searched at first, every `settings.full_scan_every` frames, as long as no
    face is in view, as soon as one is lost, and where the frame's size changes. So somebody new
    is seen within that many frames, somebody who left is gone at once, and a false find lives no
    longer than to the next whole search. Faces only: who is who is `recognise.voting`'s.

    Raises DetectorMissing at construction if OpenCV's cascade files are absent.
    """

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._finder = FaceFinder(settings, folder)
        self._every = settings.full_scan_every
        self._known: tuple[Face, ...] = ()
        self._shape: tuple[int, ...] = ()
        self._since = 0
        """Frames since the last whole search."""

    def find(self, image: NDArray[np.uint8], most: int = 8) -> tuple[Face, ...]:
        """Faces of the next frame (BGR uint8 HxWx3), largest first, at most `most`."""
        self._since += 1
        again: tuple[Face, ...] = ()
        if self._known and self._since < self._every and image.shape == self._shape:
            again = self._finder.find_again(image, self._known)
        if again and len(again) == len(self._known):
            self._known = again
        else:
            self._known = self._finder.find(image, most, self._known)
            self._shape, self._since = image.shape, 0
        return self._known
