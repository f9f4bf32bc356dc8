"""Network cameras that want our memory, our time, or the operator's password."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.camera import http
from engine.camera.open import open_source
from engine.camera.reader import STEADY, Pump, Reader
from engine.camera.source import Frame, SourceInfo
from engine.cancel import MOST_GIVEN_UP, Cancel, given_up
from engine.contract import Event, SourceLost, SourceRestored
from engine.contract.errors import SourceDenied, SourceError, SourceTimeout
from engine.machine import environment, python
from engine.settings import CameraSettings
from tests.attack.child import LONGEST, child
from tests.attack.test_pictures import claiming, progressive
from tests.faults import rtsp
from tests.faults.loopback import HEAD, Connection, camera, jpeg, lively

QUICK = CameraSettings(
    open_timeout=60,
    read_timeout=60,
    reconnect_first=0.01,
    reconnect_longest=0.01,
    reconnect_attempts=3,
)
WATCH = """
import collections
from engine.camera.reader import Reader
from engine.cancel import Cancel
from engine.settings import CameraSettings
from engine.contract.errors import SourceDenied, SourceError, SourceTimeout
from engine.contract import SourceLost
lost, cancel = [], Cancel()
def hear(event):
    if isinstance(event, SourceLost):
        lost.append(event.attempt)
        if len(lost) == 30:
            cancel.stop()
def watch(url, **settings):
    settings = CameraSettings(reconnect_first=0.01, reconnect_longest=0.01, **settings)
    try:
        with Reader(url, settings, "live", hear) as reader:
            collections.deque(reader.frames(cancel), maxlen=0)
    except SourceError as error:
        return error.title
    return ""
