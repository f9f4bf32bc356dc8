"""The quality gates: which face of a picture is kept, or why none is.

The gates stand in a fixed order and the first that closes gives the reason, so that an operator
is told what to mend first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.faces import measure
from engine.faces.align import Face, roll
from engine.faces.refusal import Refusal
from engine.settings import GateSettings

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

        grey = measure.luma(face.crop)
        brightness, sharpness = measure.brightness(grey), measure.sharpness(grey)

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
                change = measure.change(face.crop, previous)
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
