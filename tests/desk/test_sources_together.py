"""LocalDesk with several sources: what fails, and which processes are left afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_driver import LONGEST, Collector, started, wait_unlocked

from engine.camera.demo import DemoSource
from engine.config import load_settings
from engine.contract import (
    Captured,
    EnrolDone,
    FaceSeen,
    JobEnded,
    JobStarted,
    PictureDoubted,
    ProcessDied,
    ProcessReady,
    RecogniseDone,
    SourceFailed,
    SourceLost,
    SourceRestored,
    Why,
)
from engine.contract.errors import SourceNotFound
from engine.contract.requests import EnrolRequest, RecogniseRequest
from engine.desk.local import LocalDesk
from engine.people.registry import People
from engine.workspace.folder import Workspace
from tests.faults.loopback import HEAD, Connection, camera, film, jpeg
from tests.templates import NO_VIEWS

TWO = RecogniseRequest(source="demo:collins", beside=("demo:hopper?seed=5",))


SETTINGS = load_settings(
    training=NO_VIEWS,
    camera={
        "open_timeout": 20.0,
        "read_timeout": 20.0,
        "reconnect_first": 0.1,
        "reconnect_longest": 0.4,
        "reconnect_attempts": 15,
    },
)


@pytest.fixture(scope="module")
def watching(trained: Workspace) -> Iterator[tuple[LocalDesk, Collector]]:
    """One desk for all tests here: the model is loaded once."""
    made = LocalDesk(trained, SETTINGS)
    heard = started(made)
    yield made, heard
    made.close()


@pytest.fixture
def desk(watching: tuple[LocalDesk, Collector]) -> Iterator[LocalDesk]:
    """The desk, idle again after the test."""
    made, heard = watching
    yield made
    if "recognise" in made.running:
        made.cancel("recognise")
        heard.wait_end("recognise")
    heard.forget()


@pytest.fixture
def collector(watching: tuple[LocalDesk, Collector]) -> Collector:
    return watching[1]


@pytest.fixture(scope="module")
def hopper() -> list[bytes]:
    """A film of somebody, in JPEG."""
    source = DemoSource("demo:hopper?seed=8")
    return [jpeg(source.render(45 + 6 * number)) for number in range(16)]


def pids(desk: LocalDesk) -> dict[str, int]:
    return {name: child.pid for name, child in desk._processes.children.items()}


def gone(pid: int) -> bool:
    """Whether a process has ended; waits for it."""
    for _ in range(1200):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


def sent_since(sent: list[int], more: int = 40) -> None:
    """Wait until a camera has sent so many more pictures."""
    until, deadline = len(sent) + more, time.monotonic() + LONGEST
    while len(sent) < until:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def all_named(desk: LocalDesk, collector: Collector) -> None:
    """Wait until the model has taken all frames that were on their way: it answers after them."""
    after = len(collector.events)
    desk.why(None)
    collector.wait(Why, after=after)


def both_seen(collector: Collector) -> None:
    for source in ("demo:collins", "demo:hopper?seed=5"):
        collector.wait(FaceSeen, lambda event, source=source: event.source == source)


def seen_from(collector: Collector, source: str) -> None:
    """Wait until somebody is seen from a source from now on."""
    after = len(collector.events)
    collector.wait(FaceSeen, lambda event: event.source == source, after)


def test_stopping_ends_all_sources_and_the_further_process(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(TWO)
    both_seen(collector)
    now = pids(desk)
    desk.stop("recognise")
    assert collector.wait_end("recognise").outcome == "stopped"
    assert gone(now["camera-2"])
    assert Path(f"/proc/{now['camera']}").exists()


def test_a_source_that_cannot_be_there_is_said_before_anything_is_started(
    desk: LocalDesk, collector: Collector
) -> None:
    with pytest.raises(SourceNotFound, match="no such file"):
        desk.recognise(RecogniseRequest(source="demo:collins", beside=("/nowhere.mp4",)))
    assert not desk.running
    assert not collector.of(JobStarted)


def test_a_camera_that_is_unplugged_and_plugged_in_again_leaves_the_other_alone(
    desk: LocalDesk, collector: Collector, hopper: list[bytes]
) -> None:
    with camera(film(lambda n: hopper[n % len(hopper)])) as made:
        address = made.address()
        desk.recognise(RecogniseRequest(source=address, beside=("demo:collins",), pace="live"))
        for source in (address, "demo:collins"):
            collector.wait(FaceSeen, lambda event, source=source: event.source == source)
        made.unplug()
        lost = collector.wait(SourceLost)
        assert lost.source == address
        made.plug()
        assert collector.wait(SourceRestored).source == address
        seen_from(collector, address)
        seen_from(collector, "demo:collins")
        desk.stop("recognise")
        assert collector.wait_end("recognise").outcome == "stopped"


@pytest.mark.long
def test_a_camera_that_comes_late_is_waited_for_and_one_that_never_comes_ends_alone(
    desk: LocalDesk, collector: Collector, hopper: list[bytes]
) -> None:
    pictures = film(lambda n: hopper[n % len(hopper)])
    with camera(pictures) as late, camera(pictures) as never:
        late.unplug()
        never.unplug()
        desk.recognise(
            RecogniseRequest(
                source=never.address(), beside=(late.address(), "demo:collins"), pace="live"
            )
        )
        collector.wait(SourceLost, lambda event: event.source == late.address())
        late.plug()
        failed = collector.wait(SourceFailed)
        assert (failed.source, failed.exit_code) == (never.address(), 3)
        assert "Nobody listens" in failed.title
        seen_from(collector, late.address())
        seen_from(collector, "demo:collins")
        desk.stop("recognise")
        assert collector.wait_end("recognise").outcome == "stopped"


@pytest.mark.long
def test_one_source_that_ends_and_one_that_fails_end_the_recognition_as_done(
    desk: LocalDesk, collector: Collector
) -> None:
    with camera(film(lambda n: None)) as never:
        never.unplug()
        desk.recognise(
            RecogniseRequest(source=never.address(), beside=("demo:collins?frames=5",), pace="fast")
        )
        assert collector.wait_end("recognise").outcome == "done"
    assert len(collector.of(SourceFailed)) == 1
    assert collector.of(RecogniseDone)[0].frames == 5


@pytest.mark.long
def test_the_recognition_fails_if_all_of_its_sources_do(
    desk: LocalDesk, collector: Collector
) -> None:
    with camera(film(lambda n: None)) as never:
        never.unplug()
        both = RecogniseRequest(source=never.address(), beside=(never.address("/2"),))
        desk.recognise(both)
        ended = collector.wait_end("recognise")
    assert (ended.outcome, ended.exit_code) == ("failed", 3)
    assert "All 2 sources failed" in ended.title


def test_a_camera_process_that_is_killed_is_replaced_and_the_other_goes_on(
    desk: LocalDesk, collector: Collector
) -> None:
    desk.recognise(TWO)
    both_seen(collector)
    for process, source in (("camera-2", "demo:hopper?seed=5"), ("camera", "demo:collins")):
        os.kill(pids(desk)[process], signal.SIGKILL)
        died = collector.wait(ProcessDied, lambda event, name=process: event.process == name)
        assert died.restarting
        seen_from(collector, source)
    assert not collector.of(JobEnded)
    desk.stop("recognise")
    assert collector.wait_end("recognise").outcome == "stopped"


@pytest.mark.long
def test_from_a_picture_that_stands_still_nobody_is_named_any_more(
    desk: LocalDesk, collector: Collector, hopper: list[bytes]
) -> None:
    """It is said, and when the camera films again the same person is."""
    thawed = threading.Event()
    sent: list[int] = []

    def picture(number: int) -> bytes:
        sent.append(number)
        return hopper[number % len(hopper) if number < 20 or thawed.is_set() else 5]

    with camera(film(picture)) as made:
        desk.recognise(RecogniseRequest(source=made.address(), pace="live"))
        collector.wait(FaceSeen)
        still = collector.wait(PictureDoubted)
        assert (still.trouble, still.over) == ("still", False)
        all_named(desk, collector)
        seen = len(collector.of(FaceSeen))
        sent_since(sent)
        all_named(desk, collector)
        assert len(collector.of(FaceSeen)) == seen
        thawed.set()
        collector.wait(PictureDoubted, lambda event: event.over)
        seen_from(collector, made.address())


@pytest.mark.long
def test_a_frozen_face_is_not_enrolled_over_and_over_and_stopping_keeps_what_there_is(
    desk: LocalDesk, collector: Collector, hopper: list[bytes], trained: Workspace
) -> None:
    sent: list[int] = []
    with camera(film(lambda n: (sent.append(n), hopper[5])[1])) as made:
        desk.enrol(EnrolRequest(person="Frozen Face", source=made.address(), count=100))
        collector.wait(PictureDoubted)
        sent_since(sent)  # nothing more is taken
        desk.stop("enrol")
        assert collector.wait_end("enrol").outcome == "stopped"
    done = collector.of(EnrolDone)[0]
    # The search may find the eyes a little elsewhere the second time, which is another crop.
    assert 1 <= done.captured <= 3
    assert set(done.refused) <= {"duplicate"}


@pytest.mark.long
def test_a_capture_whose_camera_goes_for_good_keeps_what_it_has(
    desk: LocalDesk, collector: Collector, trained: Workspace, hopper: list[bytes]
) -> None:
    with camera(film(lambda n: hopper[n % len(hopper)], 0.1)) as made:
        desk.enrol(EnrolRequest(person="Grace Hopper", source=made.address(), count=100))
        collector.wait(Captured, lambda event: event.captured >= 3)
        made.unplug()
        assert collector.wait_end("enrol").outcome == "done"
    done = collector.of(EnrolDone)[0]
    assert done.ended == "source_ended"
    person = People(trained).get("Grace Hopper")
    folders = People(trained).session_directory(person.slug, done.session)
    assert len(list(folders.glob("*.png"))) == done.captured >= 3


def test_an_end_that_comes_while_the_process_still_loads_is_not_lost(
    trained: Workspace, hopper: list[bytes]
) -> None:
    wait_unlocked(trained)
    made = LocalDesk(trained, SETTINGS)
    heard = started(made)
    with camera(film(lambda n: hopper[n % len(hopper)])) as filming:
        made.enrol(EnrolRequest(person="Nobody", source=filming.address(), count=100))
        made.cancel("enrol")
        assert heard.wait_end("enrol").outcome == "cancelled"
    made.close()


@pytest.mark.parametrize("stage", ["opening", "running"])
def test_closing_the_desk_does_not_wait_for_a_camera_that_stalls(
    trained: Workspace, hopper: list[bytes], stage: str
) -> None:
    def stalls(connection: Connection) -> None:
        if stage == "running":
            connection.send(HEAD)
            connection.picture(hopper[0])
        connection.wait()

    wait_unlocked(trained)
    made = LocalDesk(trained, load_settings(camera={"open_timeout": 100, "read_timeout": 100}))
    heard = started(made)
    with camera(stalls) as stalling:
        made.enrol(EnrolRequest(person="Nobody", source=stalling.address(), count=100))
        if stage == "running":
            heard.wait(Captured)
        else:
            heard.wait(ProcessReady, lambda event: event.process == "camera")
        processes = pids(made)
        made.close()
        assert all(map(gone, processes.values()))
