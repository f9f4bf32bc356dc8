"""Following faces costs less than searching every frame, and loses nothing that matters."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import Face
from engine.faces.detect import LYING_EVERY, FaceFinder, FaceFollower
from engine.faces.quality import QualityGates
from engine.faces.refusal import Refusal
from engine.settings import DetectionSettings, GateSettings

Picture = NDArray[np.uint8]
EVERY = DetectionSettings().full_scan_every
OTHERS = [
    "man_a_take1.mp4",
    "man_a_take2.mp4",
    "man_b.mp4",
    *(f"grid_{n}.mpg" for n in range(1, 6)),
]


@pytest.fixture
def follower() -> FaceFollower:
    return FaceFollower(DetectionSettings())


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows by one with each search of a whole frame."""
    done: list[None] = []
    whole = FaceFinder.find

    def counted(
        self: FaceFinder, image: Picture, most: int = 8, before: tuple[Face, ...] = ()
    ) -> tuple[Face, ...]:
        done.append(None)
        return whole(self, image, most, before)

    monkeypatch.setattr(FaceFinder, "find", counted)
    return done


def frames_of(file: Path, most: int) -> list[Picture]:
    capture = cv2.VideoCapture(str(file))
    frames: list[Picture] = []
    while len(frames) < most:
        good, image = capture.read()
        if not good:
            break
        frames.append(np.asarray(image, np.uint8))
    capture.release()
    return frames


def empty_like(frame: Picture) -> Picture:
    return np.full_like(frame, 120)


def moved(frame: Picture, right: int) -> Picture:
    return np.asarray(np.roll(frame, right, axis=1), np.uint8)


def test_known_face_is_found_again_without_searching_the_whole_frame(
    follower: FaceFollower, searches: list[None], frame: Picture
) -> None:
    boxes = [follower.find(moved(frame, 4 * step))[0].box for step in range(EVERY)]
    assert len(searches) == 1
    assert [box.x - boxes[0].x for box in boxes] == pytest.approx([0, 4, 8, 12, 16], abs=6)


def test_whole_frame_is_searched_as_often_as_set(searches: list[None], frame: Picture) -> None:
    follower = FaceFollower(DetectionSettings(full_scan_every=3))
    for _ in range(9):
        follower.find(frame)
    assert len(searches) == 3


def test_searching_every_frame_gives_what_the_finder_gives(
    finder: FaceFinder, frame: Picture
) -> None:
    follower = FaceFollower(DetectionSettings(full_scan_every=1))
    for step in range(3):
        image = moved(frame, 5 * step)
        assert [f.box for f in follower.find(image)] == [f.box for f in finder.find(image)]


def test_face_that_leaves_is_gone_in_the_same_frame(follower: FaceFollower, frame: Picture) -> None:
    assert len(follower.find(frame)) == 1
    assert follower.find(empty_like(frame)) == ()


def test_first_face_of_an_empty_scene_is_seen_at_once(
    follower: FaceFollower, frame: Picture
) -> None:
    assert follower.find(empty_like(frame)) == ()
    assert len(follower.find(frame)) == 1


def test_face_that_jumps_is_found_in_the_same_frame(follower: FaceFollower, frame: Picture) -> None:
    before = follower.find(frame)[0].box
    after = follower.find(moved(frame, 250))[0].box
    assert after.x - before.x == pytest.approx(250, abs=8)


def test_frames_of_another_size_begin_anew(
    follower: FaceFollower, searches: list[None], frame: Picture
) -> None:
    follower.find(frame)
    smaller = np.asarray(cv2.resize(frame, (480, 360)), np.uint8)
    assert len(follower.find(smaller)) == 1
    assert len(searches) == 2


def test_two_boxes_never_follow_the_same_face(follower: FaceFollower, portrait: Picture) -> None:
    face = portrait[20:240, 114:334]
    apart = np.full((480, 640, 3), 120, np.uint8)
    apart[100:320, 40:260] = apart[100:320, 380:600] = face
    together = np.full((480, 640, 3), 120, np.uint8)
    together[100:320, 60:280] = face
    assert len(follower.find(apart)) == 2
    assert len(follower.find(together)) == 1


