"""The camera looks at a frame only when the model can take it."""

from __future__ import annotations

import threading

import pytest

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, Preview
from engine.contract.requests import PreviewWish, RecogniseRequest, Wishes
from engine.desk.messages import Credit, FacesFound, FacesWanted
from engine.faces.detect import FaceFollower
from engine.jobs.find_faces import watch


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
def credit(clock: Clock) -> Credit:
    return Credit(clock)


def wanted(after: float = 0.0) -> FacesWanted:
    return FacesWanted(camera=0, after=after)


def test_first_frame_is_looked_at_and_the_next_only_when_wanted(credit: Credit) -> None:
    assert [credit.spend() for _ in range(3)] == [True, False, False]
    assert credit.take(wanted())
    assert [credit.spend() for _ in range(3)] == [True, False, False]


def test_two_wishes_without_a_frame_between_are_one(credit: Credit) -> None:
    credit.take(wanted())
    credit.take(wanted())
    assert [credit.spend() for _ in range(3)] == [True, False, False]


def test_frame_is_looked_at_as_late_as_it_can_be_in_time(credit: Credit, clock: Clock) -> None:
    """Frames every 10 ms, 5 ms to find the faces, and a model that takes 100 ms a frame."""
    ages = []
    ready = 0.0
    for tick in range(200):
        clock.now = max(clock.now, tick / 100)
        if credit.spend():
            taken = clock.now
            clock.now += 0.005
            credit.sent()
            begun = max(ready, clock.now)
            idle = clock.now - ready
            ages.append((begun - taken, idle))
            ready = begun + 0.1
            credit.take(wanted(ready - clock.now))
    settled = ages[10:]
    assert len(ages) >= 18
    assert max(age for age, _ in settled) <= 0.026
    assert max(idle for _, idle in settled) <= 1e-9


def test_a_new_job_forgets_what_the_last_one_was_owed(credit: Credit) -> None:
    credit.spend()
    credit.begin()
    assert credit.spend()


def test_other_messages_are_left_to_others(credit: Credit) -> None:
    assert not credit.take(PreviewWish())


def test_waiting_ends_when_the_model_wants_a_frame() -> None:
    credit = Credit()
    credit.wait(Cancel())  # the first is wanted at once
    ended = threading.Event()

    def wait() -> None:
        credit.wait(Cancel())
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    assert not ended.wait(0.05)
    credit.take(wanted())
    assert ended.wait(60)


def test_waiting_ends_when_the_job_does() -> None:
    credit, cancel = Credit(), Cancel()
    credit.wait(cancel)
    cancel.stop()
    credit.wait(cancel)
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
        preview=wishes, credit=Credit(),
    )  # fmt: skip
    assert len(searched) == len(found) == 1
    assert dropped == 60 - 1
    # Two that come in one go are one picture on the screen.
    assert 1 < len([e for e in events if isinstance(e, Preview)]) <= frames


def test_frames_of_which_none_may_be_left_out_are_all_delivered() -> None:
    credit = Credit()
    found: list[FacesFound] = []

    def take(message: FacesFound) -> None:
        found.append(message)
        credit.take(wanted())

    request = RecogniseRequest(source="demo:collins?frames=12", pace="fast")
    assert watch(
        load_settings(), request, Cancel(), lambda event: None, take, preview=None, credit=credit
    ) == (12, 0)
    assert [message.frame for message in found] == list(range(12))
