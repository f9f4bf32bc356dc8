"""OpenCV's Haar cascades, loaded with a typed error and called with plain types.

The cascades are those of Viola and Jones (2001) as extended by Lienhart; they ship with
opencv-python 4.x. Neither a cascade nor anything built on it may be used by two threads at once.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import DetectorMissing
from engine.faces.box import Box
from engine.shortage import refuse_shortage


def cascade_folder() -> Path:
    """Where the installed OpenCV keeps its cascades. Raises DetectorMissing if it has none."""
    data = getattr(cv2, "data", None)
    if data is None or not hasattr(cv2, "CascadeClassifier"):
        raise _missing("this OpenCV has no cascade classifier")
    return Path(data.haarcascades)


class Cascade:
    """One cascade file. Raises DetectorMissing at once if it is absent or damaged."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        path = (folder or cascade_folder()) / f"haarcascade_{name}.xml"
        # OpenCV itself would complain only at the first search, and unintelligibly.
        if not path.is_file():
            raise _missing(f"{path} is absent")
        try:
            self._classifier = cv2.CascadeClassifier(str(path))
        except (cv2.error, SystemError) as error:
            refuse_shortage(error)
            raise _missing(f"{path} is damaged") from error
        if self._classifier.empty():
            raise _missing(f"{path} is damaged")

    def search(
        self,
        grey: NDArray[np.uint8],
        step: float,
        neighbours: int,
        smallest: int,
        largest: int = 0,
    ) -> list[tuple[Box, int]]:
        """Objects in a grey picture (uint8 HxW) with the number of hits behind each.

        `step` is the ratio of successive scales, `neighbours` the hits needed, `smallest` and
        `largest` bound the object's width in pixels (0: no bound).
        """
        if min(grey.shape[:2]) < max(smallest, 20):
            return []
        boxes, hits = self._classifier.detectMultiScale2(
            grey,
            scaleFactor=step,
            minNeighbors=neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        return [
            (Box(int(x), int(y), int(w), int(h)), int(count))
            for (x, y, w, h), count in zip(boxes, hits, strict=True)
        ]


def _missing(why: str) -> DetectorMissing:
    return DetectorMissing(
        "The face detector is missing",
        why,
        "Install it with: pip install 'opencv-python>=4.14,<5' (version 5 has no cascades).",
    )
