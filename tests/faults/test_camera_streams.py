"""Network cameras that do what they should not, on loopback, through the real reader."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.camera.mjpeg import LONGEST_PICTURE, MjpegSource
from engine.camera.open import open_source
from engine.camera.reader import Reader
from engine.cancel import Cancel
from engine.contract import Event, PictureDoubted, SourceLost, SourceRestored
from engine.contract.errors import (
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceUnreadable,
)
from engine.settings import CameraSettings
from tests.faults.loopback import HEAD, Behaviour, Connection, camera, film, jpeg, lively

QUICK = CameraSettings(
    open_timeout=1.0, read_timeout=0.5, reconnect_first=0.05, reconnect_longest=0.2
)
PATIENT = replace(QUICK, open_timeout=20.0, read_timeout=20.0)
"""Where silence is not what the test is about: a loaded machine may be silent for a second."""
HANG = 120.0
"""Seconds after which a test that waits is stuck."""


def opening(
    behaviour: Behaviour, login: str = "", settings: CameraSettings = PATIENT
) -> SourceError:
    """The error that opening such a camera ends with, in the time that is allowed."""
    began = time.monotonic()
    with camera(behaviour) as made, pytest.raises(SourceError) as caught:
        open_source(made.address(login=login), settings).close()
    assert time.monotonic() - began < HANG
    assert caught.value.hint
    return caught.value


def sound(connection: Connection) -> None:
    film(lambda number: jpeg(lively(number)))(connection)


def after(pictures: int, then: Behaviour) -> Behaviour:
    """A camera that is in order for the first pictures of its first connection only."""

    def behave(connection: Connection) -> None:
        if connection.camera.connections > 1:
            sound(connection)
            return
        connection.send(HEAD)
        for number in range(pictures):
            connection.picture(jpeg(lively(number)))
        then(connection)

    return behave


def drip(data: bytes, seconds: float = 0.2) -> Behaviour:
    """A few bytes a second, for ever."""

    def behave(connection: Connection) -> None:
        number = 0
        while True:
            connection.send(data[number % len(data) :][:1])
            number += 1
            time.sleep(seconds)

    return behave


def flood(data: bytes) -> Behaviour:
    """As fast as it goes, for ever."""

    def behave(connection: Connection) -> None:
        while True:
            connection.send(data)

    return behave


# --- opening ------------------------------------------------------------------------------


def test_one_that_accepts_and_says_nothing_is_a_timeout() -> None:
    assert isinstance(opening(lambda c: c.wait(), settings=QUICK), SourceTimeout)


def test_one_that_drips_its_answer_is_a_timeout() -> None:
    assert isinstance(opening(drip(HEAD), settings=QUICK), SourceTimeout)


def test_one_that_drips_its_first_picture_is_a_timeout() -> None:
    def behave(connection: Connection) -> None:
        connection.send(HEAD)
        drip(b"--cut\r\nContent-Length: 9999\r\n\r\n" + bytes(9999))(connection)

    assert isinstance(opening(behave, settings=QUICK), SourceTimeout)


def test_one_that_answers_with_rubbish_is_no_camera() -> None:
    error = opening(lambda c: c.send(np.random.default_rng(1).bytes(100_000)))
    assert isinstance(error, SourceUnreadable)


def test_headers_without_end_are_cut_off() -> None:
    def behave(connection: Connection) -> None:
        connection.send(b"HTTP/1.0 200 OK\r\n")
        flood(b"X-More: " + b"x" * 500 + b"\r\n")(connection)

    assert isinstance(opening(behave), SourceUnreadable)


def test_one_line_without_end_is_cut_off() -> None:
    assert isinstance(opening(flood(b"x" * 65536)), SourceUnreadable)


@pytest.mark.parametrize(
    "flooded",
    [
        b"no boundary at all ",
        b"--cut\r\nX: " + b"y" * 900,
        b"\xff\xd8" + b"\0" * 60_000,
        b"\r\n",
        b"Content-Length: 12\r\n",
    ],
    ids=["text", "part headers", "pixels", "blank lines", "lengths"],
)
def test_a_body_that_is_none_is_cut_off(flooded: bytes) -> None:
    def behave(connection: Connection) -> None:
        connection.send(HEAD)
        flood(flooded)(connection)

    assert isinstance(opening(behave), SourceUnreadable)


@pytest.mark.parametrize(
    ("begun", "flooded"),
    [
        (b"\xff\xd8\xff\xda\0\2", b"\0" * 65536),
        (b"\xff\xd8\xff\xda\0\2", b"\xff\xd0" * 32768),
        (b"\xff\xd8", b"\xff\xe0\xff\xff" + bytes(65533)),
    ],
    ids=["data", "restarts", "segments"],
)
def test_a_picture_that_never_ends_takes_no_more_memory_than_the_largest_allowed(
    begun: bytes, flooded: bytes
) -> None:
    def behave(connection: Connection) -> None:
        connection.send(HEAD + b"--cut\r\nContent-Type: image/jpeg\r\n\r\n" + begun)
        flood(flooded)(connection)

    tracemalloc.start()
    try:
        error = opening(behave, settings=QUICK)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(error, SourceUnreadable | SourceTimeout)
    assert peak < 3 * LONGEST_PICTURE


def test_a_picture_that_claims_gigabytes_is_refused_before_it_is_read() -> None:
    def behave(connection: Connection) -> None:
        connection.send(HEAD + b"--cut\r\nContent-Length: 4000000000\r\n\r\n")
        connection.wait()

    assert "4000000000" in opening(behave).message


def test_a_small_file_that_claims_a_giant_picture_is_not_decoded() -> None:
    bomb = bytearray(jpeg(lively(0)))
    size = bomb.index(b"\xff\xc0") + 5
    bomb[size : size + 4] = b"\xfd\xe8\xfd\xe8"  # 65,000 x 65,000
    error = opening(film(lambda number: bytes(bomb)))
    assert isinstance(error, SourceUnreadable)


def test_a_redirect_to_another_host_is_not_followed() -> None:
    with camera(sound) as other:
        there = other.address()
        error = opening(lambda c: c.answer("302 Found", f"Location: {there}"))
        assert other.connections == 0
    assert isinstance(error, SourceUnreadable)
    assert there in error.message


@pytest.mark.parametrize("kind", ["text/plain", "video/mp4"])
def test_a_redirect_to_a_file_of_ours_is_not_followed(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    error = opening(
        lambda c: c.answer("302 Found", f"Location: file://{secret}", f"Content-Type: {kind}")
    )
    assert isinstance(error, SourceUnreadable)
    assert "elsewhere" in error.title


def test_a_redirect_does_not_take_the_password_along() -> None:
    with camera(sound) as other:
        error = opening(
            lambda c: c.answer("302 Found", f"Location: http://operator:hunter2@{other.port}/"),
            login="operator:hunter2@",
        )
    assert "hunter2" not in str(error) + error.hint


def test_a_redirect_within_the_camera_is_followed() -> None:
    def behave(connection: Connection) -> None:
        if connection.path == "/live":
            connection.answer("301 Moved Permanently", "Location: /stream")
        else:
            sound(connection)

    with camera(behave) as made:
        source = open_source(made.address(), PATIENT)
        assert source.read() is not None
        source.close()


def test_redirects_in_a_circle_end() -> None:
    error = opening(lambda c: c.answer("302 Found", "Location: /live"))
    assert "circle" in error.title


def test_a_film_that_redirects_ffmpeg_when_it_asks_again_leads_nowhere() -> None:
    """Our own request is answered as by a film, FFmpeg's with a redirect to another host."""
    with camera(sound) as other:

        def behave(connection: Connection) -> None:
            if connection.camera.connections == 1:
                connection.answer("200 OK", "Content-Type: video/mp4", body=b"film")
            else:
                connection.answer("302 Found", f"Location: {other.address()}")

        error = opening(behave)
        assert other.connections == 0
    assert isinstance(error, SourceUnreadable)


