"""The quality gates: which face of a picture is kept, or why none is.

The gates stand in a fixed order and the first that closes gives the reason, so that an operator
is told what to mend first.

What the quality gates measure on an aligned crop (RGB uint8 160x160x3).

All of it is measured on the crop, so that it means the same whatever the face's size in the
frame, and on its middle, where the face is and the background is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.align import Face, roll
from engine.faces.refusal import Refusal
from engine.pictures import CROP
from engine.settings import GateSettings
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


def brightness_of(grey: NDArray[np.uint8]) -> float:
    """Mean luma of the crop's middle, 0..255."""
    return float(grey[_EDGE:-_EDGE, _EDGE:-_EDGE].mean())


def sharpness_of(grey: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of the crop halved.

    Halving takes out the sensor's noise, which would pass for detail, and the difference between
    a face that was enlarged into the crop and one that was reduced into it. Scaled to a mean
    luma of 128, because half the light gives half the contrast of the same sharp face.
    """
    half = cv2.resize(grey, (CROP // 2, CROP // 2), interpolation=cv2.INTER_AREA)
    middle = half[_EDGE // 2 : -_EDGE // 2, _EDGE // 2 : -_EDGE // 2]
    gain = _REFERENCE_LUMA / max(brightness_of(grey), 16.0)
    return float(cv2.Laplacian(middle, cv2.CV_32F).var()) * gain**2


def change_between(crop: NDArray[np.uint8], previous: NDArray[np.uint8]) -> float:
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


_IMPORT_LENIENCE = 0.2
"""Photographs were chosen by somebody: only the hopeless ones are refused. Their limits lie this
share of the way from the end of the scale to the live limit. On LFW that refuses nothing."""
_MOST_ROLL, _HEAD_DOWN = 50.0, 130.0
"""Degrees from upright beyond which a live face lies on its side, and stands on its head: nobody
holds their head like that before a camera, so it is the camera that must be turned."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gates' answer. `refusal` None: keep `face`.

    `value` is what was measured and `limit` what it missed; both are 0 for a kept face.
    several_faces: width of the largest over the next one's; upside_down, turned: degrees from
    upright; too_small: width in pixels;
    too_dark, too_bright: mean luma; blurred: sharpness; duplicate: change.
    `brightness` and `sharpness` are 0 where the gates closed before they were measured. `face`
    is the one judged; None with no_face and several_faces.
    """

    face: Face | None
    refusal: Refusal | None
    value: float
    limit: float
    brightness: float
    sharpness: float


def lies(face: Face) -> Refusal | None:
    """UPSIDE_DOWN or TURNED for a face that nobody holds so: the camera is to be turned."""
    degrees = roll(face)
    if degrees <= _MOST_ROLL:
        return None
    return Refusal.UPSIDE_DOWN if degrees > _HEAD_DOWN else Refusal.TURNED


class QualityGates:
    """Judges the faces of one picture. Keeps no state; limits come from the settings."""

    def __init__(self, settings: GateSettings) -> None:
        self.settings = settings

    def judge(
        self,
        faces: Sequence[Face],
        previous: NDArray[np.uint8] | None,
        imported: bool = False,
    ) -> Verdict:
        """The verdict over `faces`, largest first; `previous` is the last kept crop, if any.

        With `imported` the first face is taken as the chosen one, whoever else is in the
        photograph; the limits are those for photographs, and only a crop equal to `previous` in
        every pixel is a duplicate.
        """
        if not faces:
            return Verdict(None, Refusal.NO_FACE, 0.0, 1.0, 0.0, 0.0)
        settings = self.settings
        face = faces[0]
        if not imported and len(faces) > 1:
            face, next_one = sorted(faces, key=lambda each: each.box.width, reverse=True)[:2]
            ratio = face.box.width / max(next_one.box.width, 1)
            if ratio < settings.dominance:
                return Verdict(None, Refusal.SEVERAL_FACES, ratio, settings.dominance, 0.0, 0.0)
        if not imported and (reason := lies(face)):
            return Verdict(face, reason, roll(face), _MOST_ROLL, 0.0, 0.0)
        smallest = settings.min_face_import if imported else settings.min_face
        if face.box.width < smallest:
            return Verdict(face, Refusal.TOO_SMALL, face.box.width, smallest, 0.0, 0.0)

        grey = luma(face.crop)
        brightness, sharpness = brightness_of(grey), sharpness_of(grey)

        def refused(refusal: Refusal, value: float, limit: float) -> Verdict:
            return Verdict(face, refusal, value, limit, brightness, sharpness)

        darkest, brightest, softest = self._limits(imported)
        if brightness < darkest:
            return refused(Refusal.TOO_DARK, brightness, darkest)
        if brightness > brightest:
            return refused(Refusal.TOO_BRIGHT, brightness, brightest)
        if sharpness < softest:
            return refused(Refusal.BLURRED, sharpness, softest)
        if previous is not None:
            if imported and np.array_equal(face.crop, previous):
                return refused(Refusal.DUPLICATE, 0.0, 0.0)
            if not imported:
                change = change_between(face.crop, previous)
                if change < settings.min_change:
                    return refused(Refusal.DUPLICATE, change, settings.min_change)
        return Verdict(face, None, 0.0, 0.0, brightness, sharpness)

    def _limits(self, imported: bool) -> tuple[float, float, float]:
        """Least and most brightness, least sharpness."""
        settings = self.settings
        if not imported:
            return settings.min_brightness, settings.max_brightness, settings.min_sharpness
        return (
            settings.min_brightness * _IMPORT_LENIENCE,
            255 - (255 - settings.max_brightness) * _IMPORT_LENIENCE,
            settings.min_sharpness * _IMPORT_LENIENCE,
        )
