"""A face's place, and from its points to a crop of fixed size, so that every face lies alike.

A similarity transform (turn, scale, shift) brings the eyes, and nose and mouth where they are
known, as near as can be to fixed points. Nothing is stretched, so a narrow face stays narrow.
Every crop the project stores, trains on or searches is made here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.contract import BoxTuple
from engine.pictures import CROP

Point = tuple[float, float]
"""x and y in pixels of the picture."""
Eyes = tuple[Point, Point]
"""Both eyes, the one further left in an upright face's picture first."""
Aligned = Literal["eyes", "points"]
"""By what a crop was aligned: the eyes alone (Haar cascade), or eyes, nose, mouth (BlazeFace)."""

EYES_IN_CROP: Eyes = (
    (38.29 / 112 * CROP, 51.70 / 112 * CROP),
    (73.53 / 112 * CROP, 51.50 / 112 * CROP),
)
"""Where the eyes go: the usual five-point template of ArcFace (112 pixels), scaled to the crop."""
POINTS_IN_CROP: tuple[Point, ...] = (*EYES_IN_CROP, (80.3, 103.0), (80.8, 129.2))
"""Where eyes, nose tip and mouth go. The last two: medians over the background people of LFW,
aligned by their eyes."""

_EYES_APART = 0.29
"""Distance of an upright face's eyes, share of its box: 0.35 to 0.43 from the front, less in a
profile. Faces of LFW that lie on their side have 0.12 to 0.27 where they are found as upright."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of its picture; `x` and `y` are the top left corner.

    It may reach over the picture's edge where the face does.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def as_tuple(self) -> BoxTuple:
        """x, y, width, height: the form that events carry."""
        return self.x, self.y, self.width, self.height

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def shared(self, other: Box) -> int:
        """Square pixels that lie in both boxes."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0, width) * max(0, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.shared(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def scaled(self, factor: float, left: float = 0.0, top: float = 0.0) -> Box:
        """The same box in a picture `factor` times the size, moved by (-left, -top) afterwards."""
        return Box(
            round(self.x * factor - left),
            round(self.y * factor - top),
            max(1, round(self.width * factor)),
            max(1, round(self.height * factor)),
        )

    def turned_back(self, quarters: int, height: int, width: int) -> Box:
        """The box in a picture of `height` and `width` that was searched turned to the left by so
        many quarters (0..3)."""
        if quarters == 1:
            return Box(width - self.y - self.height, self.x, self.height, self.width)
        if quarters == 2:
            x, y = width - self.x - self.width, height - self.y - self.height
            return Box(x, y, self.width, self.height)
        if quarters == 3:
            return Box(self.y, height - self.x - self.width, self.height, self.width)
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face that was found: where, its eyes, and the aligned crop (RGB uint8 160x160x3).

    `eyes_found` is false where the eyes are only supposed at their usual places in the box.
    `points` are eyes, nose tip, mouth and ears, as BlazeFace finds them; empty from the Haar
    cascade. `turned` says by how many quarter turns to the left the picture must be turned for
    the face to stand upright; box and points are in the turned picture then.
    """

    box: Box
    eyes: Eyes
    eyes_found: bool
    crop: NDArray[np.uint8] = field(repr=False)
    points: tuple[Point, ...] = ()
    turned: int = 0

    def box_in(self, picture: NDArray[np.uint8]) -> Box:
        """The box in the picture (HxWx3) as it is, whichever way it was turned for the search."""
        height, width = picture.shape[:2]
        return self.box.turned_back(self.turned, height, width)

    @property
    def aligned(self) -> Aligned:
        """By what the crop was aligned."""
        return "points" if self.points else "eyes"


def roll(face: Face) -> float:
    """Degrees by which a face is turned from upright in its picture, 0..180, to either side."""
    (left_x, left_y), (right_x, right_y) = face.eyes
    line = math.degrees(math.atan2(right_y - left_y, right_x - left_x)) + 90 * face.turned
    return abs((line + 180) % 360 - 180)


def may_lie(face: Face) -> bool:
    """Whether a face that was found as upright may lie on its side: BlazeFace sees many of these
    all the same, half turned and with their eyes close together."""
    return math.dist(*face.eyes) < _EYES_APART * face.box.width


def align(image: NDArray[np.uint8], points: Sequence[Point]) -> NDArray[np.uint8]:
    """Warp `image` (BGR uint8 HxWx3) so that `points` come to lie at POINTS_IN_CROP.

    `points` are both eyes, or eyes, nose tip and mouth; more are not looked at. Returns RGB uint8
    160x160x3, C-contiguous. Raises ValueError if the points are all one.
    """
    import cv2  # 30 MB, which a process that only names faces does not need

    turn, middle, target = similarity(points)
    # A large face is first reduced by averaging: the warp itself looks at four pixels only, and
    # skipping the rest would turn fine texture into noise.
    factor = int(1 / abs(turn))
    if factor >= 2:
        image, left, top = _reduced_part(image, middle, target, turn, factor)
        middle = (middle - complex(left, top) + complex(0.5, 0.5)) / factor - complex(0.5, 0.5)
        turn *= factor
    shift = target - turn * middle
    matrix = np.array(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float64
    )
    # Beyond the picture's edge its last pixels go on. A black wedge would be a strong edge that the
    # features take for part of the face.
    border = cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(image, matrix, (CROP, CROP), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.ascontiguousarray(warped[..., ::-1], dtype=np.uint8)


def similarity(points: Sequence[Point]) -> tuple[complex, complex, complex]:
    """The turn, the middle and the target that bring `points` to POINTS_IN_CROP.

    A point z comes to lie at turn * (z - middle) + target. Raises ValueError as `align` does.
    The transform is the least-squares similarity (Umeyama, PAMI 1991, without reflection). With
    points as complex numbers it is z -> a*z + b, where a is the sum of conj(s)*t over the sum of
    |s|^2 for centred sources s and targets t; of two points it is exact.
    """
    used = np.array(points[: len(POINTS_IN_CROP)], np.float64) @ [1, 1j]
    targets = np.array(POINTS_IN_CROP[: len(used)]) @ [1, 1j]
    middle, target = complex(used.mean()), complex(targets.mean())
    apart = used - middle
    spread = float((np.abs(apart) ** 2).sum())
    if spread < 1e-6:
        raise ValueError("the points of the face are all the same")
    turn = complex((np.conj(apart) * (targets - target)).sum() / spread)
    if abs(turn) < 1e-9:
        raise ValueError("the points of the face make no face")
    return turn, middle, target


def _reduced_part(
    image: NDArray[np.uint8], middle: complex, target: complex, turn: complex, factor: int
) -> tuple[NDArray[np.uint8], int, int]:
    """The part of `image` the crop shows, `factor` times smaller, and that part's top left."""
    import cv2

    height, width = image.shape[:2]
    corners = [middle + (complex(x, y) - target) / turn for x in (0, CROP) for y in (0, CROP)]
    margin = 2 * factor
    left = max(0, math.floor(min(c.real for c in corners)) - margin)
    top = max(0, math.floor(min(c.imag for c in corners)) - margin)
    right = min(width, math.ceil(max(c.real for c in corners)) + margin)
    bottom = min(height, math.ceil(max(c.imag for c in corners)) + margin)
    # A crop wholly outside the picture keeps one block of pixels, which the border repeats.
    columns, rows = max(1, (right - left) // factor), max(1, (bottom - top) // factor)
    left, top = max(0, min(left, width - factor)), max(0, min(top, height - factor))
    part = image[top : top + rows * factor, left : left + columns * factor]
    reduced = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, dtype=np.uint8), left, top
