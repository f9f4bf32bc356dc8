"""Both eyes inside a face box: what alignment stands on.

The left and the right half of the upper face are each searched by two cascades; the second one
knows glasses. Where no plausible pair is found the eyes' usual places are taken.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.align import Eyes
from engine.faces.box import Box
from engine.faces.cascades import Cascade

USUAL = ((0.31, 0.38), (0.69, 0.38))
"""Where Haar's face box has the eyes: shares of its width and height."""

_BAND = (0.20, 0.55)
"""The part of the box's height that is searched."""
_WIDTH = 200
"""The searched face is scaled to this width: eyes are then of known size, at fixed cost."""
_SMALLEST, _LARGEST = 0.125, 0.45
"""An eye's width as a share of the face's: the brow and the whole half face are neither."""
_STEP, _NEIGHBOURS = 1.05, 4
_TILT = 0.20
"""Most the eyes may differ in height, share of the face's width (about 28 degrees)."""
_APART = (0.25, 0.58)
"""Least and most distance between the eyes, share of the face's width."""


class EyeFinder:
    """Finds the eyes of a face box. Raises DetectorMissing without the cascade files."""

    def __init__(self, folder: Path | None = None) -> None:
        self._cascades = (Cascade("eye", folder), Cascade("eye_tree_eyeglasses", folder))

    def find(self, grey: NDArray[np.uint8], box: Box) -> tuple[Eyes, bool]:
        """Eyes in pixels of `grey` (uint8 HxW), and whether both were really found."""
        top = max(0, box.y + round(box.height * _BAND[0]))
        bottom = min(grey.shape[0], box.y + round(box.height * _BAND[1]))
        left, right = max(0, box.x), min(grey.shape[1], box.x + box.width)
        if bottom - top < 4 or right - left < 8:
            return usual_eyes(box), False
        scale = _WIDTH / box.width
        band = np.asarray(
            cv2.resize(
                grey[top:bottom, left:right],
                None,
                fx=scale,
                fy=scale,
                interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
            ),
            dtype=np.uint8,
        )
        half = round((box.x + box.width / 2 - left) * scale)
        first = self._eye(band[:, :half])
        second = self._eye(band[:, half:])
        if first is None or second is None:
            return usual_eyes(box), False
        eyes = (
            (left + first[0] / scale, top + first[1] / scale),
            (left + (half + second[0]) / scale, top + second[1] / scale),
        )
        return (eyes, True) if plausible(eyes, box) else (usual_eyes(box), False)

    def _eye(self, half: NDArray[np.uint8]) -> tuple[float, float] | None:
        for cascade in self._cascades:
            found = cascade.search(
                half, _STEP, _NEIGHBOURS, round(_SMALLEST * _WIDTH), round(_LARGEST * _WIDTH)
            )
            if found:
                best, _ = max(found, key=lambda each: each[0].width)
                return best.centre
        return None


def usual_eyes(box: Box) -> Eyes:
    """The eyes' usual places in a face box."""
    (left_x, left_y), (right_x, right_y) = USUAL
    return (
        (box.x + left_x * box.width, box.y + left_y * box.height),
        (box.x + right_x * box.width, box.y + right_y * box.height),
    )


def plausible(eyes: Eyes, box: Box) -> bool:
    """Whether two points can be the eyes of this face: level enough and properly apart."""
    (left_x, left_y), (right_x, right_y) = eyes
    apart = math.hypot(right_x - left_x, right_y - left_y) / box.width
    level = abs(right_y - left_y) < _TILT * box.width
    return level and _APART[0] <= apart <= _APART[1]