@pytest.mark.shared
@pytest.mark.parametrize(
    ("clip", "most"),
    [("woman_a.mp4", 40), *(pytest.param(clip, 75, marks=pytest.mark.long) for clip in OTHERS)],
)
def test_following_loses_neither_faces_nor_eyes_nor_places(
    finder: FaceFinder,
    follower: FaceFollower,
    searches: list[None],
    clips: Path,
    clip: str,
    most: int,
) -> None:
    frames = frames_of(clips / clip, most)
    whole = [finder.find(image)[:1] for image in frames]
    searches.clear()
    followed = [follower.find(image)[:1] for image in frames]
    assert len(searches) <= len(frames) // 3
    assert sum(map(len, followed)) >= sum(map(len, whole))
    pairs = [(a[0], b[0]) for a, b in zip(whole, followed, strict=True) if a and b]
    assert sum(b.eyes_found for _, b in pairs) >= sum(a.eyes_found for a, _ in pairs) - 2
    overlaps = [a.box.overlap(b.box) for a, b in pairs]
    assert np.median(overlaps) >= 0.92
    assert np.quantile(overlaps, 0.05) >= 0.8
    off = [
        max(math.dist(x, y) for x, y in zip(a.eyes, b.eyes, strict=True)) / a.box.width
        for a, b in pairs
        if a.eyes_found and b.eyes_found
    ]
    assert np.median(off) <= 0.015


@pytest.mark.shared
@pytest.mark.parametrize("entry", [1, 3])
def test_somebody_new_is_seen_within_the_frames_set(
    follower: FaceFollower, clips: Path, entry: int
) -> None:
    count = entry + EVERY + 3
    left = frames_of(clips / "man_a_take1.mp4", count)
    right = [cv2.resize(each, (400, 300)) for each in frames_of(clips / "man_b.mp4", count)]
    counts = []
    for number, (one, other) in enumerate(zip(left, right, strict=True)):
        shown = other if number >= entry else empty_like(np.asarray(other, np.uint8))
        counts.append(len(follower.find(np.concatenate([one, shown], axis=1))))
    assert counts[:entry] == [1] * entry
    assert counts[entry + EVERY - 1 :] == [2] * 4


@pytest.mark.parametrize(("quarters", "back"), [(2, 2), (1, 3), (3, 1)])
def test_face_of_a_camera_on_its_head_or_side_is_told(
    follower: FaceFollower, frame: Picture, quarters: int, back: int
) -> None:
    turned = np.ascontiguousarray(np.rot90(frame, quarters))
    follower.find(turned)
    (face,) = follower.lying(turned)
    assert face.turned == back
    upright = follower.find(frame)[0].box.centre
    assert face.box.centre == pytest.approx(upright, abs=4)


def test_upright_face_is_not_said_to_lie(follower: FaceFollower, frame: Picture) -> None:
    follower.find(frame)
    assert follower.lying(frame) == ()


def test_faceless_frames_are_looked_at_turned_now_and_then_only(
    follower: FaceFollower, searches: list[None], frame: Picture
) -> None:
    empty = empty_like(frame)
    for _ in range(2 * LYING_EVERY):
        follower.find(empty)
        assert follower.lying(empty) == ()
    assert len(searches) == 2 * LYING_EVERY + 2 * 3


def test_answer_about_a_lying_face_stands_until_the_next_look_or_upright_face(
    follower: FaceFollower, searches: list[None], frame: Picture
) -> None:
    turned = np.ascontiguousarray(np.rot90(frame, 2))
    for _ in range(LYING_EVERY):
        follower.find(turned)
        assert follower.lying(turned)
    assert len(searches) == LYING_EVERY + 1
    follower.find(frame)
    assert follower.lying(frame) == ()
    follower.find(empty_like(frame))
    assert follower.lying(empty_like(frame)) == ()


@pytest.mark.shared
@pytest.mark.parametrize(
    "clip",
    [
        "man_a_take1.mp4",
        *(
            pytest.param(f, marks=pytest.mark.long)
            for f in ("man_b.mp4", "woman_a.mp4", "grid_1.mpg")
        ),
    ],
)
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_clip_of_a_turned_camera_is_never_taken_for_an_upright_one(
    follower: FaceFollower, clips: Path, clip: str, quarters: int
) -> None:
    gates = QualityGates(GateSettings())
    wanted = Refusal.UPSIDE_DOWN if quarters == 2 else Refusal.TURNED
    for image in frames_of(clips / clip, 15):
        turned = np.ascontiguousarray(np.rot90(image, quarters))
        found = follower.find(turned)
        assert gates.judge(follower.lying(turned) or found, None).refusal is wanted
