from __future__ import annotations

import json
import os
import shutil
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.camera.reader import Reader
from engine.camera.recording import Damaged, FrameRecording, encoded, recorded_frames, size_of
from engine.camera.recording_folder import (
    FRAMES,
    LINES,
    SESSION,
    complete,
    new_recording,
    read_session,
)
from engine.camera.source import Frame, Image, SourceInfo, kind_of
from engine.cancel import Cancel
from engine.contract import Event, Notice
from engine.contract.errors import SourceNotFound, SourceUnreadable, UsageError
from engine.settings import CameraSettings
from engine.workspace.files import write_json

SECRET = "rtsp://operator:s3cret@cam/live"


def noisy(number: int, size: tuple[int, int] = (48, 64)) -> Image:
    return np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A complete recording of five noisy frames, with a gap after the second."""
    part, done = new_recording(tmp_path / "session")
    info = SourceInfo(text=SECRET, kind="stream", live=True, width=64, height=48, fps=30.0)
    written = FrameRecording(part, info)
    for number, sequence in enumerate((0, 1, 5, 6, 7)):
        written.add(Frame(noisy(number), sequence, 1000.5 + sequence / 30, SECRET))
    written.close()
    write_json(part / SESSION, {"format": 1, "request": {}})
    complete(part, done)
    return done


def frames_of(path: Path) -> Iterator[Frame]:
    source = open_source(f"replay:{path}", CameraSettings())
    try:
        while frame := source.read():
            yield frame
    finally:
        source.close()


def test_a_recording_gives_back_every_pixel_number_and_time(recording: Path) -> None:
    frames = list(frames_of(recording))
    assert [frame.sequence for frame in frames] == [0, 1, 5, 6, 7]
    assert [frame.seconds for frame in frames] == [1000.5 + n / 30 for n in (0, 1, 5, 6, 7)]
    for number, frame in enumerate(frames):
        assert np.array_equal(frame.image, noisy(number))


def test_credentials_are_nowhere_in_a_recording(recording: Path) -> None:
    assert {frame.label for frame in frames_of(recording)} == {"rtsp://***@cam/live"}
    assert all(b"s3cret" not in file.read_bytes() for file in recording.iterdir())


def test_the_video_plays_in_other_players_without_loss(recording: Path) -> None:
    player = cv2.VideoCapture(str(recording / FRAMES), cv2.CAP_FFMPEG)
    assert player.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    assert player.get(cv2.CAP_PROP_FPS) == 30
    for number in range(5):
        good, image = player.read()
        assert good
        assert np.array_equal(image, noisy(number))
    assert not player.read()[0]


def test_folder_and_files_are_private(recording: Path) -> None:
    assert stat.S_IMODE(recording.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in recording.iterdir()} == {0o600}


@pytest.mark.parametrize("text", ["replay:somewhere", "a/b.fdrec", "b.fdrec/", "b.fdrec.part"])
def test_a_recording_is_known_by_its_name(text: str) -> None:
    assert kind_of(text) == "replay"


@pytest.mark.parametrize("pace", ["own", "fast", "live"])
def test_a_reader_plays_a_recording_at_every_pace(recording: Path, pace: str) -> None:
    with Reader(str(recording), CameraSettings(), pace, lambda event: None) as reader:
        numbers = [frame.sequence for frame in reader.frames(Cancel())]
    assert numbers[-1] == 7
    assert pace == "live" or numbers == [0, 1, 5, 6, 7]


def test_a_recording_cut_short_gives_every_whole_frame_before(recording: Path) -> None:
    video = recording / FRAMES
    whole = len(encoded(noisy(0)))
    video.write_bytes(video.read_bytes()[: 224 + 3 * (whole + 9) + 40])
    frames: list[Frame] = []
    with pytest.raises(SourceUnreadable, match="middle of picture 3"):
        frames.extend(frame for frame in each(frames_of(recording), frames))
    assert [frame.sequence for frame in frames] == [0, 1, 5]


def each(source: Iterator[Frame], seen: list[Frame]) -> Iterator[Frame]:
    for frame in source:
        seen.append(frame)
    yield from ()


def test_what_a_crash_left_unfinished_can_be_replayed(tmp_path: Path) -> None:
    part, _ = new_recording(tmp_path / "session")
    info = SourceInfo(text="0", kind="webcam", live=True, width=64, height=48, fps=30.0)
    crashed = FrameRecording(part, info)
    crashed.add(Frame(noisy(0), 3, 9.0, "0"))
    assert [frame.sequence for frame in frames_of(part)] == [3]


def test_a_flipped_byte_in_a_picture_is_damage_and_no_wrong_picture(recording: Path) -> None:
    video = recording / FRAMES
    data = bytearray(video.read_bytes())
    data[224 + 8 + 8 : 224 + 8 + 8 + 4] = b"\xff\xff\xff\xff"  # the first picture's own head
    video.write_bytes(data)
    with pytest.raises(SourceUnreadable) as caught:
        next(frames_of(recording))
    assert caught.value.hint


@pytest.mark.parametrize(("width", "height"), [(0, 5), (9000, 5), (2**31, 2**31)])
def test_a_picture_that_claims_to_be_huge_is_never_decoded(width: int, height: int) -> None:
    png = bytearray(encoded(noisy(1)))
    struct.pack_into(">2I", png, 16, width, height)
    with pytest.raises(Damaged):
        size_of(bytes(png))


@pytest.mark.parametrize(
    "line",
    ['{"sequence": -4}', '{"sequence": "x"}', '{"sequence": true}', "[]", "x", '{"seconds": 1}'],
)
def test_lines_that_make_no_sense_are_damage(recording: Path, line: str) -> None:
    lines = (recording / LINES).read_text().splitlines()
    (recording / LINES).write_text("\n".join([*lines[:3], line, *lines[4:]]) + "\n")
    frames: list[Frame] = []
    with pytest.raises(SourceUnreadable):
        list(each(frames_of(recording), frames))
    assert [frame.sequence for frame in frames] == [0, 1]


def test_times_that_are_no_numbers_become_zero(recording: Path) -> None:
    lines = [json.loads(line) for line in (recording / LINES).read_text().splitlines()]
    lines[1]["seconds"], lines[2]["seconds"] = None, "soon"
    (recording / LINES).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [frame.seconds for frame in frames_of(recording)][:2] == [0.0, 0.0]


def test_an_absent_recording_and_an_empty_one_are_told_apart(
    recording: Path, tmp_path: Path
) -> None:
    with pytest.raises(SourceNotFound):
        next(frames_of(tmp_path / "none.fdrec"))
    (recording / FRAMES).write_bytes(b"")
    with pytest.raises(SourceUnreadable):
        next(frames_of(recording))


@pytest.mark.parametrize("name", [FRAMES, LINES, SESSION])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(recording: Path, name: str) -> None:
    (recording / name).unlink()
    os.mkfifo(recording / name)
    with pytest.raises((SourceNotFound, SourceUnreadable)):
        read_whole(recording)


def read_whole(recording: Path) -> list[Frame]:
    read_session(recording)
    return list(frames_of(recording))


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_broken_in_a_recording_is_a_typed_error(
    recording: Path, data: st.DataObject
) -> None:
    file = recording / data.draw(st.sampled_from([FRAMES, LINES, SESSION]))
    whole = file.read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, min(len(broken), 400) - 1))] = data.draw(
            st.integers(0, 255)
        )
    file.write_bytes(bytes(broken[: data.draw(st.integers(0, len(broken)))]))
    try:
        read_whole(recording)
    except (SourceNotFound, SourceUnreadable):
        pass
    finally:
        file.write_bytes(whole)


def test_what_is_no_session_file_is_damage(recording: Path) -> None:
    for text in ("", "[]", '{"format": 9, "request": {}}', '{"format": 1}'):
        (recording / SESSION).write_text(text)
        with pytest.raises(SourceUnreadable):
            read_session(recording)


def test_a_name_that_is_taken_is_refused_or_counted_up(recording: Path) -> None:
    with pytest.raises(UsageError):
        new_recording(recording)
    assert new_recording(recording, number=True)[1].name == "session-2.fdrec"
    assert new_recording(recording.with_name("session"), number=True)[1].name == "session-3.fdrec"


def record(source: str, folder: Path, most: int) -> tuple[list[int], list[Event]]:
    """Read a source to its end while recording it; the frames passed on and the events."""
    events: list[Event] = []
    folder.mkdir()
    with Reader(source, CameraSettings(), "fast", events.append) as reader:
        passed = recorded_frames(
            reader.frames(Cancel()), reader.info, str(folder), most, events.append
        )
        return [frame.sequence for frame in passed], events


def test_a_recording_that_grows_too_large_ends_but_the_session_goes_on(tmp_path: Path) -> None:
    passed, events = record("demo:collins?frames=12", tmp_path / "t.fdrec.part", 1)
    assert passed == list(range(12))
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "record.most_megabytes" in notice.text
    kept = list(frames_of(tmp_path / "t.fdrec.part"))
    assert 0 < len(kept) < 12
    assert (tmp_path / "t.fdrec.part" / FRAMES).stat().st_size < 2_000_000


def test_a_recording_that_cannot_be_written_ends_but_the_session_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "t.fdrec.part"
    folder.mkdir()
    events: list[Event] = []
    with Reader("demo:collins?frames=3", CameraSettings(), "fast", events.append) as reader:
        shutil.rmtree(folder)
        passed = list(
            recorded_frames(reader.frames(Cancel()), reader.info, str(folder), 10, events.append)
        )
    assert len(passed) == 3
    assert any(isinstance(event, Notice) and event.level == "warning" for event in events)


def test_a_folder_of_pictures_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(encoded(noisy(1)))
    with pytest.raises(UsageError):
        record(str(tmp_path / "pictures"), tmp_path / "t", 10)
