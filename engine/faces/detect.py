"""Faces in a picture, and through the frames of one source."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DetectorMissing
from engine.faces.align import Face, may_lie
from engine.settings import DetectionSettings
from engine.shortage import refuse_shortage

if TYPE_CHECKING:
    from engine.faces.blaze import BlazeFinder
    from engine.faces.haar import HaarFinder

log = logging.getLogger(__name__)


class FaceFinder:
    """Finds and aligns faces in the way that the setting `detection.detector` names. One object
    serves one thread; searching keeps no state.

    Raises DetectorMissing at construction if that way does not work here. `folder` is where to
    look for OpenCV's cascades; None means OpenCV's own.
    """

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._finder = _finder(settings, folder)

    def find(
        self, image: NDArray[np.uint8], most: int = 8, before: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """Faces in a live frame (BGR uint8 HxWx3), largest first, at most `most`; `before` are
        those of the frame before."""
        return self._finder.find(image, most, before)

    def find_again(self, image: NDArray[np.uint8], before: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the frame before in this one (BGR uint8 HxWx3), largest first, each looked for
        around its last place only; one that is not there is left out."""
        return self._finder.find_again(image, before)

    @property
    def finds_points(self) -> bool:
        """Whether it finds eyes, nose and mouth of a face, and aligns by them: BlazeFace does."""
        return self._finder.finds_points

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Faces in a photograph of any size (BGR uint8 HxWx3), most central first."""
        return self._finder.find_in_photograph(image)


def _finder(settings: DetectionSettings, folder: Path | None) -> BlazeFinder | HaarFinder:
    if settings.detector != "haar":
        from engine.faces.blaze import BlazeFinder

        try:
            return BlazeFinder()
        except (ImportError, RuntimeError) as error:
            refuse_shortage(error)
            if settings.detector == "blaze":
                raise DetectorMissing(
                    "BlazeFace cannot be used, and the setting detection.detector asks for it",
                    str(error),
                    "Install openvino, or set it to auto or haar.",
                ) from error
            log.warning("the Haar cascade finds the faces, BlazeFace cannot: %s", error)
    from engine.faces.haar import HaarFinder

    return HaarFinder(settings, folder)


LYING_EVERY = 10
"""Frames without an upright face after which they are looked at turned: that costs as much as
three whole searches."""


class FaceFollower:
    """Finds the faces of one frame after the other. One object serves one source and one thread.

    A whole frame is searched at first, every `settings.full_scan_every` frames, as long as no
    face is in view, as soon as one is lost, and where the frame's size changes. So somebody new
    is seen within that many frames, somebody who left is gone at once, and a false find lives no
    longer than to the next whole search. Faces only: `engine.recognise.tracking` says who is who.

    Raises DetectorMissing at construction if OpenCV's cascade files are absent.
    """

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._finder = FaceFinder(settings, folder)
        self._every = settings.full_scan_every
        self._known: tuple[Face, ...] = ()
        self._shape: tuple[int, ...] = ()
        self._since = 0
        """Frames since the last whole search."""
        self._lying: tuple[Face, ...] = ()
        self._until_turned = 0
        """Frames without a face until the next look at them turned."""

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
        if self._known and not may_lie(self._known[0]):
            self._lying = ()
        return self._known

    def lying(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """The largest face of the frame just searched that stands upright only once the frame is
        turned by quarters, see `Face.turned`; at most one, and none where `find` saw one upright.

        A camera hung upside down shows everybody so. Looked for in the first such frame and in
        every LYING_EVERY-th after it; the answer stands until the next look or upright face.
        """
        if self._known and not may_lie(self._known[0]):
            return ()
        if self._until_turned == 0:
            self._until_turned = LYING_EVERY
            self._lying = self._turned(image)
        self._until_turned -= 1
        return self._lying

    def _turned(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        for quarters in (2, 1, 3):
            turned = np.ascontiguousarray(np.rot90(image, quarters))
            for face in self._finder.find(turned, 1):
                # The Haar cascade sees faces in anything; eyes it sees in faces only.
                if face.eyes_found and not may_lie(face):
                    return (replace(face, turned=quarters),)
        return ()
