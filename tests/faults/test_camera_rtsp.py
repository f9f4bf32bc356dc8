"""RTSP cameras on loopback, which FFmpeg reads, through the real reader."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.camera.open import open_source
from engine.camera.reader import Reader
from engine.camera.stream import ways_of
from engine.cancel import Cancel
from engine.contract import Event, SourceLost, SourceRestored
from engine.contract.errors import SourceError, SourceNotFound, SourceTimeout, SourceUnreadable
from engine.settings import CameraSettings, RtspTransport
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


# --- transports, cold starts and sound --------------------------------------------------------


@pytest.mark.parametrize("answer", ["461 Unsupported Transport", "400 Bad Request"])
@pytest.mark.parametrize("wish", ["auto", "udp"])
def test_a_camera_that_speaks_udp_only_is_read(answer: str, wish: RtspTransport) -> None:
    settings = replace(PATIENT, rtsp_transport=wish)
    with camera(rtsp.film(seen, no_tcp=answer)) as made:
        source = open_source(made.address(scheme="rtsp"), settings)
        frame = source.read()
        source.close()
    assert frame is not None
    assert frame.image.shape == (128, 160, 3)
    assert 10 < frame.image.mean() < 245


def test_where_tcp_is_insisted_on_the_setting_is_named() -> None:
    error = rtsp_error(
        rtsp.film(seen, no_tcp="461 Unsupported Transport"),
        settings=replace(PATIENT, rtsp_transport="tcp"),
    )
    assert "camera.rtsp_transport" in error.hint


def test_a_camera_that_is_silent_over_tcp_is_told_of_the_setting() -> None:
    error = rtsp_error(rtsp.film(lambda number: None), settings=QUICK)
    assert isinstance(error, SourceTimeout)
    assert "camera.rtsp_transport" in error.hint


@pytest.mark.parametrize("wish", ["auto", "tcp"])
def test_a_first_connection_that_fails_is_tried_once_more(wish: RtspTransport) -> None:
    def behave(connection: Connection) -> None:
        if connection.camera.connections != 2:  # the first is our own question
            rtsp.film(seen)(connection)

    with camera(behave) as made:
        open_source(made.address(scheme="rtsp"), replace(PATIENT, rtsp_transport=wish)).close()
        assert made.connections == 3


def test_a_camera_that_fails_each_time_is_given_up() -> None:
    def behave(connection: Connection) -> None:
        if connection.camera.connections == 1:
            rtsp.film(seen)(connection)

    assert "cannot be played" in rtsp_error(behave).title


def test_a_password_that_nobody_has_confirmed_is_sent_once() -> None:
    assert len(ways_of("rtsps://operator:hunter2@127.0.0.1/live", "auto")) == 1
    assert ways_of("rtsps://127.0.0.1/live", "auto") == ("tcp", "either", "udp")
    assert ways_of("rtsp://operator:hunter2@127.0.0.1/live", "udp") == ("udp", "udp")


def test_a_stream_of_sound_only_is_said_to_be_one() -> None:
    assert "sound only" in rtsp_error(rtsp.film(seen, sdp=rtsp.SOUND)).title
    with (
        camera(lambda c: c.answer("200 OK", "Content-Type: audio/mpeg", body=bytes(99))) as made,
        pytest.raises(SourceUnreadable, match="sound only"),
    ):
        open_source(made.address(), PATIENT)


def test_a_stream_of_sound_and_pictures_is_read() -> None:
    both = rtsp.SDP + rtsp.SOUND[rtsp.SOUND.index("m=audio") :].replace("track1", "track2")
    with camera(rtsp.film(seen, sdp=both)) as made:
        open_source(made.address(scheme="rtsp"), PATIENT).close()