@pytest.mark.parametrize("kind", ["application/vnd.apple.mpegurl", "video/mp4"])
def test_a_playlist_is_not_followed_whatever_it_calls_itself(kind: str) -> None:
    with camera(sound) as other:
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other.address('/a.ts')}\n"
        list_ = text.encode() + b"#EXT-X-ENDLIST\n"
        error = opening(lambda c: c.answer("200 OK", f"Content-Type: {kind}", body=list_))
        assert other.connections == 0
    assert isinstance(error, SourceUnreadable)


def guarded(connection: Connection) -> None:
    """Wants Basic, operator and hunter2."""
    if connection.header("Authorization") == "Basic b3BlcmF0b3I6aHVudGVyMg==":
        sound(connection)
    else:
        connection.answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')


def test_a_wrong_password_is_said_and_tried_once_only() -> None:
    with camera(guarded) as made, pytest.raises(SourceDenied, match="refuses user name") as caught:
        open_source(made.address("/live", "operator:swordfish@"), PATIENT)
    assert made.connections == 2  # to hear what is asked, and to answer
    assert "swordfish" not in str(caught.value) + caught.value.hint


def test_a_missing_password_is_asked_for() -> None:
    error = opening(guarded)
    assert isinstance(error, SourceDenied)
    assert "user:password@" in error.hint


