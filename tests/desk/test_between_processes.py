"""What one process says to another, and of a recognition that is over by then."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.contract import Event, JobEnded, ProcessDied, SourceFailed
from engine.contract.errors import SourceUnreadable
from engine.contract.messages import (
    FramesEnded,
    Hello,
    Quit,
    RecognitionEnded,
    SourceGivenUp,
    Start,
    TwinReport,
)
from engine.contract.requests import RecogniseRequest
from engine.desk.camera_process import body
from engine.desk.child_main import ChildContext
from engine.desk.local import LocalDesk
from engine.desk.processes import Child
from engine.desk.relays import Sources
from engine.desk.vitals import Vitals
from engine.desk.wire import Channel
from engine.jobs import find_faces
from engine.settings import Settings
from engine.workspace.folder import Workspace


class Saying(Child):
    """A process that is none: what it says is at hand, and what it is told is kept."""

    def __init__(self, name: str, others: dict[str, Child], *said: object) -> None:
        self.name = name
        self.vitals = Vitals()
        self.told: list[object] = []
        self.to_the_desk: list[object] = []
        self._others = others
        self._wake = threading.Condition()
        self._channel = cast("Channel", SimpleNamespace(receive=iter([*said, None]).__next__))
        self._on_message = lambda child, message: self.to_the_desk.append(message)
        self._on_end = lambda child, status: None

    def send(self, message: Any) -> None:
        self.told.append(message)

    def _status(self) -> int:
        return 0


ENDED = FramesEnded(frames=3, camera=1, run=2)


def test_frames_go_straight_to_the_model_process_and_all_else_to_the_desk() -> None:
    others: dict[str, Child] = {}
    model, camera = Saying("model", others), Saying("camera-2", others, ENDED, Quit())
    others |= {"model": model, "camera-2": camera}
    camera._read()
    assert model.told == [ENDED]
    assert camera.to_the_desk == [Quit()]


def test_a_process_that_was_replaced_has_no_say() -> None:
    others: dict[str, Child] = {}
    model, former = Saying("model", others), Saying("camera-2", others, ENDED)
    others |= {"model": model, "camera-2": Saying("camera-2", others)}
    former._read()
    assert not model.told


def test_what_is_for_a_process_that_has_died_is_lost_with_it() -> None:
    others: dict[str, Child] = {}
    others["model"] = model = Saying("model", others, TwinReport(other=""))
    model._read()
    assert not model.to_the_desk


@pytest.fixture
def ours(workspace: Workspace) -> Iterator[tuple[ChildContext, Channel]]:
    """A camera process's view of its parent, and what its parent hears."""
    here, there = map(Channel, socket.socketpair())
    hello = Hello(workspace=str(workspace.root), settings=Settings().as_json())
    yield ChildContext(there, hello, early=True), here
    here.close()


def watched(context: ChildContext, run: int, source: str, *, together: bool = False) -> None:
    """Watch a source to its end, and quit."""
    request = RecogniseRequest(source=source)
    start = Start(job="recognise", request=request, run=run, together=together)
    context.messages.put(start)
    context.messages.put(Quit())
    body(context)
    context.channel.close()


def test_the_failure_of_the_one_source_says_of_which_recognition_it_is(
    ours: tuple[ChildContext, Channel],
) -> None:
    context, heard = ours
    watched(context, 3, "/nowhere.mp4")
    said = list(iter(heard.receive, None))
    [ended] = [each for each in said if isinstance(each, RecognitionEnded)]
    assert (ended.run, ended.ended.outcome) == (3, "failed")
    assert not [each for each in said if isinstance(each, JobEnded)]


def test_so_does_that_of_one_of_several(ours: tuple[ChildContext, Channel]) -> None:
    context, heard = ours
    watched(context, 3, "/nowhere.mp4", together=True)
    lost, ended = list(iter(heard.receive, None))[-2:]
    assert (type(lost), lost.run, lost.failed.camera) == (SourceGivenUp, 3, 0)
    assert ended == FramesEnded(frames=0, run=3)


def test_an_end_that_comes_before_the_recognition_before_has_ended_is_not_lost(
    ours: tuple[ChildContext, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, heard = ours

    def watch(*_arguments: object, **_options: object) -> tuple[int, int]:
        context.begin("recognise").stop()  # on the reader thread: the next Start, and its End
        return 0, 0

    monkeypatch.setattr(find_faces, "watch", watch)
    watched(context, 1, "demo:collins")
    assert context.cancels["recognise"].stopping
    assert heard.receive() == FramesEnded(frames=0, run=1)


def test_a_failure_of_the_recognition_before_does_not_end_this_one(desk: LocalDesk) -> None:
    camera = cast("Child", SimpleNamespace(name="camera"))
    failed = JobEnded.failure("recognise", SourceUnreadable("The camera is gone"))
    desk._jobs["recognise"], desk._run = "running", 2
    desk._received(camera, RecognitionEnded(run=1, ended=failed))
    assert desk.running == {"recognise"}
    desk._received(camera, RecognitionEnded(run=2, ended=failed))
    assert not desk.running


def test_a_source_that_failed_in_the_recognition_before_has_not_failed_in_this_one(
    desk: LocalDesk,
) -> None:
    told: list[Event] = []
    desk._listener = told.append
    camera = cast("Child", SimpleNamespace(name="camera"))
    first, second = (
        SourceFailed.failure(str(number), number, SourceUnreadable("Gone")) for number in (0, 1)
    )
    desk._jobs["recognise"], desk._run = "running", 2
    desk._sources = Sources(RecogniseRequest(source="0", beside=("1",)))
    desk._received(camera, SourceGivenUp(run=1, failed=first))
    desk._received(camera, SourceGivenUp(run=2, failed=second))
    assert told == [second]
    done = JobEnded(job="recognise", outcome="done")
    desk._received(camera, RecognitionEnded(run=2, ended=done))
    assert told[-1] == done


def test_a_process_that_dies_while_the_desk_closes_is_not_replaced(desk: LocalDesk) -> None:
    def close(event: Event) -> None:
        if isinstance(event, ProcessDied):
            desk._processes.close()

    desk._listener = close
    died = SimpleNamespace(name="camera", expected_end=False, fault=None)
    desk._ended(cast("Child", died), -9)
    assert not desk._processes.children
