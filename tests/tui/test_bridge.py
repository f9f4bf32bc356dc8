"""The bridge: nothing lost that counts, nothing flooded that does not."""

from __future__ import annotations

import threading

import pytest

import tui.live
from engine.contract import (
    FeaturesProgress,
    ImportRefused,
    JobEnded,
    JobStarted,
    Preview,
    RecognitionRate,
    Refused,
)
from tests.tui.samples import captured, epoch, face
from tui.live import Bridge


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wakes() -> list[int]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bridge(wakes, clock) -> Bridge:
    return Bridge(lambda: wakes.append(1), clock)


def refused(reason: str, value: float = 0.0) -> Refused:
    return Refused(person="Ada", reason=reason, value=value, limit=45.0, frame=1)


def test_events_that_count_arrive_in_order_and_all(bridge):
    sent = [captured(n) for n in range(1, 501)] + [epoch(1, 1), JobEnded(job="x", outcome="done")]
    for event in sent:
        bridge.listener(event)
    assert list(bridge.take()[0]) == sent


def test_the_interface_is_woken_once_however_much_waits(bridge, wakes):
    for n in range(100):
        bridge.listener(captured(n))
    assert len(wakes) == 1
    bridge.take()
    bridge.listener(captured(1))
    assert len(wakes) == 2


def test_lossy_events_never_wake_and_only_the_newest_is_kept(bridge, wakes):
    for n in range(100):
        bridge.listener(Preview(columns=1, rows=1, cells=b"abc", sequence=n, dropped=0))
        bridge.listener(RecognitionRate(fps=9, frames=n, dropped=0, faces=1))
        bridge.listener(FeaturesProgress(done=n, total=100, cached=0))
    assert wakes == []
    events, live = bridge.take()
    assert events == ()
    assert (live.preview.sequence, live.rate.frames, live.features.done) == (99, 99, 99)


def test_refusals_are_folded_with_exact_counts_and_the_last_value(bridge):
    for n in range(1000):
        bridge.listener(refused("too_dark", n))
    bridge.listener(refused("blurred", 7))
    live = bridge.take()[1]
    assert (live.refused["too_dark"].count, live.refused["too_dark"].value) == (1000, 999)
    assert live.refused["blurred"].last > live.refused["too_dark"].last


def test_nothing_new_gives_no_state(bridge):
    bridge.listener(refused("blurred"))
    assert bridge.take()[1] is not None
    assert bridge.take() == ((), None)


def test_a_new_capture_starts_counting_at_zero(bridge):
    bridge.listener(refused("blurred"))
    bridge.listener(JobStarted(job="enrol", title="Enrolling"))
    bridge.listener(refused("too_dark"))
    assert set(bridge.take()[1].refused) == {"too_dark"}


def test_every_refused_file_reaches_the_log_once(bridge):
    for n in range(300):
        bridge.listener(ImportRefused(file=f"{n}.jpg", reason="no_face"))
    assert len(bridge.take()[1].refused_files) == 300
    bridge.listener(ImportRefused(file="x.jpg", reason="no_face"))
    assert [r.file for r in bridge.take()[1].refused_files] == ["x.jpg"]


def test_a_face_keeps_the_time_its_decision_began(bridge, clock):
    bridge.listener(face("known", "Ada"))
    clock.now += 5
    bridge.listener(face("known", "Ada", score=0.5))
    (sighting,) = bridge.take()[1].sightings
    assert (sighting.since, sighting.seen, sighting.face.score) == (1000.0, 1005.0, 0.5)


def test_a_short_change_between_two_looks_is_not_lost(bridge):
    bridge.listener(face("known", "Ada"))
    bridge.take()
    bridge.listener(face("unknown"))
    bridge.listener(face("known", "Ada"))
    decisions = [change.face.decision for change in bridge.take()[1].changes]
    assert decisions == ["unknown", "known"]


def test_tracks_are_bounded(bridge):
    for track in range(1000):
        bridge.listener(face("unknown", track=track))
    sightings = bridge.take()[1].sightings
    assert len(sightings) == 64
    assert sightings[-1].face.track == 999


def test_a_full_queue_holds_the_engine_back_until_the_interface_looks(bridge, monkeypatch):
    monkeypatch.setattr(tui.live, "QUEUE", 10)
    monkeypatch.setattr(tui.live, "HOLD", 60.0)
    for n in range(10):
        bridge.listener(captured(n))
    engine = threading.Thread(target=bridge.listener, args=(captured(10),), daemon=True)
    engine.start()
    first = bridge.take()[0]
    engine.join(30)
    assert not engine.is_alive()
    assert len(first) + len(bridge.take()[0]) == 11


def test_closing_lets_a_held_engine_thread_go_and_takes_nothing_more(bridge, monkeypatch):
    monkeypatch.setattr(tui.live, "QUEUE", 0)
    monkeypatch.setattr(tui.live, "HOLD", 60.0)
    engine = threading.Thread(target=bridge.listener, args=(captured(1),), daemon=True)
    engine.start()
    bridge.close()
    engine.join(30)
    assert not engine.is_alive()
    bridge.listener(captured(2))
    assert captured(2) not in bridge.take()[0]


def test_an_evaluation_beside_a_capture_keeps_its_frame_and_forgets_old_features(bridge):
    bridge.listener(Preview(columns=1, rows=1, cells=b"abc", sequence=1, dropped=0))
    bridge.listener(FeaturesProgress(done=9, total=9, cached=0))
    bridge.listener(JobStarted(job="evaluate", title="Evaluating"))
    live = bridge.take()[1]
    assert live.preview.sequence == 1
    assert live.features is None
