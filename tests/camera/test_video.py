from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.camera.video import VideoFileSource
from engine.contract import Event, Notice
from engine.contract.errors import SourceDenied, SourceNotFound, SourceUnreadable
from engine.settings import CameraSettings

SETTINGS = CameraSettings()


def write_clip(path: Path, frames: int = 12, fps: float = 20.0) -> Path:
    """A clip whose frame k is grey level 10 * (k modulo 25)."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 10 * (number % 25), np.uint8))
    writer.release()
    return path


def test_every_frame_comes_in_order_with_its_position(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "clip.avi")), SETTINGS)
    frames = list(iter(source.read, None))
    source.close()
    assert [f.sequence for f in frames] == list(range(12))
    assert [f.seconds for f in frames] == pytest.approx([k / 20 for k in range(12)], abs=0.001)
    assert [f.image.mean() for f in frames] == pytest.approx([10 * k for k in range(12)], abs=3)
    assert {f.image.shape for f in frames} == {(48, 64, 3)}


def test_the_container_gives_size_rate_and_count(tmp_path: Path) -> None:
    info = VideoFileSource(write_clip(tmp_path / "clip.avi")).info
    assert (info.kind, info.live, info.width, info.height) == ("file", False, 64, 48)
    assert (info.fps, info.frames) == (20.0, 12)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match=r"absent\.mp4"):
        open_source(str(tmp_path / "absent.mp4"), SETTINGS)


def test_an_empty_file_says_that_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    with pytest.raises(SourceUnreadable, match="0 bytes"):
        open_source(str(tmp_path / "clip.mp4"), SETTINGS)


def test_a_folder_is_no_video_file(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="not a file"):
        VideoFileSource(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with pytest.raises(SourceUnreadable, match="not a file"):
        open_source(str(tmp_path / "clip.mp4"), SETTINGS)


def test_noise_is_not_a_video(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(SourceUnreadable, match="no video"):
        open_source(str(tmp_path / "clip.mp4"), SETTINGS)


def test_a_text_is_not_played_as_a_film_of_letters(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Grüße\n" * 100)
    with pytest.raises(SourceUnreadable, match="holds text"):
        open_source(str(tmp_path / "notes.txt"), SETTINGS)


def test_a_file_of_another_user_is_denied(tmp_path: Path, ordinary_user: None) -> None:
    clip = write_clip(tmp_path / "clip.avi")
    clip.chmod(0)
    with pytest.raises(SourceDenied, match=r"clip\.avi"):
        open_source(str(clip), SETTINGS)


def test_a_file_that_was_cut_off_plays_what_there_is_and_says_so(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", frames=100)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    heard: list[Event] = []
    source = open_source(str(clip), SETTINGS, heard.append)
    assert 10 < len(list(iter(source.read, None))) < 90
    assert [type(event) for event in heard] == [Notice]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["man_a_take1.mp4", "man_b.mp4", "grid_1.mpg"])
def test_real_clips_give_growing_positions(clips: Path, name: str) -> None:
    source = open_source(str(clips / name), SETTINGS)
    frames = [source.read() for _ in range(40)]
    source.close()
    seconds = [frame.seconds for frame in frames if frame is not None]
    assert len(seconds) == 40
    assert seconds[0] == pytest.approx(0, abs=0.1)
    assert np.diff(seconds) == pytest.approx(1 / source.info.fps, abs=0.005)
