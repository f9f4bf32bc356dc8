"""What the quality gates measure on an aligned crop (RGB uint8 160x160x3).

All of it is measured on the crop, so that it means the same whatever the face's size in the
frame, and on its middle, where the face is and the background is not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.pictures import CROP
from engine.shortage import refuse_shortage

_EDGE = CROP // 10
"""Pixels left out on every side."""
_REFERENCE_LUMA = 128.0
"""Sharpness is stated for a face of this mean luma."""
_CHANGE_SIDE = 64
"""Crops are compared at this size: noise averages out, a lid that closes does not."""
_SMOOTHING = 1.6
"""Pixels of Gauss blur at that size."""
_MOST_CHANGED = 0.05
"""Share of the face whose difference counts: a blink moves little, but that a lot."""


def luma(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crop in grey (uint8 160x160), luma as in ITU-R BT.601."""
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def brightness(grey: NDArray[np.uint8]) -> float:
    """Mean luma of the crop's middle, 0..255."""
    return float(grey[_EDGE:-_EDGE, _EDGE:-_EDGE].mean())


def sharpness(grey: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of the crop halved.

    Halving takes out the sensor's noise, which would pass for detail, and the difference between
    a face that was enlarged into the crop and one that was reduced into it. Scaled to a mean
    luma of 128, because half the light gives half the contrast of the same sharp face.
    """
    half = cv2.resize(grey, (CROP // 2, CROP // 2), interpolation=cv2.INTER_AREA)
    middle = half[_EDGE // 2 : -_EDGE // 2, _EDGE // 2 : -_EDGE // 2]
    gain = _REFERENCE_LUMA / max(brightness(grey), 16.0)
    return float(cv2.Laplacian(middle, cv2.CV_32F).var()) * gain**2


def change(crop: NDArray[np.uint8], previous: NDArray[np.uint8]) -> float:
    """How much the face itself changed: mean luma difference in its most changed 20th, 0..255.

    The eyes are found anew in each frame and never at quite the same place, which moves a crop
    as much as a turn of the head does. So the crops are first registered on each other by an
    affine transform that maximises their correlation (ECC, Evangelidis and Psarakis, PAMI 2008),
    and light is made equal. A still photograph then mostly stays below 3, held in the hand or under
    noise; a living face is beyond that within a few tenths of a second.
    """
    first, second = _comparable(previous), _comparable(crop)
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            first, second, warp, cv2.MOTION_AFFINE, stop, np.full(first.shape, 255, np.uint8), 1
        )
        warp = np.asarray(found, dtype=np.float32)
    except cv2.error as error:
        refuse_shortage(error)
        # No correlation to climb: the pictures are plainly different, or one of them is flat.
        warp = np.eye(2, 3, dtype=np.float32)
    moved = cv2.warpAffine(
        second,
        warp,
        (_CHANGE_SIDE, _CHANGE_SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    edge = _CHANGE_SIDE // 8
    one = first[edge:-edge, edge:-edge]
    other = np.asarray(moved, dtype=np.float32)[edge:-edge, edge:-edge]
    # Bounded, or a face would be flattened until it equals a wall.
    contrast = min(max(float(one.std()) / max(float(other.std()), 1.0), 0.5), 2.0)
    other = (other - other.mean()) * contrast + one.mean()
    difference = np.sort(np.abs(one - other), axis=None)
    return float(difference[-round(difference.size * _MOST_CHANGED) :].mean())


def _comparable(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Small, smoothed luma, float32 64x64."""
    small = cv2.resize(luma(crop), (_CHANGE_SIDE, _CHANGE_SIDE), interpolation=cv2.INTER_AREA)
    smoothed = cv2.GaussianBlur(np.asarray(small, dtype=np.float32), (0, 0), _SMOOTHING)
    return np.asarray(smoothed, dtype=np.float32)
