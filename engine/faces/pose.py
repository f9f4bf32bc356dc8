"""Which way a face is turned, how far away it is and how it is lit.

BlazeFace's points tell turn and nod. A head that turns carries its nose beside the line from the
eyes' middle to the mouth; a head that nods carries it up or down between them, and the ears the
other way against the eyes. Of 500 people of LFW, whose mirror image must give the mirrored answer,
four in ten are called turned; mirrored, 88 in 100 of those are called turned to the other side,
the rest frontal, none to the same side. A nod strays by 0.024 between the two pictures, and by
0.078 from person to person: how a face is built and how high the camera stands weigh as much as
the nod itself. So it is measured against a `level`, the person's own.

From the Haar cascade only a box and two eyes are known, so the turn is read from two weak signs.
In the crop, which then is aligned by the eyes alone, nose and mouth move beside the eyes' middle:
the axis about which the lower face is most alike to its own mirror image tells where they are.
And Haar's box, which follows the head's outline, moves against the eyes. One in five of LFW is
called turned; mirrored, 61 in 100 of those are called turned to the other side, 37 frontal, 3 to
the same side. Nods move by less than the box's own jitter, so none is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.faces import quality
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
_NOSE_BESIDE = 0.08
"""The same for BlazeFace's points: the nose's way from the line between the eyes' middle and the
mouth, in distances of these two. Some ten degrees."""
_NODDED = 0.05
"""Difference of a nod from the person's level beyond which a head is raised or lowered. Some ten
degrees; the man of the shared clips, talking, stays within 0.03 in eight frames of ten."""
LEVEL = 0.19
"""The usual nod: LFW's median."""
_EARS = 0.65
"""Weight of the ears' place in a nod, against the nose's: they move as much further."""
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
    UP = "up"
    DOWN = "down"


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


def look(face: Face, frame_width: int, level: float = LEVEL) -> Look:
    """The bins of a face in a frame `frame_width` pixels wide; `level` as in `nod`.

    Without eyes the pose is called frontal: the crop is then aligned by the box alone.
    """
    grey = quality.luma(face.crop)
    pose = pose_of(turn(face, grey), nod(face) - level) if face.eyes_found else Pose.FRONTAL
    return Look(pose, distance(face.box.width, frame_width), light(grey))


def pose_of(turned: float, nodded: float = 0.0) -> Pose:
    """The bin of a turn as `turn` states it and of a nod against the person's level."""
    if abs(turned) >= 1:
        return Pose.LEFT if turned > 0 else Pose.RIGHT
    if abs(nodded) >= _NODDED:
        return Pose.DOWN if nodded > 0 else Pose.UP
    return Pose.FRONTAL


def turn(face: Face, grey: NDArray[np.uint8]) -> float:
    """The turn to the person's left; 1 is where a head counts as turned, about 0 is frontal.

    `grey` is the crop's luma, uint8 160x160, looked at where the face has no points. No angle:
    the signs are too coarse for one.
    """
    if face.points:
        nose, mouth, _ = _upright(face)
        return (nose.real - mouth.real / 2) / _NOSE_BESIDE
    (left, _), (right, _) = face.eyes
    beside = ((left + right) / 2 - face.box.x) / max(face.box.width, 1) - 0.5
    in_box = (beside - _USUAL_BOX) / _BOX_SPREAD
    in_crop = (_axis(grey) - _USUAL_AXIS) / _AXIS_SPREAD
    return float(np.clip(in_crop, -3, 3) - np.clip(in_box, -3, 3)) / 2 / _TURNED


def nod(face: Face) -> float:
    """How far the head is lowered, in distances of eyes and mouth; LEVEL where points are missing.

    Half the nose's way down from the eyes, less half the ears' by their weight.
    """
    if not face.points:
        return LEVEL
    nose, _, ears = _upright(face)
    return (nose.imag - _EARS * ears.imag) / 2


def _upright(face: Face) -> tuple[complex, complex, complex]:
    """Nose, mouth and the ears' middle as seen from the eyes' middle: along the eyes' line, and
    down from it, in distances of the mouth from that line."""
    left, right, nose, mouth, *ears = (complex(*point) for point in face.points)
    middle, along = (left + right) / 2, right - left
    along /= max(abs(along), 1e-6)
    down = max(((mouth - middle) / along).imag, 1e-6)
    nose, mouth, heard = (
        (point - middle) / along / down for point in (nose, mouth, sum(ears) / len(ears))
    )
    return nose, mouth, heard


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
