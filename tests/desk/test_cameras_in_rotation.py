"""Cameras have their turns one after the other, in the order in which their frames wait.

The real main loop of the model process, fed by cameras that deliver when they are asked to. All
of it runs on one thread and time is counted in turns, so no machine is too fast or too slow.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence

import pytest

from engine.config import load_settings
from engine.contract.messages import (
    FacesFound,
    FacesWanted,
    FramesEnded,
    Quit,
    Ready,
    RecognitionEnded,
    Start,
)
from engine.contract.requests import RecogniseRequest
from engine.desk.child_main import Heartbeats
from engine.desk.model_process import ModelBody
from engine.jobs import naming
from engine.workspace.folder import Workspace

TURNS, RUN = 60, 2


def found(camera: int, number: int, lossy: bool, run: int) -> FacesFound:
    """A frame of a recognition with one face."""
    return FacesFound(
        source=str(camera), frame=number, seconds=0.0, boxes=((0, 0, 9, 9),),
        crops=b"", dropped=0, lossy=lossy, camera=camera, run=run,
    )  # fmt: skip


class Cameras:
    """What the main loop sees of its process, and the cameras behind it.

    `search`: for each camera, the turns of the model that pass until the frame it was asked for
    is there. `first`: the turns before its first frame comes. `notes` are `("waits", camera)` and
    `("taken", camera)` in the order in which they came to be.
    """

    def __init__(
        self, workspace: Workspace, search: Sequence[int], first: Sequence[int], *, lossy: bool
    ) -> None:
        self.workspace, self.settings = workspace, load_settings()
        self.messages: queue.Queue[object] = queue.Queue()
        self.heartbeats = Heartbeats()
        self.replace: Callable[[object], bool] = lambda message: False
        self.notes: list[tuple[str, int]] = []
        self.left: Sequence[object] = ()
        """What cameras of the recognition before still send."""
        self._search, self._lossy = search, lossy
        self._due = dict(enumerate(first))

    def run(self, body: ModelBody) -> None:
        """Recognise for `TURNS` turns."""
        beside = tuple(map(str, range(1, len(self._search))))
        request = RecogniseRequest(source="0", beside=beside)
        self.messages.put(Start(job="recognise", request=request, run=RUN))
        body.run()

    @property
    def taken(self) -> list[int]:
        """The cameras in the order of their turns."""
        return [camera for what, camera in self.notes if what == "taken"]

    def emit(self, event: object) -> None:
        """Nobody listens to events here."""

    def send(self, message: object) -> None:
        """The cameras begin when the model is ready; each is asked for its next frame while the
        one at hand is recognised."""
        if isinstance(message, Ready):
            for each in self.left:
                if not self.replace(each):
                    self.messages.put(each)
            self._arrive()
        elif isinstance(message, RecognitionEnded):
            self.messages.put(Quit())
        elif isinstance(message, FacesWanted):
            self.notes.append(("taken", message.camera))
            self._due[message.camera] = self._search[message.camera]
            self._arrive()

    def recognised(self) -> None:
        """A turn is over; where no frame waits, the model waits for the next one."""
        if len(self.taken) == TURNS:
            self.messages.queue.clear()
            self.messages.put(Quit())
            return
        self._pass()
        while self.messages.empty():
            self._pass()

    def _pass(self) -> None:
        self._due = {camera: turns - 1 for camera, turns in self._due.items()}
        self._arrive()

    def _arrive(self) -> None:
        """Frames that are there by now; of those that may be left out, a newer one at once."""
        for camera in [camera for camera, turns in self._due.items() if turns <= 0]:
            del self._due[camera]
            self.notes.append(("waits", camera))
            for number in range(2 if self._lossy else 1):
                message = found(camera, number, self._lossy, RUN)
                if not self.replace(message):  # as the process's reader does
                    self.messages.put(message)


Watch = Callable[..., Cameras]


@pytest.fixture(params=[False, True], ids=["every frame", "newest frame"])
def watch(
    request: pytest.FixtureRequest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Watch:
    """Recognise from such cameras."""

    def run(
        search: Sequence[int], first: Sequence[int] | None = None, left: Sequence[object] = ()
    ) -> Cameras:
        cameras = Cameras(workspace, search, first or [0] * len(search), lossy=request.param)
        cameras.left = left

        class Clocked:
            """A recognition of which each frame takes a turn, whoever is in it."""

            def __init__(self, *given: object, **more: object) -> None:
                pass

            def take(self, faces: FacesFound, skipped: int) -> None:
                assert faces.run == RUN
                cameras.recognised()

        monkeypatch.setattr(naming, "Recognition", Clocked)
        cameras.run(ModelBody(cameras))  # type: ignore[arg-type]
        return cameras

    return run


def passed_over(notes: Sequence[tuple[str, int]]) -> int:
    """The most turns that any other camera had while a frame waited."""
    most, waiting = 0, {}
    for what, camera in notes:
        if what == "waits":
            waiting[camera] = dict.fromkeys(range(9), 0)
            continue
        waiting.pop(camera)
        for turns in waiting.values():
            turns[camera] += 1
            most = max(most, turns[camera])
    return most


def test_cameras_that_always_have_a_frame_take_turns_in_a_fixed_order(watch: Watch) -> None:
    assert watch([0, 0, 0]).taken == [0, 1, 2] * (TURNS // 3)


@pytest.mark.parametrize("search", [[0, 1, 3], [5, 0, 0], [2, 7, 1], [0, 0, 0, 4]])
def test_while_a_frame_waits_no_other_camera_has_two_turns(watch: Watch, search: list[int]) -> None:
    seen = watch(search)
    assert set(seen.taken) == set(range(len(search)))
    assert passed_over(seen.notes) <= 1


def test_the_model_does_not_wait_for_a_camera_that_has_no_frame(watch: Watch) -> None:
    assert watch([0, 0], first=[0, 40]).taken[:40] == [0] * 40


def test_a_camera_that_comes_late_has_its_turn_after_one_of_each_other(watch: Watch) -> None:
    taken = watch([0, 0, 0], first=[0, 0, 20]).taken
    assert 2 not in taken[:20]
    assert taken.index(2) <= 22
    assert sorted(taken[-30:]) == [0] * 10 + [1] * 10 + [2] * 10


def test_what_the_recognition_before_left_is_not_of_this_one(watch: Watch) -> None:
    before = RUN - 1
    left = (found(0, 7, False, before), FramesEnded(frames=8, camera=0, run=before))
    assert watch([0], left=left).taken == [0] * TURNS