"""
"""Watches until the camera is given up; until it was lost 30 times at most."""


def bait(bomb: bytes) -> Callable[[Connection], None]:
    """One good picture, then nothing but bombs."""

    def behave(connection: Connection) -> None:
        connection.send(HEAD)
        connection.picture(jpeg(lively(0)))
        while True:
            connection.picture(bomb)

    return behave


def test_pictures_of_thousands_of_scans_take_no_memory_and_the_camera_is_given_up() -> None:
    with camera(bait(claiming(8192, progressive(3000)))) as hostile:
        told = child(
            "said = [watch(url, reconnect_attempts=3), lost]", WATCH, url=hostile.address()
        )
    assert told.said == ["The stream cannot be played", [1, 2, 3]]
    assert told.megabytes < 100


@pytest.mark.long
def test_pictures_too_slow_to_decode_in_time_are_decoded_one_at_a_time() -> None:
    """One of 35 megapixels takes 340 MiB for its moment, and far longer than its deadline."""
    with camera(bait(progressive(0, (5900, 5900)))) as hostile:
        told = child(
            "said = watch(url, open_timeout=0.2, read_timeout=0.05, reconnect_attempts=6)",
            WATCH,
            url=hostile.address(),
        )
    assert told.said
    assert told.megabytes < 600


def test_one_good_picture_gives_no_attempts_back_but_many_do() -> None:
    def heard(pictures: int) -> list[Event]:
        events: list[Event] = []
        cancel = Cancel()

        def hear(event: Event) -> None:
            events.append(event)
            if len(events) > 10:
                cancel.stop()

        def behave(connection: Connection) -> None:
            connection.send(HEAD)
            for number in range(pictures):
                connection.picture(jpeg(lively(number)))
                time.sleep(0.01)  # so that each is taken before the next comes

        with camera(behave) as hostile:
            try:
                with Reader(hostile.address(), QUICK, "live", hear) as reader:
                    for _frame in reader.frames(cancel):
                        pass
            except SourceError:
                pass
        return events

    few = heard(2)
    assert [each.attempt for each in few if isinstance(each, SourceLost)] == [1, 2, 3]
    assert sum(isinstance(each, SourceRestored) for each in few) == 3
    many = [each.attempt for each in heard(3 * STEADY) if isinstance(each, SourceLost)]
    assert many[:4] == [1] * 4


class _Hanging:
    """A source whose driver does not return."""

    info = SourceInfo("hanging", "webcam", True, 4, 4, 30.0)

    def __init__(self, held: threading.Event) -> None:
        self._held = held

    def read(self) -> Frame | None:
        self._held.wait(LONGEST)
        return None

    def close(self) -> None:
        """Nothing is held."""


def test_threads_that_hang_do_not_pile_up() -> None:
    held = threading.Event()
    with camera(bait(jpeg(lively(1)))) as sound:
        for _unused in range(MOST_GIVEN_UP):
            pump = Pump(_Hanging(held), real_time=False)
            pump.start()
            pump.stop(0)
        with pytest.raises(SourceTimeout, match="attempts still hang"):
            open_source(sound.address(), QUICK)
        held.set()
        while given_up():
            time.sleep(0.01)
        open_source(sound.address(), QUICK).close()


def test_ctrl_c_ends_a_capture_from_such_a_camera(tmp_path: Path) -> None:
    with camera(bait(claiming(8192, progressive(3000)))) as hostile:
        command = ("-m", "tui", "enroll", "Ada", "--workspace", str(tmp_path), "--source")
        run = subprocess.Popen(
            python(*command, hostile.address()),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while hostile.connections < 2:
                assert run.poll() is None
                time.sleep(0.01)
            run.send_signal(signal.SIGINT)
            assert run.wait(LONGEST) == 130
        finally:
            run.kill()


@pytest.mark.parametrize(
    "text", ["http://[::1", "rtsp://[::1", "https://u:p@[x", "HTTP://[", "http://]/"]
)
def test_an_address_that_is_none_is_said_to_be_none(text: str) -> None:
    with pytest.raises(SourceError, match=r"address is not complete|no such host") as caught:
        open_source(text, QUICK)
    assert "u:p" not in str(caught.value)


DIGEST, BASIC = 'Digest realm="camera", nonce="n", qop="auth"', 'Basic realm="camera"'


def asks_for(challenge: list[str], seen: list[str]) -> Callable[[Connection], None]:
    """Asks for a login as the list says at that moment, and sends pictures to who has one."""

    def behave(connection: Connection) -> None:
        said = connection.header("Authorization")
        seen.append(said)
        if said:
            connection.send(HEAD)
            for number in range(5):
                connection.picture(jpeg(lively(number)))
        else:
            connection.answer("401 Unauthorized", f"WWW-Authenticate: {challenge[0]}")

    return behave


def test_a_camera_that_asked_for_digest_is_never_told_the_password_in_clear() -> None:
    challenge, seen = [DIGEST], list[str]()
    with camera(asks_for(challenge, seen)) as server:
        url = server.address(login="digester:hunter2@")
        open_source(url, QUICK).close()
        assert seen[-1].startswith("Digest ")
        challenge[0] = BASIC  # somebody else took its place
        seen.clear()
        with pytest.raises(SourceDenied, match="password in clear") as refused:
            open_source(url, QUICK)
    assert seen == [""]
    assert "somebody may be in its place" in refused.value.hint
    assert "hunter2" not in str(refused.value)


def test_nor_by_a_later_process_and_what_is_remembered_names_neither_camera_nor_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path))
    challenge, seen = [DIGEST], list[str]()
    with camera(asks_for(challenge, seen)) as server:
        url = server.address(login="digester:hunter2@")
        open_source(url, QUICK).close()
        (file,) = tmp_path.iterdir()
        assert not [
            word for word in ("127.0.0.1", "digester", "hunter2") if word in file.read_text()
        ]
        monkeypatch.setattr(http, "_digest_users", set())  # as in a process that is new
        challenge[0] = BASIC
        with pytest.raises(SourceDenied, match="password in clear"):
            open_source(url, QUICK)
        file.write_text("[]")  # damaged: as if nothing was remembered
        open_source(url, QUICK).close()
    assert [said.partition(" ")[0] for said in seen] == ["", "Digest", "", "", "Basic"]


def test_nor_when_it_is_opened_again_after_a_loss() -> None:
    challenge, seen = [DIGEST], list[str]()

    def watch(url: str) -> None:
        with Reader(url, QUICK, "live", lambda event: None) as reader:
            for _frame in reader.frames(Cancel()):
                challenge[0] = BASIC

    with (
        camera(asks_for(challenge, seen)) as server,
        pytest.raises(SourceDenied, match="password in clear"),
    ):
        watch(server.address(login="loser:hunter2@"))
    assert [said.partition(" ")[0] for said in seen] == ["", "Digest", ""]


def test_where_the_operator_forbids_it_no_camera_is() -> None:
    strict, seen = replace(QUICK, basic_login=False), list[str]()
    with camera(asks_for([BASIC], seen)) as server:
        with pytest.raises(SourceDenied, match="password in clear") as refused:
            open_source(server.address(login="basic:hunter2@"), strict)
        assert "camera.basic_login" in refused.value.hint
        assert seen == [""]
        open_source(server.address(login="basic:hunter2@"), QUICK).close()
    assert seen[-1].startswith("Basic ")


def test_a_camera_that_offers_both_is_answered_with_digest() -> None:
    seen = list[str]()
    with camera(asks_for([f"{BASIC}, {DIGEST}"], seen)) as server:
        open_source(server.address(login="both:hunter2@"), QUICK).close()
    assert [said.partition(" ")[0] for said in seen] == ["", "Digest"]


def test_rtsp_is_held_to_the_same() -> None:
    seen: list[str] = []

    def judge(said: str) -> bool:
        seen.append(said)
        return bool(said)

    strict = replace(QUICK, basic_login=False)
    with camera(rtsp.film(lambda number: None, judge)) as server:
        url = server.address(login="operator:hunter2@", scheme="rtsp")
        with pytest.raises(SourceDenied, match="password in clear"):
            open_source(url, strict)
    assert seen == [""]
