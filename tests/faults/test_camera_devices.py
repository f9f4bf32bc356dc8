"""Devices, clips and folders that are not there, go away, or are replaced by something else."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.camera import v4l
from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.camera.reader import Reader
from engine.camera.source import check_source
from engine.camera.v4l import check_device, trouble
from engine.cancel import Cancel
from engine.contract import Event, Notice, PictureSkipped, SourceLost
from engine.contract.errors import Cancelled, SourceError, SourceNotFound, SourceUnreadable
from engine.settings import CameraSettings

QUICK = CameraSettings(
    open_timeout=2, reconnect_first=0.05, reconnect_longest=0.1, reconnect_attempts=3
)


def clip(path: Path, frames: int = 40) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 5 * number % 250, np.uint8))
    writer.release()
    return path


def node(path: Path) -> Path:
    """A video device's file behind which there is no camera."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(81, 250))
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except PermissionError:
        pytest.skip("device files cannot be made or opened here")
    except OSError:
        pass  # ENXIO or ENODEV: as it should be
    return path


# --- devices ------------------------------------------------------------------------------


def test_a_device_file_without_its_camera_is_no_such_camera(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        check_device(node(tmp_path / "video9"), tmp_path)


@pytest.mark.parametrize("number", [errno.ENODEV, errno.ENXIO, errno.EIO, errno.EBUSY])
def test_a_camera_that_goes_between_opening_and_asking_is_told_by_the_kernels_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The device opens, and the first question finds the camera gone: the kernel's answers to
    each, given here in the place of a driver that this machine does not have."""
    path = tmp_path / "video9"
    path.touch()
    facts = os.stat_result((stat.S_IFCHR | 0o660, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda self: facts)
    monkeypatch.setattr(v4l.os, "major", lambda device: v4l.VIDEO_MAJOR)

    def gone(*_arguments: object) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", gone)
    with pytest.raises(SourceError) as caught:
        check_device(path, tmp_path)
    assert type(caught.value) is type(trouble(path, OSError(number, ""), tmp_path))
    assert caught.value.hint


def test_a_camera_that_is_not_plugged_in_yet_is_waited_for_and_then_given_up() -> None:
    heard: list[Event] = []
    with (
        pytest.raises(SourceNotFound, match="no such camera"),
        Reader("63", QUICK, "live", heard.append, patient=True),
    ):
        pass
    lost = [event for event in heard if isinstance(event, SourceLost)]
    assert [event.attempt for event in lost] == [1, 2, 3]
    assert [event.retry_in for event in lost] == pytest.approx([0.05, 0.1, 0.1])
    assert "/dev/video63" in lost[0].reason


def test_waiting_for_a_camera_can_be_ended() -> None:
    cancel = Cancel()
    settings = replace(QUICK, reconnect_first=60.0, reconnect_longest=60.0)
    with (
        pytest.raises(Cancelled),
        Reader("63", settings, "live", lambda event: cancel.stop(), cancel, patient=True),
    ):
        pass


def test_a_file_that_is_missing_is_not_waited_for(tmp_path: Path) -> None:
    heard: list[Event] = []
    with (
        pytest.raises(SourceNotFound),
        Reader(str(tmp_path / "absent.mp4"), QUICK, "live", heard.append, patient=True),
    ):
        pass
    assert heard == []


# --- files --------------------------------------------------------------------------------


def test_a_clip_that_is_deleted_while_it_plays_is_played_to_its_end(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.avi")
    with Reader(str(path), QUICK, "fast", lambda event: None) as reader:
        frames = reader.frames(Cancel())
        next(frames)
        path.unlink()
        assert len(list(frames)) == 39


def test_a_clip_that_is_cut_short_while_it_plays_ends_with_a_warning(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.avi", 2000)
    heard: list[Event] = []
    with Reader(str(path), QUICK, "fast", heard.append) as reader:
        frames = reader.frames(Cancel())
        next(frames)
        os.truncate(path, path.stat().st_size // 3)
        count = sum(1 for _ in frames)
    assert 0 < count < 1999
    assert [type(event) for event in heard if isinstance(event, Notice)] == [Notice]


def test_pictures_that_are_deleted_while_a_folder_is_read_are_named_and_skipped(
    tmp_path: Path,
) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((9, 9, 3), np.uint8))
    heard: list[Event] = []
    with Reader(str(tmp_path), QUICK, "fast", heard.append) as reader:
        frames = reader.frames(Cancel())
        next(frames)
        (tmp_path / "2.png").unlink()
        assert [frame.label for frame in frames] == ["1.png", "3.png"]
    assert [event.file for event in heard if isinstance(event, PictureSkipped)] == ["2.png"]


def test_a_pipe_in_the_place_of_a_clip_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with pytest.raises(SourceUnreadable, match="not a file"):
        open_source(str(tmp_path / "clip.mp4"), QUICK)


@pytest.mark.parametrize("name", ["list.mp4", "list.avi", "list.mpg"])
def test_a_playlist_that_calls_itself_a_clip_opens_nothing(tmp_path: Path, name: str) -> None:
    """Not even with bytes before it that make it look like no text."""
    secret = clip(tmp_path / "secret.avi")
    for head in (b"", b"\x00\x00\x01"):
        listed = f"ffconcat version 1.0\nfile '{secret}'\n".encode()
        (tmp_path / name).write_bytes(head + listed)
        with pytest.raises(SourceUnreadable):
            open_source(str(tmp_path / name), QUICK)


# --- before anything is opened ------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["/nowhere.mp4", "/nowhere/", "63", "/dev/video63", "absent.fdrec", "http://"]
)
def test_what_cannot_be_there_is_said_without_opening_anything(text: str) -> None:
    with pytest.raises(SourceNotFound):
        check_source(text)


def test_a_camera_that_may_still_come_passes() -> None:
    check_source("63", may_come=True)
    check_source("http://camera.invalid/live")
    check_source("demo:collins")
