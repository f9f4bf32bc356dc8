"""From two eyes to a crop of fixed size, so that every face lies alike.

A similarity transform (turn, scale, shift) puts the eyes at fixed points. Nothing is stretched,
so a narrow face stays narrow. Every crop the project stores, trains on or searches is made here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces.box import Box
from engine.pictures import CROP

Eyes = tuple[tuple[float, float], tuple[float, float]]
"""x and y of both eyes in pixels of the picture, the one further left in the picture first."""

EYES_IN_CROP: Eyes = (
    (38.29 / 112 * CROP, 51.70 / 112 * CROP),
    (73.53 / 112 * CROP, 51.50 / 112 * CROP),
)
"""Where the eyes go: the usual five-point template of ArcFace (112 pixels), scaled to the crop."""

# Beyond the picture's edge its last pixels go on. A black wedge would be a strong edge that the
# features take for part of the face.
_BORDER = cv2.BORDER_REPLICATE


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face that was found: where, its eyes, and the aligned crop (RGB uint8 160x160x3).

    `eyes_found` is false where the eyes are only supposed at their usual places in the box.
    """

    box: Box
    eyes: Eyes
    eyes_found: bool
    crop: NDArray[np.uint8] = field(repr=False)


def align(image: NDArray[np.uint8], eyes: Eyes) -> NDArray[np.uint8]:
    """Warp `image` (BGR uint8 HxWx3) so that `eyes` come to lie at EYES_IN_CROP.

    Returns RGB uint8 160x160x3, C-contiguous. Raises ValueError if both eyes are one point.
    The transform from two point pairs is exact: with points as complex numbers it is
    z -> a*z + b with a = (t1 - t0) / (s1 - s0).
    """
    (left_x, left_y), (right_x, right_y) = eyes
    across = complex(right_x - left_x, right_y - left_y)
    if abs(across) < 1e-3:
        raise ValueError("both eyes are the same point")
    target_left, target_right = complex(*EYES_IN_CROP[0]), complex(*EYES_IN_CROP[1])
    turn = (target_right - target_left) / across

    # A large face is first reduced by averaging: the warp itself looks at four pixels only, and
    # skipping the rest would turn fine texture into noise.
    factor = int(1 / abs(turn))
    if factor >= 2:
        image, left, top = _reduced_part(image, eyes, turn, factor)
        middle = complex((left_x + right_x) / 2, (left_y + right_y) / 2)
        middle = (middle - complex(left, top) + complex(0.5, 0.5)) / factor - complex(0.5, 0.5)
        turn *= factor
    else:
        middle = complex((left_x + right_x) / 2, (left_y + right_y) / 2)
    shift = (target_left + target_right) / 2 - turn * middle
    matrix = np.array(
        [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float64
    )
    warped = cv2.warpAffine(image, matrix, (CROP, CROP), flags=cv2.INTER_LINEAR, borderMode=_BORDER)
    return np.ascontiguousarray(warped[..., ::-1], dtype=np.uint8)


def _reduced_part(
    image: NDArray[np.uint8], eyes: Eyes, turn: complex, factor: int
) -> tuple[NDArray[np.uint8], int, int]:
    """The part of `image` the crop shows, `factor` times smaller, and that part's top left."""
    height, width = image.shape[:2]
    target_middle = (complex(*EYES_IN_CROP[0]) + complex(*EYES_IN_CROP[1])) / 2
    middle = complex((eyes[0][0] + eyes[1][0]) / 2, (eyes[0][1] + eyes[1][1]) / 2)
    corners = [
        middle + (complex(x, y) - target_middle) / turn for x in (0, CROP) for y in (0, CROP)
    ]
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
