"""Life for the demo's portraits: the head turns in depth, the mouth moves, the eyes blink.

A photograph that is only moved about is the same face in every frame, and the duplicate gate
rightly says so. Here smooth fields of displacement, sized by the face, are added up and the
picture is resampled once; light follows the relief of the head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.camera.frame import Image
from engine.camera.quiet import cv2

Field = NDArray[np.float32]
REACH = 1.45
"""Half the side of the moving part, in face widths; all fields have faded out there."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Places in the portrait's pixels: both eyes (left in the image first), the mouth's middle,
    and the width of the face."""

    eyes: tuple[tuple[float, float], tuple[float, float]]
    mouth: tuple[float, float]
    width: float

    @property
    def middle(self) -> tuple[float, float]:
        """Between eyes and mouth."""
        (left_x, left_y), (right_x, right_y) = self.eyes
        x = (left_x + right_x + 2 * self.mouth[0]) / 4
        return x, (left_y + right_y + 2 * self.mouth[1]) / 4


@dataclass(frozen=True, slots=True)
class Expression:
    """What the face does; -1..1 each, `blink` 0..1 (closed). `side` and `top`: the light."""

    turn: float
    nod: float
    smile: float
    talk: float
    brow: float
    blink: float
    side: float
    top: float


class LivingFace:
    """The part of a portrait around the face, made anew for each expression."""

    def __init__(self, portrait: Image, marks: Landmarks) -> None:
        height, width = portrait.shape[:2]
        reach, (x, y) = REACH * marks.width, marks.middle
        self.left, self.top = max(0, round(x - reach)), max(0, round(y - reach))
        right, bottom = min(width, round(x + reach)), min(height, round(y + reach))
        self._picture = portrait[self.top : bottom, self.left : right].copy()
        place: Field = np.indices(self._picture.shape[:2], dtype=np.float32)
        self._rows: Field = place[0]
        self._columns: Field = place[1]
        self._fields(self._columns + self.left, self._rows + self.top, marks)

    def shown(self, face: Expression) -> Image:
        """The part with `face`, BGR; its top left corner is at `left`, `top` of the portrait."""
        across = self._turn * face.turn + self._smile_x * face.smile
        down = self._turn * face.nod + self._smile_y * face.smile + self._talk * face.talk
        down += self._brow * face.brow - self._blink * face.blink
        moved = cv2.remap(
            self._picture,
            self._columns - across,
            self._rows - down,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        light = 1 + 0.22 * face.side * self._relief_x + 0.16 * face.top * self._relief_y
        lit = cv2.multiply(moved, cv2.merge([light] * 3), dtype=cv2.CV_8U)
        return np.asarray(lit, dtype=np.uint8)

    def _fields(self, x: Field, y: Field, marks: Landmarks) -> None:
        """Displacements in pixels at full strength, and the slopes that catch the light."""
        width, (middle_x, middle_y) = marks.width, marks.middle

        def bump(at_x: float, at_y: float, wide: float, high: float) -> Field:
            across, down = (x - at_x) / (wide * width), (y - at_y) / (high * width)
            return np.asarray(np.exp(-(across**2) - down**2), dtype=np.float32)

        head = bump(middle_x, middle_y, 0.55, 0.70)
        nose = bump(middle_x, middle_y, 0.13, 0.20)
        self._turn = width * (0.06 * head + 0.05 * nose)
        self._relief_x = (x - middle_x) / (0.39 * width) * head * np.float32(1.65)
        self._relief_y = (y - middle_y) / (0.50 * width) * head * np.float32(1.65)

        mouth_x, mouth_y = marks.mouth
        lips = bump(mouth_x, mouth_y, 0.28, 0.16)
        self._smile_x = 0.22 * (x - mouth_x) * lips
        self._smile_y = -0.25 * np.abs(x - mouth_x) * lips
        self._talk = 0.40 * (y - mouth_y) * lips

        (left_x, left_y), (right_x, right_y) = marks.eyes
        eyes_y = (left_y + right_y) / 2
        self._brow = -0.05 * width * bump(middle_x, eyes_y - 0.14 * width, 0.40, 0.10)
        # Where the eye is the picture is taken from further off: the lids close over it.
        self._blink = 1.6 * (
            (y - left_y) * bump(left_x, left_y, 0.14, 0.08)
            + (y - right_y) * bump(right_x, right_y, 0.14, 0.08)
        )
