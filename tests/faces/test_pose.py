"""Turn, distance and light of a face."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import Face
from engine.faces.box import Box
from engine.faces.detect import FaceFinder
from engine.faces.measure import luma
from engine.faces.pose import Distance, Light, Pose, distance, light, look, pose_of, turn


def grey(left: int, right: int) -> NDArray[np.uint8]:
    """A crop's luma with two evenly lit halves."""
    made = np.full((160, 160), left, np.uint8)
    made[:, 80:] = right
    return made


@pytest.mark.parametrize(
    ("luma_of_halves", "wanted"),
    [((60, 62), "dim"), ((120, 125), "even"), ((190, 190), "bright"), ((80, 140), "side")],
)
def test_light_is_told_by_brightness_and_by_the_difference_of_the_halves(
    luma_of_halves: tuple[int, int], wanted: str
) -> None:
    assert light(grey(*luma_of_halves)) is Light(wanted)


def test_distance_is_the_faces_share_of_the_frame() -> None:
    assert distance(300, 640) is Distance.NEAR
    assert distance(200, 640) is Distance.MIDDLE
    assert distance(100, 640) is Distance.FAR
    assert distance(200, 1920) is Distance.FAR


def test_a_mirrored_face_is_turned_to_the_other_side(
    finder: FaceFinder, portrait: NDArray[np.uint8]
) -> None:
    (face, *_) = finder.find(portrait)
    (mirrored, *_) = finder.find(np.ascontiguousarray(portrait[:, ::-1]))
    one, other = turn(face, luma(face.crop)), turn(mirrored, luma(mirrored.crop))
    assert one * other < 0


def test_small_turns_are_frontal_and_sides_are_the_persons_own() -> None:
    assert pose_of(0.2) is Pose.FRONTAL
    assert pose_of(1.5) is Pose.LEFT
    assert pose_of(-1.5) is Pose.RIGHT


def test_a_face_without_eyes_is_called_frontal() -> None:
    crop = np.random.default_rng(1).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    face = Face(Box(0, 0, 100, 100), ((5.0, 38.0), (20.0, 38.0)), False, crop)
    assert look(face, 640).pose is Pose.FRONTAL
