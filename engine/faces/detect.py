"""Faces in a picture: the quick way for live frames, the thorough way for photographs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import DetectorMissing
from engine.faces.align import Face
from engine.settings import DetectionSettings
from engine.shortage import refuse_shortage

log = logging.getLogger(__name__)


class Finder(Protocol):
    """A way to find and align faces. One object serves one thread; searching keeps no state.

    `finds_points` says whether faces are aligned by eyes, nose and mouth, not the eyes alone.
    """

    finds_points: ClassVar[bool]

    def find(
        self, image: NDArray[np.uint8], most: int = 8, before: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """Faces in a live frame (BGR uint8 HxWx3), largest first, at most `most`; `before` are
        those of the frame before.
        """
        ...

    def find_again(self, image: NDArray[np.uint8], before: Sequence[Face]) -> tuple[Face, ...]:
        """Faces of the frame before in this one (BGR uint8 HxWx3), largest first, each looked for
        around its last place only; one that is not there is left out.
        """
        ...

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Faces in a photograph of any size (BGR uint8 HxWx3), most central first."""
        ...


class FaceFinder:
    """Finds and aligns faces in the way that the setting `detection.detector` names.

    Raises DetectorMissing at construction if that way does not work here. `folder` is where to
    look for OpenCV's cascades; None means OpenCV's own.
    """

    def __init__(self, settings: DetectionSettings, folder: Path | None = None) -> None:
        self._finder = _finder(settings, folder)

    def find(
        self, image: NDArray[np.uint8], most: int = 8, before: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """See `Finder.find`."""
        return self._finder.find(image, most, before)

    def find_again(self, image: NDArray[np.uint8], before: Sequence[Face]) -> tuple[Face, ...]:
        """See `Finder.find_again`."""
        return self._finder.find_again(image, before)

    @property
    def finds_points(self) -> bool:
        """Whether it finds eyes, nose and mouth of a face, and aligns by them: BlazeFace does."""
        return self._finder.finds_points

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """See `Finder.find_in_photograph`."""
        return self._finder.find_in_photograph(image)


def _finder(settings: DetectionSettings, folder: Path | None) -> Finder:
    if settings.detector != "haar":
        from engine.faces.blaze_finder import BlazeFinder

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
