"""Which way a face is turned, how far away it is and how it is lit, as far as Haar lets one see.

Only a box and two eyes are known, so the turn is read from two weak signs. In the aligned crop
the eyes are at fixed places, and nose and mouth move beside their middle when the head turns: the
axis about which the lower face is most alike to its own mirror image tells where they are. And
Haar's box, which follows the head's outline, moves against the eyes.

What that can and cannot see: on 553 of LFW's pictures, whose mirror image must give the mirrored
answer, one in five is called turned. Mirrored, 61 in 100 of those are called turned to the other
side, 37 frontal, 3 to the same side. The side is rarely wrong, then, but the border to frontal is
soft. The frontal cascade loses a head beyond some 30 degrees, so `left` and `right` are half
turns. Nodding was tried too (the eyes' height in the box): it moves by less than the box's own
jitter, so it is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces import measure
from engine.faces.align import Face
from engine.pictures import CROP

_ROWS = (84, 145)
"""Rows of the crop with nose and mouth."""
_REACH = 40
"""Pixels on either side of the axis that are compared."""
_FARTHEST = 16
"""Furthest the axis is looked for from the eyes' middle, pixels of the crop."""
_AXIS_SPREAD, _BOX_SPREAD = 3.7, 0.02
"""How far the two signs usually stray on LFW: pixels of the crop, shares of the box's width."""
_USUAL_AXIS, _USUAL_BOX = 1.0, -0.006
"""Their medians there."""
_TURNED = 0.9
"""A mean of the two signs, each in its spread, beyond which a head counts as turned."""
_NEAR, _FAR = 0.38, 0.24
"""Box width as a share of the frame's width from which a face is near, below which it is far."""
_DIM, _BRIGHT = 95.0, 160.0
"""Mean luma below which light is dim, above which it is bright."""
_SIDE = 0.22
"""Difference of the face's halves as a share of their mean from which light is from one side."""


class Pose(StrEnum):
    """The way the head is turned, as the person would say it."""

    LEFT = "left"
    FRONTAL = "frontal"
    RIGHT = "right"


class Distance(StrEnum):
    """How large the face stands in the frame."""

    NEAR = "near"
    MIDDLE = "middle"
    FAR = "far"


class Light(StrEnum):
    """How the face is lit. Light from a side counts as that, dim or bright as it may be."""

    EVEN = "even"
    DIM = "dim"
    BRIGHT = "bright"
    SIDE = "side"


@dataclass(frozen=True, slots=True)
class Look:
    """One face's bins."""

    pose: Pose
    distance: Distance
    light: Light


def look(face: Face, frame_width: int) -> Look:
    """The bins of a face in a frame `frame_width` pixels wide.

    Without eyes the pose is called frontal: the crop is then aligned by the box alone.
    """
    grey = measure.luma(face.crop)
    pose = pose_of(turn(face, grey)) if face.eyes_found else Pose.FRONTAL
    return Look(pose, distance(face.box.width, frame_width), light(grey))


def pose_of(turned: float) -> Pose:
    """The bin of a turn as `turn` states it."""
    if abs(turned) < _TURNED:
        return Pose.FRONTAL
    return Pose.LEFT if turned > 0 else Pose.RIGHT


def turn(face: Face, grey: NDArray[np.uint8]) -> float:
    """The turn to the person's left, in spreads of the two signs; about 0 for a frontal face.

    `grey` is the crop's luma, uint8 160x160. No angle: the signs are too coarse for one.
    """
    (left, _), (right, _) = face.eyes
    beside = ((left + right) / 2 - face.box.x) / max(face.box.width, 1) - 0.5
    in_box = (beside - _USUAL_BOX) / _BOX_SPREAD
    in_crop = (_axis(grey) - _USUAL_AXIS) / _AXIS_SPREAD
    return float(np.clip(in_crop, -3, 3) - np.clip(in_box, -3, 3)) / 2


def distance(face_width: int, frame_width: int) -> Distance:
    """The bin of a face's width; both in pixels of the frame."""
    share = face_width / max(frame_width, 1)
    if share >= _NEAR:
        return Distance.NEAR
    return Distance.FAR if share < _FAR else Distance.MIDDLE


def light(grey: NDArray[np.uint8]) -> Light:
    """The bin of a crop's light; luma uint8 160x160."""
    edge = CROP // 5
    middle = grey[edge:-edge, edge:-edge].astype(np.float32)
    half = middle.shape[1] // 2
    one, other = float(middle[:, :half].mean()), float(middle[:, half:].mean())
    mean = (one + other) / 2
    if abs(one - other) >= _SIDE * max(mean, 1.0):
        return Light.SIDE
    if mean < _DIM:
        return Light.DIM
    return Light.BRIGHT if mean > _BRIGHT else Light.EVEN


def _axis(grey: NDArray[np.uint8]) -> int:
    """Pixels by which the lower face's mirror axis lies to the right of the eyes' middle.

    Correlated are the strengths of the edges, not the luma: light from a side is no turn.
    """
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 2)
    first, last = _ROWS
    across = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0))[first:last]
    down = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1))[first:last]
    edges = np.concatenate([across, down])
    best, found = -2.0, 0
    for shift in range(-_FARTHEST, _FARTHEST + 1):
        middle = CROP // 2 + shift
        one = edges[:, middle - _REACH : middle]
        other = edges[:, middle : middle + _REACH][:, ::-1]
        one, other = one - one.mean(), other - other.mean()
        norm = float(np.sqrt((one * one).sum() * (other * other).sum()))
        alike = float((one * other).sum()) / norm if norm > 0 else 0.0
        if alike > best:
            best, found = alike, shift
    return found if best > 0 else 0
