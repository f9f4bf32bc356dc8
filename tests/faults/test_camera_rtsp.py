"""RTSP cameras on loopback, which FFmpeg reads, through the real reader."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.camera.reader import Reader
from engine.camera.sources import open_source
from engine.cancel import Cancel
from engine.errors import SourceError, SourceNotFound, SourceTimeout, SourceUnreadable
from engine.events import Event, SourceLost, SourceRestored
from engine.settings import CameraSettings
from tests.faults import rtsp
from tests.faults.loopback import Behaviour, Connection, camera, lively

QUICK = CameraSettings(open_timeout=1.0, read_timeout=0.5)
PATIENT = CameraSettings(
    open_timeout=20, read_timeout=20, reconnect_first=0.05, reconnect_longest=0.2
)


def rtsp_error(
    behaviour: Behaviour, login: str = "", settings: CameraSettings = PATIENT
) -> SourceError:
    with camera(behaviour) as made, pytest.raises(SourceError) as caught:
        open_source(made.address("/live", login, "rtsp"), settings).close()
    assert "hunter2" not in str(caught.value) + caught.value.hint
    return caught.value


def seen(number: int) -> NDArray[np.uint8]:
    return lively(number, 160, 128)


def test_an_rtsp_camera_is_read_with_the_protocols_that_are_allowed() -> None:
    with camera(rtsp.film(seen)) as made:
        source = open_source(made.address(scheme="rtsp"), PATIENT)
        frames = [source.read() for _ in range(3)]
        source.close()
    assert [frame.image.shape for frame in frames if frame] == [(128, 160, 3)] * 3
    assert abs(frames[0].image.mean() - seen(0).mean()) < 2


def test_an_rtsp_camera_that_stalls_is_lost_in_time_and_comes_back() -> None:
    def behave(connection: Connection) -> None:
        # The first two connections: our own question, and the one that stalls.
        stalls = connection.camera.connections <= 2
        rtsp.film(lambda n: None if stalls and n > 60 else seen(n))(connection)

    heard: list[Event] = []
    cancel = Cancel()
    settings = replace(PATIENT, read_timeout=1.0)
    with (
        camera(behave) as made,
        Reader(made.address(scheme="rtsp"), settings, "live", heard.append) as reader,
    ):
        for _ in reader.frames(cancel):
            if any(isinstance(event, SourceRestored) for event in heard):
                break
    assert any(isinstance(event, SourceLost) for event in heard)


def test_an_rtsp_camera_says_nothing_at_all_and_that_is_a_timeout() -> None:
    assert isinstance(rtsp_error(lambda c: c.wait(), settings=QUICK), SourceTimeout)


def test_an_rtsp_camera_that_answers_with_rubbish_cannot_be_played() -> None:
    rubbish = np.random.default_rng(1).bytes(100_000)
    error = rtsp_error(lambda c: c.send(rubbish), settings=QUICK)
    assert isinstance(error, SourceUnreadable | SourceTimeout)


def rtsp_guarded(connection: Connection) -> None:
    rtsp.film(seen, lambda said: said == "Basic b3BlcmF0b3I6aHVudGVyMg==")(connection)


def test_a_wrong_or_missing_rtsp_password_is_said() -> None:
    assert "refuses user name" in rtsp_error(rtsp_guarded, "operator:swordfish@").title
    assert "asks for user name" in rtsp_error(rtsp_guarded).title


def test_the_right_rtsp_password_opens_the_camera() -> None:
    with camera(rtsp_guarded) as made:
        open_source(made.address("/live", "operator:hunter2@", "rtsp"), PATIENT).close()


def test_an_rtsp_redirect_to_another_host_is_not_followed() -> None:
    with camera(rtsp.film(seen)) as other:
        there = other.address(scheme="rtsp")
        error = rtsp_error(
            lambda c: c.send(f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: {there}\r\n\r\n".encode())
        )
        assert other.connections == 0
    assert "elsewhere" in error.title


def test_an_rtsp_path_that_is_not_there_is_said() -> None:
    error = rtsp_error(lambda c: c.send(b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n"))
    assert isinstance(error, SourceNotFound)
