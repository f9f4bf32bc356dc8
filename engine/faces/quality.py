"""Which face of a picture is kept, or which quality gate refuses it; and what gates measure.

Brightness, sharpness and change are measured on the aligned crop (RGB uint8 160x160x3), so that
they mean the same whatever the face's size in the frame, and on its middle, where the face is and
the background is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.align import Face, roll
from engine.faces.refusal import GATES, Gate, Measure, Refusal
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


class Probe:
    """A face as the gates ask about it; whatever takes time is measured once, when it is asked.

    `crop` is the aligned one (RGB uint8 160x160x3), `width` its box's in pixels, `lead` the width
    over that of the next face, `roll` degrees from upright, `previous` the last kept crop.
    """

    def __init__(
        self,
        crop: NDArray[np.uint8],
        width: int,
        lead: float = math.inf,
        roll: float = 0.0,
        previous: NDArray[np.uint8] | None = None,
    ) -> None:
        self.crop, self.width, self.lead, self.roll = crop, width, lead, roll
        self.previous = previous

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """Luma, uint8 (160, 160)."""
        return luma(self.crop)

    @cached_property
    def brightness(self) -> float:
        """Mean luma, 0..255."""
        return brightness_of(self.grey)

    @cached_property
    def sharpness(self) -> float:
        """As `sharpness_of`."""
        return sharpness_of(self.grey)

    @property
    def change(self) -> float:
        """As `change_between`; infinite if no crop was kept before."""
        return math.inf if self.previous is None else change_between(self.crop, self.previous)


MEASURES: Mapping[Measure, Callable[[Probe], float]] = {
    "lead": lambda face: face.lead,
    "roll": lambda face: face.roll,
    "width": lambda face: face.width,
    "brightness": lambda face: face.brightness,
    "sharpness": lambda face: face.sharpness,
    "change": lambda face: face.change,
}


def measured(
    face: Probe, gates: Iterable[Gate], settings: GateSettings, imported: bool = False
) -> Iterator[tuple[Gate, float, float]]:
    """Each gate with the value of `face` and its limit, measured one after the other."""
    for gate in gates:
        limit = gate.photographs if imported else gate.limit
        if limit is not None and gate.measure is not None:
            yield gate, MEASURES[gate.measure](face), limit(settings)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gates' answer. `refusal` None: keep `face`.

    `value` is what the gate that closed measured and `limit` what it asks for (`GATES`); both
    are 0 for a kept face. `brightness` and `sharpness` are 0 where no crop was measured. `face`
    is the one judged; None with no_face and several_faces.
    """

    face: Face | None
    refusal: Refusal | None
    value: float
    limit: float
    brightness: float
    sharpness: float


_LYING = (GATES[Refusal.UPSIDE_DOWN], GATES[Refusal.TURNED])


def lies(face: Face, settings: GateSettings) -> Gate | None:
    """The gate that closes for a face that nobody holds so: the camera is to be turned."""
    degrees = roll(face)
    return next((gate for gate in _LYING if gate.closes(degrees, gate.limit(settings))), None)


class QualityGates:
    """Judges the faces of one picture. Keeps no state; limits come from the settings."""

    def __init__(self, settings: GateSettings) -> None:
        self.settings = settings

    def judge(
        self, faces: Sequence[Face], previous: NDArray[np.uint8] | None, imported: bool = False
    ) -> Verdict:
        """The verdict over `faces`, largest first; `previous` is the last kept crop, if any.

        With `imported` the first face is taken as the chosen one, whoever else is in the
        photograph, and the limits are those for photographs.
        """
        if not faces:
            return Verdict(None, Refusal.NO_FACE, 0.0, 1.0, 0.0, 0.0)
        face, lead = faces[0], math.inf
        if not imported and len(faces) > 1:
            face, other = sorted(faces, key=lambda each: each.box.width, reverse=True)[:2]
            lead = face.box.width / max(other.box.width, 1)
        probe = Probe(face.crop, face.box.width, lead, roll(face), previous)
        for gate, value, limit in measured(probe, GATES.values(), self.settings, imported):
            if gate.closes(value, limit):
                seen = None if gate.refusal is Refusal.SEVERAL_FACES else face
                return Verdict(seen, gate.refusal, value, limit, 0.0, 0.0)
        return Verdict(face, None, 0.0, 0.0, probe.brightness, probe.sharpness)