def test_the_right_password_opens_the_camera() -> None:
    with camera(guarded) as made:
        open_source(made.address("/live", "operator:hunter2@"), PATIENT).close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("403 Forbidden", SourceDenied),
        ("404 Not Found", SourceNotFound),
        ("503 Service Unavailable", SourceUnreadable),
    ],
)
def test_other_refusals_are_told_apart(status: str, kind: type[SourceError]) -> None:
    error = opening(lambda c: c.answer(status))
    assert isinstance(error, kind)


def test_the_address_of_a_single_picture_is_named_as_such() -> None:
    error = opening(lambda c: c.answer("200 OK", "Content-Type: image/jpeg", body=jpeg(lively(0))))
    assert "single pictures" in error.title


def test_a_page_that_calls_itself_nothing_is_no_stream() -> None:
    error = opening(lambda c: c.send(b"HTTP/1.0 200 OK\r\n\r\n<html>Please log in</html>"))
    assert "not with pictures" in error.message


# --- while it runs ------------------------------------------------------------------------


@contextmanager
def watched(
    behaviour: Behaviour, settings: CameraSettings = QUICK
) -> Iterator[tuple[Reader, list[Event], Cancel]]:
    """A reader on such a camera, what it reports, and the way to end it."""
    heard: list[Event] = []
    cancel = Cancel()
    with (
        camera(behaviour) as made,
        Reader(made.address(), settings, "live", heard.append, cancel) as reader,
    ):
        yield reader, heard, cancel


