"""Turn, distance and light of a face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import Box, Face
from engine.faces.detect import FaceFinder, FaceFollower
from engine.faces.pose import (
    LEVEL,
    Distance,
    Light,
    Pose,
    distance,
    light,
    look,
    nod,
    pose_of,
    turn,
)
from engine.faces.quality import luma
from engine.pictures import read_photograph
from engine.settings import DetectionSettings, DetectorWish


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


@pytest.mark.parametrize("detector", ["blaze", "haar"])
def test_a_mirrored_face_is_turned_to_the_other_side(
    portrait: NDArray[np.uint8], detector: DetectorWish
) -> None:
    finder = FaceFinder(DetectionSettings(detector=detector))
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


def pointed(turn: float = 0.0, nod: float = 0.0, roll: float = 0.0) -> Face:
    """A face with BlazeFace's points. `turn`: the nose's way to the image's right, `nod`: its way
    down, both in distances of eyes and mouth; the ears go up by half as much again."""
    upright = np.array(
        [-20, 20, 50 * turn + 27j + 50j * nod, 50j, -45 + 12j - 75j * nod, 45 + 12j - 75j * nod]
    )
    placed = upright * np.exp(1j * np.radians(roll)) + 100 + 80j
    points = tuple((float(z.real), float(z.imag)) for z in placed)
    crop = np.full((160, 160, 3), 120, np.uint8)
    return Face(Box(50, 40, 100, 100), (points[0], points[1]), True, crop, points)


@pytest.mark.parametrize("roll", [0, 20, -15])
@pytest.mark.parametrize(
    ("turned", "nodded", "wanted"),
    [
        (0.0, 0.0, Pose.FRONTAL),
        (0.03, 0.02, Pose.FRONTAL),
        (0.12, 0.0, Pose.LEFT),
        (-0.12, 0.0, Pose.RIGHT),
        (0.0, -0.1, Pose.UP),
        (0.0, 0.1, Pose.DOWN),
        (0.12, 0.1, Pose.LEFT),
    ],
)
def test_points_tell_turn_and_nod_whatever_the_tilt(
    turned: float, nodded: float, wanted: Pose, roll: float
) -> None:
    level = nod(pointed())
    assert look(pointed(turned, nodded, roll), 640, level).pose is wanted


def test_a_nod_is_one_against_the_persons_own_level() -> None:
    raised = pointed(nod=-0.1)
    assert look(raised, 640, nod(raised)).pose is Pose.FRONTAL
    assert look(pointed(), 640, nod(raised)).pose is Pose.DOWN


def test_without_points_no_nod_is_told() -> None:
    crop = np.zeros((160, 160, 3), np.uint8)
    assert nod(Face(Box(0, 0, 100, 100), ((30.0, 38.0), (70.0, 38.0)), True, crop)) == LEVEL


@pytest.mark.shared
def test_mirrored_faces_of_lfw_are_turned_to_the_other_side(finder: FaceFinder, lfw: Path) -> None:
    files = sorted((lfw / "strangers").glob("*/*_0001.jpg"))[:24]
    sides = []
    for file in files:
        picture = read_photograph(file)
        both = [picture, np.ascontiguousarray(picture[:, ::-1])]
        faces = [finder.find_in_photograph(each)[0] for each in both]
        sides.append([look(face, 640, nod(face)).pose for face in faces])
    other = {Pose.LEFT: Pose.RIGHT, Pose.RIGHT: Pose.LEFT}
    turned = [(one, two) for one, two in sides if one in other]
    assert len(turned) >= 4
    assert sum(two is other[one] for one, two in turned) >= 0.75 * len(turned)
    assert all(two is not one for one, two in turned)


@pytest.mark.shared
def test_man_who_moves_his_head_is_seen_to_raise_and_to_lower_it(clips: Path) -> None:
    capture = cv2.VideoCapture(str(clips / "man_a_take1.mp4"))
    follower = FaceFollower(DetectionSettings())
    nods = {}
    for number in range(625):
        _good, image = capture.read()
        if number % 5 == 0:
            (face, *_) = follower.find(np.asarray(image, np.uint8))
            nods[number] = look(face, 400, 0.06).pose
    capture.release()
    # Seen by eye: he lifts his chin at 615 and lowers it at 575, and looks ahead at the start.
    assert nods[615] is Pose.UP
    assert nods[575] is Pose.DOWN
    ahead = [nods[number] for number in range(0, 400, 5)]
    assert ahead.count(Pose.FRONTAL) >= 0.8 * len(ahead)
