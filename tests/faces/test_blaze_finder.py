"""Which finds are believed, and how faces are found in pictures of any size, cut and turn."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import POINTS_IN_CROP, Box, Face, align
from engine.faces.blaze import FULL_RANGE, LEAST, BlazeFace, BlazeFinder
from tests.faces.faceless import faceless

Picture = NDArray[np.uint8]
EYES_IN_PORTRAIT = ((201, 101), (248, 103))


@pytest.fixture(scope="module")
def finder() -> BlazeFinder:
    return BlazeFinder()


def off(face: Face, eyes: tuple[tuple[float, float], ...]) -> float:
    """Largest distance of the eyes from where they are, as a share of their distance."""
    apart = math.dist(*eyes)
    return max(math.dist(a, b) for a, b in zip(face.eyes, eyes, strict=True)) / apart


def resized(image: Picture, scale: float) -> Picture:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=way), np.uint8)


def moved(frame: Picture, right: int) -> Picture:
    return np.asarray(np.roll(frame, right, axis=1), np.uint8)


def test_face_has_box_six_points_and_a_crop_aligned_by_four(
    finder: BlazeFinder, frame: Picture
) -> None:
    (face,) = finder.find(frame)
    assert face.eyes_found
    assert face.eyes == face.points[:2]
    assert len(face.points) == 6
    assert face.box.overlap(Box(218, 80, 126, 126)) > 0.7
    assert face.box.width == face.box.height
    left_eye, right_eye, nose, mouth, left_ear, right_ear = face.points
    assert left_ear[0] < left_eye[0] < nose[0] < right_eye[0] < right_ear[0]
    assert left_eye[1] < nose[1] < mouth[1]
    assert np.array_equal(face.crop, align(frame, face.points[: len(POINTS_IN_CROP)]))


@pytest.mark.parametrize("name", sorted(faceless()))
def test_picture_without_a_face_has_none(finder: BlazeFinder, name: str) -> None:
    picture = faceless()[name]
    assert finder.find(picture) == ()
    assert finder.find_in_photograph(picture) == ()


def test_what_the_first_look_alone_believes_is_not_a_face_yet(
    finder: BlazeFinder, portrait: Picture
) -> None:
    # A head from behind: the face is painted over with hair, the outline is left.
    head = portrait.copy()
    hair = portrait[30:60, 190:260].reshape(-1, 3).mean(0)
    cv2.ellipse(head, (224, 120), (42, 58), 0, 0, 360, hair.tolist(), -1)
    assert BlazeFace(FULL_RANGE).find(portrait, LEAST)
    assert finder.find(head) == ()
    assert finder.find_in_photograph(head) == ()


def test_live_faces_come_largest_first_and_no_more_than_asked(
    finder: BlazeFinder, portrait: Picture
) -> None:
    one = portrait[:384, 100:400]
    small = cv2.copyMakeBorder(
        resized(one, 0.7), 0, 384 - round(384 * 0.7), 0, 0, cv2.BORDER_REPLICATE
    )
    both = np.concatenate([np.asarray(small, np.uint8)[:384], one], axis=1)
    faces = finder.find(both)
    assert len(faces) == 2
    assert faces[0].box.width > faces[1].box.width
    assert [face.box for face in finder.find(both, most=1)] == [faces[0].box]


def test_face_in_the_dark_is_still_seen_and_stays_dark(finder: BlazeFinder, frame: Picture) -> None:
    (face,) = finder.find((frame * 0.15).astype(np.uint8))
    assert face.crop.max() < 60


def test_searching_leaves_the_picture_untouched(finder: BlazeFinder, frame: Picture) -> None:
    before = frame.copy()
    finder.find_again(frame, finder.find(frame))
    finder.find_in_photograph(frame)
    assert np.array_equal(frame, before)


def test_known_face_is_found_again_where_it_moved_to(finder: BlazeFinder, frame: Picture) -> None:
    before = finder.find(frame)
    (face,) = finder.find_again(moved(frame, 12), before)
    assert face.box.x - before[0].box.x == pytest.approx(12, abs=3)


def test_face_that_left_is_not_found_again(finder: BlazeFinder, frame: Picture) -> None:
    before = finder.find(frame)
    assert finder.find_again(np.full_like(frame, 120), before) == ()
    assert finder.find_again(moved(frame, 320), before) == ()


def test_of_two_faces_that_became_one_one_is_left(finder: BlazeFinder, frame: Picture) -> None:
    before = finder.find(frame)
    beside = finder.find(moved(frame, 15))
    assert len(finder.find_again(moved(frame, 8), (*before, *beside))) == 1


@pytest.mark.parametrize("scale", [0.3, 2.0, 5.0])
def test_photograph_may_have_any_size(finder: BlazeFinder, portrait: Picture, scale: float) -> None:
    face = finder.find_in_photograph(resized(portrait, scale))[0]
    assert off(face, tuple((x * scale, y * scale) for x, y in EYES_IN_PORTRAIT)) < 0.15
    assert face.box.width == pytest.approx(116 * scale, rel=0.1)


@pytest.mark.parametrize("scale", [0.75, 4.0])
def test_face_cut_at_brow_and_chin_is_found_with_room_around_it(
    finder: BlazeFinder, portrait: Picture, scale: float
) -> None:
    face = finder.find_in_photograph(resized(portrait[79:163, 183:266], scale))[0]
    eyes = tuple(((x - 183) * scale, (y - 79) * scale) for x, y in EYES_IN_PORTRAIT)
    assert off(face, eyes) < 0.2


def test_small_face_in_a_huge_photograph_is_found_in_its_parts(
    finder: BlazeFinder, portrait: Picture
) -> None:
    huge = np.full((2000, 3000, 3), 110, np.uint8)
    huge[1300:1556, 2200:2456] = resized(portrait, 0.5)
    assert not BlazeFace(FULL_RANGE).find(huge, LEAST)
    face = finder.find_in_photograph(huge)[0]
    assert off(face, tuple((x / 2 + 2200, y / 2 + 1300) for x, y in EYES_IN_PORTRAIT)) < 0.2


def test_photograph_gives_the_most_central_face_first(
    finder: BlazeFinder, portrait: Picture
) -> None:
    one = portrait[:300, 100:350]
    faces = finder.find_in_photograph(np.concatenate([one, one, one], axis=1))
    middles = [face.box.centre[0] for face in faces]
    assert len(middles) == 3
    assert abs(middles[0] - 375) < 60
    assert abs(middles[1] - 375) > 150


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_turned_photograph_gives_the_crop_of_the_upright_one(
    finder: BlazeFinder, portrait: Picture, quarters: int
) -> None:
    upright = finder.find_in_photograph(portrait)[0]
    turned = np.ascontiguousarray(np.rot90(portrait, quarters))
    face = finder.find_in_photograph(turned)[0]
    assert face.turned == -quarters % 4
    assert np.abs(face.crop.astype(int) - upright.crop).mean() < 1
    assert face.box.overlap(upright.box) > 0.95


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (19, 19), (400, 5), (24, 24)])
def test_tiny_and_thin_pictures_have_no_face(finder: BlazeFinder, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert finder.find(image) == ()
    assert finder.find_in_photograph(image) == ()


@pytest.mark.long  # one portrait that is turned: above
@pytest.mark.shared
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_turned_photographs_of_lfw_are_turned_back(
    finder: BlazeFinder, lfw: Path, quarters: int
) -> None:
    files = sorted((lfw / "strangers").glob("*/*_0001.jpg"))[:20]
    turned = [
        finder.find_in_photograph(np.ascontiguousarray(np.rot90(cv2.imread(str(file)), quarters)))
        for file in files
    ]
    assert sum(faces[0].turned == -quarters % 4 for faces in turned if faces) >= 19
