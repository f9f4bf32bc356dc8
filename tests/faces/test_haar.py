"""The Haar cascade: the fallback, and the student's recipe."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract.errors import DetectorMissing, ModelError
from engine.faces.align import Box, Face
from engine.faces.detect import FaceFinder
from engine.faces.eyes import Cascade, cascade_folder
from engine.pictures import read_photograph
from engine.settings import DetectionSettings

HAAR = DetectionSettings(detector="haar")
EYES_IN_PORTRAIT = ((201, 101), (248, 103))


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(HAAR)


def off(face: Face, eyes: tuple[tuple[float, float], ...]) -> float:
    """Largest distance of the eyes from where they are, as a share of their distance."""
    apart = math.dist(*eyes)
    return max(math.dist(a, b) for a, b in zip(face.eyes, eyes, strict=True)) / apart


def beside(*images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate(images, axis=1)


def test_live_frame_gives_box_eyes_and_crop(finder: FaceFinder, frame: NDArray[np.uint8]) -> None:
    (face,) = finder.find(frame)
    assert face.eyes_found
    assert face.box.overlap(Box(218, 80, 126, 126)) > 0.7
    assert face.eyes[0][0] < face.eyes[1][0]
    assert face.crop.shape == (160, 160, 3)
    assert face.crop.dtype == np.uint8


def test_crop_is_in_rgb(finder: FaceFinder, frame: NDArray[np.uint8]) -> None:
    crop = finder.find(frame)[0].crop[60:110, 50:110].reshape(-1, 3).mean(0)
    assert crop[0] > crop[2]  # skin has more red than blue


def test_live_faces_come_largest_first_and_no_more_than_asked(
    finder: FaceFinder, portrait: NDArray[np.uint8]
) -> None:
    small = cv2.resize(portrait[:384, 100:400], None, fx=0.7, fy=0.7)
    small = cv2.copyMakeBorder(small, 0, 384 - small.shape[0], 0, 0, cv2.BORDER_REPLICATE)
    both = beside(np.asarray(small, dtype=np.uint8), portrait[:384, 100:400])
    faces = finder.find(both)
    assert len(faces) == 2
    assert faces[0].box.width > faces[1].box.width
    assert [face.box for face in finder.find(both, most=1)] == [faces[0].box]


def test_empty_scene_has_no_face(finder: FaceFinder) -> None:
    grey = np.full((480, 640, 3), 120, np.uint8)
    assert finder.find(grey) == ()
    assert finder.find_in_photograph(grey) == ()


def test_face_in_the_dark_is_still_seen(finder: FaceFinder, frame: NDArray[np.uint8]) -> None:
    dark = (frame * 0.15).astype(np.uint8)
    (face,) = finder.find(dark)
    assert face.crop.max() < 60  # the crop stays as dark as the frame


def test_searching_leaves_the_frame_untouched(finder: FaceFinder, frame: NDArray[np.uint8]) -> None:
    before = frame.copy()
    finder.find(frame)
    finder.find_in_photograph(frame)
    assert np.array_equal(frame, before)


def test_same_picture_gives_the_same_crop(finder: FaceFinder, portrait: NDArray[np.uint8]) -> None:
    first, second = (finder.find_in_photograph(portrait)[0] for _ in range(2))
    assert np.array_equal(first.crop, second.crop)


@pytest.mark.parametrize("scale", [0.63, 5.0])
def test_photograph_may_have_any_size(
    finder: FaceFinder, portrait: NDArray[np.uint8], scale: float
) -> None:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=way))
    face = finder.find_in_photograph(resized.astype(np.uint8))[0]
    eyes = tuple((x * scale, y * scale) for x, y in EYES_IN_PORTRAIT)
    assert off(face, eyes) < 0.15
    assert abs(face.box.width - 95 * scale) < 20 * scale


def test_photograph_may_be_grey(finder: FaceFinder, portrait: NDArray[np.uint8]) -> None:
    grey = cv2.cvtColor(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    face = finder.find_in_photograph(np.asarray(grey, dtype=np.uint8))[0]
    assert off(face, EYES_IN_PORTRAIT) < 0.15


@pytest.mark.parametrize("scale", [0.75, 4.0])
def test_face_cut_at_brow_and_chin_is_found_with_a_border_added(
    finder: FaceFinder, portrait: NDArray[np.uint8], scale: float
) -> None:
    tight = portrait[79:163, 183:266]
    resized = np.asarray(cv2.resize(tight, None, fx=scale, fy=scale), dtype=np.uint8)
    assert finder.find(resized) == ()
    face = finder.find_in_photograph(resized)[0]
    eyes = tuple(((x - 183) * scale, (y - 79) * scale) for x, y in EYES_IN_PORTRAIT)
    assert off(face, eyes) < 0.15


def test_small_face_in_a_huge_photograph_is_found(
    finder: FaceFinder, portrait: NDArray[np.uint8]
) -> None:
    huge = np.full((2000, 3000, 3), 110, np.uint8)
    huge[700:1212, 1200:1712] = portrait
    face = finder.find_in_photograph(huge)[0]
    assert off(face, tuple((x + 1200, y + 700) for x, y in EYES_IN_PORTRAIT)) < 0.15


def test_photograph_gives_the_most_central_face_first(
    finder: FaceFinder, portrait: NDArray[np.uint8]
) -> None:
    one = portrait[:300, 100:350]
    faces = finder.find_in_photograph(beside(one, one, one))
    assert len(faces) == 3
    middles = [face.box.centre[0] for face in faces]
    assert abs(middles[0] - 375) < 60
    assert abs(middles[1] - 375) > 150


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (19, 19), (400, 5), (24, 24)])
def test_tiny_and_thin_pictures_have_no_face(finder: FaceFinder, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert finder.find(image) == ()
    assert finder.find_in_photograph(image) == ()


def test_missing_cascade_file_is_told_at_construction(tmp_path: Path) -> None:
    with pytest.raises(DetectorMissing) as caught:
        FaceFinder(HAAR, folder=tmp_path)
    assert isinstance(caught.value, ModelError)
    assert "frontalface" in caught.value.message
    assert "opencv-python" in caught.value.hint


def test_damaged_cascade_file_is_told_at_construction(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("frontalface_default", "frontalface_alt2", "eye", "eye_tree_eyeglasses"):
        whole = (cascade_folder() / f"haarcascade_{name}.xml").read_bytes()
        (tmp_path / f"haarcascade_{name}.xml").write_bytes(whole)
    (tmp_path / "haarcascade_eye.xml").write_text("<opencv_storage><broken")
    with pytest.raises(DetectorMissing, match="missing"):
        FaceFinder(HAAR, folder=tmp_path)


@pytest.mark.shared
@pytest.mark.parametrize(
    "clip",
    [
        "woman_a.mp4",
        *(
            pytest.param(other, marks=pytest.mark.long)
            for other in ("man_a_take1.mp4", "man_b.mp4", "grid_1.mpg")
        ),
    ],
)
def test_clip_shows_one_face_in_nearly_every_frame(
    finder: FaceFinder, clips: Path, clip: str
) -> None:
    capture = cv2.VideoCapture(str(clips / clip))
    counts = []
    for number in range(75):
        done, image = capture.read()
        if done and number % 5 == 0:
            counts.append(len(finder.find(np.asarray(cv2.resize(image, (640, 480)), np.uint8))))
    capture.release()
    assert len(counts) == 15
    assert sum(count == 1 for count in counts) >= 14


@pytest.mark.long
@pytest.mark.shared
def test_lfw_faces_and_eyes_are_found_as_often_as_by_the_reference(
    finder: FaceFinder, lfw: Path
) -> None:
    files = sorted((lfw / "strangers").glob("*/*_0001.jpg"))[:60]
    found = [finder.find_in_photograph(read_photograph(path)) for path in files]
    assert sum(map(bool, found)) >= 59
    assert sum(faces[0].eyes_found for faces in found if faces) >= 51
    # LFW is aligned by deep funnelling: the eyes of its labelled faces lie near these places.
    expected = ((103, 113), (145, 112))
    near = [off(faces[0], expected) < 0.35 for faces in found if faces]
    assert sum(near) >= 54


@pytest.mark.shared
@pytest.mark.parametrize(
    "file",
    ["known/Bill_Clinton/Bill_Clinton_0022.jpg", "background/Keith_Bogans/Keith_Bogans_0001.jpg"],
)
def test_photograph_in_which_the_first_cascade_sees_nothing_is_searched_by_a_second(
    finder: FaceFinder, lfw: Path, file: str
) -> None:
    picture = read_photograph(lfw / file)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    assert not Cascade("frontalface_default").search(grey, 1.1, 5, 24)
    (face, *_) = finder.find_in_photograph(picture)
    middle = np.array(picture.shape[1::-1]) / 2
    assert np.abs(np.array(face.box.centre) - middle).max() < 0.1 * picture.shape[0]
