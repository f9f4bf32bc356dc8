"""Pixels that are not square, as video recorders send them: what a container states is applied."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.camera.reader import Reader
from engine.camera.recording import recorded_frames
from engine.camera.recording_folder import complete, new_recording
from engine.camera.source import Frame, Image, aspect, too_large, with_square_pixels
from engine.cancel import Cancel
from engine.settings import CameraSettings
from tests.attack.h264 import film
from tests.faults.loopback import camera, jpeg
from tests.faults.loopback import film as mjpeg

SETTINGS = CameraSettings(open_timeout=60, read_timeout=60)
AS_4_TO_3 = CameraSettings(open_timeout=60, read_timeout=60, picture_shape="4:3")


def first(text: str, settings: CameraSettings = SETTINGS) -> tuple[Frame, str]:
    source = open_source(text, settings)
    frame = source.read()
    source.close()
    assert frame is not None
    assert frame.image.shape[:2] == (source.info.height, source.info.width)
    return frame, source.info.detail


def circle(width: int, height: int) -> Image:
    """A disc that is round where the whole picture is shown as 4:3."""
    picture = np.zeros((height, width, 3), np.uint8)
    axes = (round(width * 0.3), round(height * 0.4))
    cv2.ellipse(picture, (width // 2, height // 2), axes, 0, 0, 360, (255, 255, 255), -1)
    return picture


def roundness(image: Image) -> float:
    """Width of the disc over its height."""
    lit = image[:, :, 1] > 128
    return float(np.count_nonzero(lit.any(axis=0)) / np.count_nonzero(lit.any(axis=1)))


def clip(path: Path, width: int, height: int, pixel: tuple[int, int]) -> str:
    """An MP4 of that disc which states this pixel shape (box `pasp` of ISO 14496-12)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (width, height))
    for _ in range(5):
        writer.write(circle(width, height))
    writer.release()
    data = bytearray(path.read_bytes())
    entry = data.index(b"mp4v", data.index(b"stsd")) - 4
    end = entry + struct.unpack_from(">I", data, entry)[0]
    data[end:end] = struct.pack(">I4sII", 16, b"pasp", *pixel)
    for name in (b"mp4v", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        place = data.rindex(name, 0, entry + 8) - 4
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + 16)
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("size", "pixel", "shown"),
    [((704, 288), (6, 11), (704, 528)), ((352, 576), (24, 11), (768, 576))],
)
def test_a_clip_is_shown_as_its_container_states(
    tmp_path: Path, size: tuple[int, int], pixel: tuple[int, int], shown: tuple[int, int]
) -> None:
    frame, detail = first(clip(tmp_path / "a.mp4", *size, pixel))
    assert frame.image.shape[1::-1] == shown
    assert roundness(frame.image) == pytest.approx(1, abs=0.03)
    assert f"{size[0]}x{size[1]} shown as {shown[0]}x{shown[1]}" in detail


def test_a_recording_keeps_the_shape_and_is_not_stretched_again(tmp_path: Path) -> None:
    text = clip(tmp_path / "a.mp4", 704, 288, (6, 11))
    part, done = new_recording(tmp_path / "session")
    with Reader(text, AS_4_TO_3, "fast", lambda event: None) as reader:
        taken = list(
            recorded_frames(
                reader.frames(Cancel()), reader.info, str(part), 100, lambda event: None
            )
        )
    complete(part, done)
    frame, _ = first(f"replay:{done}", AS_4_TO_3)
    assert np.array_equal(frame.image, taken[0].image)
    assert frame.image.shape == (528, 704, 3)


@pytest.mark.parametrize("pixel", [None, (1, 1)], ids=["nothing", "1:1, which nobody chose"])
def test_the_setting_is_for_what_states_nothing(
    tmp_path: Path, pixel: tuple[int, int] | None
) -> None:
    (tmp_path / "a.h264").write_bytes(film(704, 288, 3, pixel=pixel))
    assert first(str(tmp_path / "a.h264"))[0].image.shape == (288, 704, 3)
    assert first(str(tmp_path / "a.h264"), AS_4_TO_3)[0].image.shape == (528, 704, 3)


def test_what_is_stated_goes_before_the_setting(tmp_path: Path) -> None:
    (tmp_path / "a.h264").write_bytes(film(704, 288, 3, pixel=(8, 11)))
    assert first(str(tmp_path / "a.h264"), AS_4_TO_3)[0].image.shape == (396, 704, 3)


def test_a_stream_is_shown_as_it_states() -> None:
    data = film(352, 576, 60, pixel=(24, 11))
    with camera(lambda c: c.answer("200 OK", "Content-Type: video/h264", body=data)) as made:
        assert first(made.address())[0].image.shape == (576, 768, 3)


@pytest.mark.parametrize(
    ("density", "settings", "height"),
    [
        ((0, 6, 11), SETTINGS, 528),
        ((0, 1, 1), AS_4_TO_3, 528),
        ((0, 1, 1), SETTINGS, 288),
        ((1, 300, 72), SETTINGS, 288),  # dots an inch of a print
    ],
)
def test_an_mjpeg_camera_is_shown_as_its_pictures_state(
    density: tuple[int, int, int], settings: CameraSettings, height: int
) -> None:
    picture = bytearray(jpeg(circle(704, 288)))
    picture[13:18] = struct.pack(">BHH", *density)
    with camera(mjpeg(lambda number: bytes(picture))) as made:
        frame, _ = first(made.address(), settings)
    assert frame.image.shape == (height, 704, 3)
    if height == 528:
        assert roundness(frame.image) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("stated", "found"),
    [((6, 11), 6 / 11), ((0, 1), 1), ((1, 0), 1), ((-6, 11), 1), ((1000, 1), 1), ((1, 1000), 1)],
)
def test_a_shape_that_no_camera_has_is_not_believed(stated: Any, found: float) -> None:
    assert aspect(*stated, 704, 288, "own") == pytest.approx(found)


def test_a_picture_that_would_become_too_large_is_made_smaller_instead() -> None:
    image = with_square_pixels(np.zeros((4320, 7680, 3), np.uint8), 2.0)
    assert image.shape == (2160, 7680, 3)
    assert not too_large(7680, 2160)