@pytest.mark.parametrize(
    "fault",
    [
        lambda c: c.wait(),
        drip(b"--cut\r\nContent-Length: 99999\r\n\r\n" + bytes(99_999)),
        lambda c: c.send(np.random.default_rng(1).bytes(200_000)),
        flood(b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\njunk\r\n"),
        flood(b"X-More: for ever\r\n"),
        lambda c: None,
    ],
    ids=["stall", "drip", "rubbish", "damaged pictures", "headers", "break"],
)
def test_a_fault_in_the_middle_is_said_and_the_camera_comes_back(fault: Behaviour) -> None:
    with watched(after(3, fault)) as (reader, heard, cancel):
        last = -1
        for frame in reader.frames(cancel):
            assert frame.sequence > last
            last = frame.sequence
            if any(isinstance(event, SourceRestored) for event in heard):
                break
    lost = next(event for event in heard if isinstance(event, SourceLost))
    assert lost.reason
    assert lost.attempt == 1


def test_one_that_is_unplugged_comes_back_when_it_is_plugged_in_again() -> None:
    heard: list[Event] = []
    with camera(sound) as made:

        def hear(event: Event) -> None:
            heard.append(event)
            if isinstance(event, SourceLost) and event.attempt == 2:
                made.plug()

        with Reader(made.address(), PATIENT, "live", hear) as reader:
            frames = reader.frames(Cancel())
            next(frames)
            made.unplug()
            for _ in frames:
                if any(isinstance(event, SourceRestored) for event in heard):
                    break
    reasons = [event.reason for event in heard if isinstance(event, SourceLost)]
    assert any("broke off" in reason for reason in reasons)
    assert any("Nobody listens" in reason for reason in reasons)


def test_a_password_that_is_changed_meanwhile_ends_it_at_once() -> None:
    """A camera locks out who tries a wrong password twenty times."""

    def behave(connection: Connection) -> None:
        if connection.camera.connections == 1:
            connection.send(HEAD)
            connection.picture(jpeg(lively(0)))
        else:
            connection.answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')

    with watched(behave, PATIENT) as (reader, heard, cancel):
        with pytest.raises(SourceDenied):
            list(reader.frames(cancel))
        assert len([event for event in heard if isinstance(event, SourceLost)]) == 1


@pytest.mark.parametrize("length", [True, False], ids=["with lengths", "without"])
def test_size_and_channels_may_change_in_the_middle(length: bool) -> None:
    grey = np.ascontiguousarray(lively(1, 80, 60)[:, :, 0])
    pictures = [lively(0), lively(1), lively(2, 320, 240), grey, lively(3)]
    # Only the newest picture is kept: the next one is sent when this one was taken. The end of one
    # without a length is the next boundary, which therefore comes with it.
    taken = threading.Semaphore(0)

    def behave(connection: Connection) -> None:
        connection.send(HEAD)
        if not length:
            connection.send(b"--cut\r\n")
        for image in pictures:
            data = jpeg(image)
            if length:
                connection.picture(data)
            else:
                connection.send(b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n--cut\r\n")
            if connection.camera is not free:
                taken.acquire()
        connection.wait()

    with camera(behave) as free:
        source = open_source(free.address(), PATIENT)
        shapes = [frame.image.shape for _ in range(4) if (frame := source.read())]
        source.close()
    assert shapes == [(48, 64, 3), (48, 64, 3), (240, 320, 3), (60, 80, 3)]
    with watched(behave, PATIENT) as (reader, heard, cancel):
        for _ in reader.frames(cancel):
            taken.release()
            if sum(isinstance(event, PictureDoubted) for event in heard) == 2:
                break
    said = [event for event in heard if isinstance(event, PictureDoubted)]
    assert [event.trouble for event in said] == ["size", "size"]
    assert "320x240" in said[0].text


def test_a_single_damaged_picture_is_passed_over() -> None:
    sound_one = jpeg(lively(0, 320, 240))
    film_ = [sound_one, sound_one[: len(sound_one) // 2], b"junk", jpeg(lively(1))]
    with camera(film(lambda n: film_[n] if n < len(film_) else None)) as made:
        source = open_source(made.address(), PATIENT)
        frames = [source.read(), source.read()]
        source.close()
    assert [frame.image.shape[0] for frame in frames if frame] == [240, 48]


def ending(behaviour: Behaviour, begin: Callable[[Reader, Cancel], None]) -> None:
    """End a reader that waits for such a camera; it must let go."""
    done = threading.Event()
    with watched(behaviour) as (reader, _heard, cancel):

        def work() -> None:
            begin(reader, cancel)
            done.set()

        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.1)
        cancel.stop()
        assert done.wait(HANG)


@pytest.mark.parametrize(
    "fault", [lambda c: c.wait(), drip(HEAD), flood(b"x" * 4096)], ids=["stall", "drip", "flood"]
)
def test_quitting_does_not_wait_for_the_camera(fault: Behaviour) -> None:
    ending(after(1, fault), lambda reader, cancel: list(reader.frames(cancel)))


def test_a_thread_that_was_given_up_ends_by_itself() -> None:
    """Each reconnection to a camera that drips would else leave one behind for good."""
    with camera(drip(HEAD)) as made:
        for _ in range(3):
            with pytest.raises(SourceTimeout):
                open_source(made.address(), QUICK)
        deadline = time.monotonic() + HANG
        while any(t.name == "facedesk-open" for t in threading.enumerate()):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_mjpeg_is_read_without_ffmpeg() -> None:
    with camera(sound) as made:
        source = open_source(made.address(), PATIENT)
        source.close()
    assert isinstance(source, MjpegSource)


def test_an_address_that_is_no_longer_listened_at_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(SourceNotFound, match="Nobody listens"):
            open_source(f"http://127.0.0.1:{taken.getsockname()[1]}/live", QUICK)
