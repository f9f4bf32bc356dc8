"""The camera looks at a frame only when the model can take it."""

from __future__ import annotations

import threading

import pytest

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, Preview
from engine.contract.messages import FacesFound, FacesWanted
from engine.contract.requests import PreviewWish, RecogniseRequest, Wishes
from engine.faces.detect import FaceFollower
from engine.jobs.find_faces import FramePace, watch


class Clock:
    """A clock that goes on when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> FramePace:
    return FramePace(clock)


def wanted(after: float = 0.0) -> FacesWanted:
    return FacesWanted(camera=0, after=after)


def test_first_frame_is_looked_at_and_the_next_only_when_wanted(pace: FramePace) -> None:
    assert [pace.admit() for _ in range(3)] == [True, False, False]
    assert pace.take(wanted())
    assert [pace.admit() for _ in range(3)] == [True, False, False]


def test_two_wishes_without_a_frame_between_are_one(pace: FramePace) -> None:
    pace.take(wanted())
    pace.take(wanted())
    assert [pace.admit() for _ in range(3)] == [True, False, False]


def test_frame_is_looked_at_as_late_as_it_can_be_in_time(pace: FramePace, clock: Clock) -> None:
    """Frames every 10 ms, 5 ms to find the faces, and a model that takes 100 ms a frame."""
    ages = []
    ready = 0.0
    for tick in range(200):
        clock.now = max(clock.now, tick / 100)
        if pace.admit():
            taken = clock.now
            clock.now += 0.005
            pace.sent()
            begun = max(ready, clock.now)
            idle = clock.now - ready
            ages.append((begun - taken, idle))
            ready = begun + 0.1
            pace.take(wanted(ready - clock.now))
    settled = ages[10:]
    assert len(ages) >= 18
    assert max(age for age, _ in settled) <= 0.026
    assert max(idle for _, idle in settled) <= 1e-9


def test_a_new_job_forgets_what_the_last_one_was_owed(pace: FramePace) -> None:
    pace.admit()
    pace.begin()
    assert pace.admit()


def test_other_messages_are_left_to_others(pace: FramePace) -> None:
    assert not pace.take(PreviewWish())


def test_waiting_ends_when_the_model_wants_a_frame() -> None:
    pace = FramePace()
    pace.wait(Cancel())  # the first is wanted at once
    ended = threading.Event()

    def wait() -> None:
        pace.wait(Cancel())
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not ended.wait(0.05)
    pace.take(wanted())
    assert ended.wait(60)


def test_waiting_ends_when_the_job_does() -> None:
    pace, cancel = FramePace(), Cancel()
    pace.wait(cancel)
    cancel.stop()
    pace.wait(cancel)
    assert cancel.stopping


def test_no_face_is_searched_for_in_frames_that_nobody_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model that never asks for a second frame, and a preview that goes on all the same."""
    searched: list[int] = []
    find = FaceFollower.find

    def counted(self: FaceFollower, *arguments: object) -> object:
        searched.append(1)
        return find(self, *arguments)

    monkeypatch.setattr(FaceFollower, "find", counted)
    events: list[Event] = []
    found: list[FacesFound] = []
    wishes = Wishes()
    wishes.take(PreviewWish(columns=20, rows=8, level="normal", rate=1000.0))
    request = RecogniseRequest(source="demo:collins?frames=60", pace="live")
    frames, dropped = watch(
        load_settings(), request, Cancel(), events.append, found.append,
        preview=wishes, pace=FramePace(),
    )  # fmt: skip
    assert len(searched) == len(found) == 1
    assert dropped == 60 - 1
    # Two that come in one go are one picture on the screen.
    assert 1 < len([e for e in events if isinstance(e, Preview)]) <= frames


def test_frames_of_which_none_may_be_left_out_are_all_delivered() -> None:
    pace = FramePace()
    found: list[FacesFound] = []

    def take(message: FacesFound) -> None:
        found.append(message)
        pace.take(wanted())

    request = RecogniseRequest(source="demo:collins?frames=12", pace="fast")
    assert watch(
        load_settings(), request, Cancel(), lambda event: None, take, preview=None, pace=pace
    ) == (12, 0)
    assert [message.frame for message in found] == list(range(12))


def test_only_chosen_frames_show_faces_to_recognition_and_nothing_waits_for_the_others() -> None:
    pace = FramePace()
    found: list[FacesFound] = []

    def take(message: FacesFound) -> None:
        found.append(message)
        pace.take(wanted())

    request = RecogniseRequest(source="demo:collins?frames=12", pace="fast", frames=(3, 7))
    watch(load_settings(), request, Cancel(), lambda event: None, take, preview=None, pace=pace)
    assert [message.frame for message in found if message.boxes] == [3, 7]
