from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.camera.opencv import cv2
from engine.camera.reader import Pump, Reader
from engine.camera.source import Frame, SourceInfo
from engine.cancel import Cancel
from engine.contract import Event, PictureSkipped, SourceLost, SourceOpened, SourceRestored
from engine.contract.errors import SourceError, SourceNotFound
from engine.settings import CameraSettings

SETTINGS = CameraSettings()
IMPATIENT = CameraSettings(
    open_timeout=20, read_timeout=20, reconnect_first=0.05, reconnect_longest=0.2
)
LONGEST = 60.0
"""Seconds after which a test that waits is stuck."""


@pytest.fixture
def clip(tmp_path: Path) -> str:
    """20 frames at 50 frames a second: 0.4 s."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50, (64, 48))
    for number in range(20):
        writer.write(np.full((48, 64, 3), 10 * number, np.uint8))
    writer.release()
    return str(path)


def test_a_file_read_fast_gives_every_frame(clip: str) -> None:
    heard: list[Event] = []
    with Reader(clip, SETTINGS, "fast", heard.append) as reader:
        frames = list(reader.frames(Cancel()))
        assert reader.dropped == 0
    assert [frame.sequence for frame in frames] == list(range(20))
    assert [type(event) for event in heard] == [SourceOpened]


def test_a_file_at_its_own_pace_drops_nothing_and_runs_ahead_of_nothing(clip: str) -> None:
    arrivals: list[float] = []
    with Reader(clip, SETTINGS, "own", lambda _: None) as reader:
        frames = []
        begun = time.monotonic()
        for frame in reader.frames(Cancel()):
            arrivals.append(time.monotonic())
            frames.append(frame)
    assert [frame.sequence for frame in frames] == list(range(20))
    assert all(at - begun >= f.seconds for at, f in zip(arrivals, frames, strict=True))


def test_a_file_played_live_drops_what_the_consumer_is_too_slow_for(clip: str) -> None:
    with Reader(clip, SETTINGS, "live", lambda _: None) as reader:
        seen = []
        for frame in reader.frames(Cancel()):
            seen.append(frame.sequence)
            while len(seen) == 1 and not reader.dropped:  # as slow as it takes
                time.sleep(0.01)
        assert len(seen) + reader.dropped == 20
        assert reader.dropped > 0
    assert seen == sorted(set(seen))
    assert seen[-1] == 19


def test_a_demo_read_fast_follows_its_seeded_clock() -> None:
    with Reader("demo:collins?frames=4", SETTINGS, "fast", lambda _: None) as reader:
        frames = list(reader.frames(Cancel()))
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3]
    assert frames[3].seconds == pytest.approx(0.1)


def test_a_demo_played_live_comes_in_real_time() -> None:
    begun = time.monotonic()
    with Reader("demo:collins?frames=10", SETTINGS, "live", lambda _: None) as reader:
        frames = list(reader.frames(Cancel()))
        assert len(frames) + reader.dropped == 10
    assert time.monotonic() - begun >= 9 / 30


@pytest.mark.parametrize("pace", ["live", "own", "fast"])
def test_a_folder_gives_every_picture_at_every_pace(tmp_path: Path, pace: Any) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.bmp"), np.zeros((9, 9, 3), np.uint8))
    (tmp_path / "1.bmp").write_bytes(b"junk")
    heard: list[Event] = []
    with Reader(str(tmp_path), SETTINGS, pace, heard.append) as reader:
        labels = [frame.label for frame in reader.frames(Cancel())]
    assert labels == ["0.bmp", "2.bmp"]
    assert [type(event) for event in heard] == [SourceOpened, PictureSkipped]


def test_a_source_that_does_not_open_raises_on_entering(tmp_path: Path) -> None:
    heard: list[Event] = []
    with (
        pytest.raises(SourceNotFound),
        Reader(str(tmp_path / "absent.mp4"), SETTINGS, "fast", heard.append),
    ):
        pass
    assert heard == []


def test_a_lost_stream_is_reported_and_comes_back(network_camera: Any) -> None:
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if isinstance(event, SourceLost) and event.attempt == 2:
            network_camera.start()

    with Reader(network_camera.url_with_password("hunter2"), IMPATIENT, "live", hear) as reader:
        frames = reader.frames(Cancel())
        before = [next(frames) for _ in range(3)]
        network_camera.stop()
        after = next(f for f in frames if any(isinstance(event, SourceRestored) for event in heard))
    lost = [event for event in heard if isinstance(event, SourceLost)]
    assert [event.attempt for event in lost[:2]] == [1, 2]
    assert lost[1].retry_in == pytest.approx(2 * lost[0].retry_in)
    assert after.sequence > before[-1].sequence
    assert before[0].seconds == 0, "from the first picture, not from boot"
    assert after.seconds > before[-1].seconds
    assert "hunter2" not in repr(heard)


def test_a_silent_stream_is_lost_and_comes_back(network_camera: Any) -> None:
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if isinstance(event, SourceLost):
            network_camera.stalled.clear()

    settings = replace(IMPATIENT, read_timeout=0.7)
    with Reader(network_camera.url, settings, "live", hear) as reader:
        frames = reader.frames(Cancel())
        next(frames)
        network_camera.stalled.set()
        for _ in frames:
            if isinstance(heard[-1], SourceRestored):
                break
    assert [type(e) for e in heard[:2]] == [SourceOpened, SourceLost]
    assert isinstance(heard[-1], SourceRestored)


def test_a_stream_that_stays_away_is_given_up(network_camera: Any) -> None:
    settings = replace(IMPATIENT, reconnect_attempts=2)
    heard: list[Event] = []
    with Reader(network_camera.url, settings, "live", heard.append) as reader:
        frames = reader.frames(Cancel())
        next(frames)
        network_camera.stop()
        with pytest.raises(SourceNotFound, match="Nobody listens"):
            list(frames)
    assert [e.attempt for e in heard if isinstance(e, SourceLost)] == [1, 2]


def test_waiting_for_a_lost_stream_can_be_cancelled(network_camera: Any) -> None:
    settings = CameraSettings(read_timeout=20, reconnect_first=60, reconnect_longest=60)
    cancel = Cancel()

    def hear(event: Event) -> None:
        if isinstance(event, SourceLost):
            cancel.stop()

    with Reader(network_camera.url, settings, "live", hear) as reader:
        frames = reader.frames(cancel)
        next(frames)
        network_camera.stop()
        list(frames)
    assert cancel.stopping


@pytest.mark.parametrize("pace", ["live", "own", "fast"])
def test_cancelling_ends_the_frames(pace: Any) -> None:
    cancel = Cancel()
    with Reader("demo:hopper", SETTINGS, pace, lambda _: None) as reader:
        seen = []
        for frame in reader.frames(cancel):
            seen.append(frame.sequence)
            if frame.sequence >= 3:
                cancel.stop()
    assert [number >= 3 for number in seen] == [False] * (len(seen) - 1) + [True]


class Scripted:
    """A source whose reads the test controls."""

    def __init__(self, reads: Any) -> None:
        self.info = SourceInfo("scripted", "webcam", True, 4, 4, 30.0)
        self.reads = iter(reads)
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        return next(self.reads)()

    def close(self) -> None:
        self.closed.set()


def frame(number: int) -> Frame:
    return Frame(np.zeros((4, 4, 3), np.uint8), number, float(number), "scripted")


def test_the_pump_keeps_the_newest_frame_and_counts_the_others() -> None:
    held = threading.Event()

    def hold() -> None:
        held.wait(LONGEST)

    source = Scripted([*(lambda k=k: frame(k) for k in range(5)), hold])
    pump = Pump(source, real_time=False)
    pump.start()
    deadline = time.monotonic() + LONGEST
    while pump.dropped < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    taken = pump.take(LONGEST)
    held.set()
    assert taken is not None
    assert (taken.sequence, pump.dropped) == (4, 4)
    assert source.closed.wait(LONGEST)


def test_the_pump_keeps_all_frames_where_it_is_told_to() -> None:
    source = Scripted([*(lambda k=k: frame(k) for k in range(5)), lambda: None])
    pump = Pump(source, real_time=False, keep_all=True)
    pump.start()
    taken = [pump.take(LONGEST) for _ in range(5)]
    assert [f.sequence for f in taken if f] == [0, 1, 2, 3, 4]
    assert pump.take(LONGEST) is None
    assert pump.finished


def test_a_read_that_hangs_blocks_neither_taking_nor_stopping() -> None:
    held = threading.Event()
    source = Scripted([lambda: held.wait(LONGEST)])
    pump = Pump(source, real_time=False)
    pump.start()
    assert pump.take(0.05) is None
    assert not pump.finished
    pump.stop(0.05)
    assert not source.closed.is_set()  # a capture in use must not be released
    held.set()
    assert source.closed.wait(LONGEST)


def test_an_error_arrives_after_the_last_frame() -> None:
    def fail() -> Frame:
        raise SourceNotFound("unplugged")

    pump = Pump(Scripted([lambda: frame(0), fail]), real_time=False, keep_all=True)
    pump.start()
    assert pump.take(LONGEST) is not None
    with pytest.raises(SourceNotFound, match="unplugged"):
        pump.take(LONGEST)


def test_a_failure_inside_the_decoder_is_a_source_error() -> None:
    def fail() -> Frame:
        raise cv2.error("assertion failed")

    pump = Pump(Scripted([fail]), real_time=False)
    pump.start()
    with pytest.raises(SourceError, match="assertion failed"):
        list(itertools.repeat(pump.take(LONGEST), 2))
