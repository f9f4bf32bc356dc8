"""What counts as a sign of life of a child, and what does not."""

from __future__ import annotations

from engine.desk.child_main import Heartbeats
from engine.desk.vitals import Limits, Trouble, Vitals

LIMITS = Limits(silent=10, still=30, most_bytes=1000)


def test_a_child_is_asked_once_and_again_when_it_has_answered():
    vitals = Vitals()
    assert [vitals.waited(1), vitals.waited(1)] == [True, False]
    vitals.answered({})
    assert vitals.waited(1)


def test_any_message_ends_the_silence():
    vitals = Vitals()
    vitals.waited(9)
    with vitals.hearing():
        pass
    vitals.waited(9)
    assert vitals.trouble(LIMITS, None) is None
    vitals.waited(1)
    assert vitals.trouble(LIMITS, None) == Trouble("silent", 10, 10)


def test_a_listener_that_takes_its_time_is_not_the_childs_silence():
    vitals = Vitals()
    with vitals.hearing():
        vitals.waited(600)
    assert vitals.trouble(LIMITS, None) is None


def test_a_job_stands_still_while_its_beat_stays_the_same():
    vitals = Vitals()
    for _second in range(30):
        vitals.answered({"train": 7, "recognise": _second})
        assert vitals.trouble(LIMITS, None) is None
        vitals.waited(1)
    assert vitals.trouble(LIMITS, None) == Trouble("still", 30, 30, "train")
    vitals.answered({"train": 8})
    assert vitals.trouble(LIMITS, None) is None


def test_a_job_that_ended_does_not_stand_still():
    vitals = Vitals()
    vitals.answered({"train": 7})
    vitals.waited(29)
    vitals.answered({})
    vitals.waited(9)
    assert vitals.trouble(LIMITS, None) is None


def test_memory_counts_only_where_it_is_known_and_limited():
    vitals = Vitals()
    assert vitals.trouble(LIMITS, 1000) is None
    assert vitals.trouble(LIMITS, None) is None
    assert vitals.trouble(LIMITS, 1001) == Trouble("large", 1001, 1000)
    assert vitals.trouble(Limits(10, 30, 0), 1 << 40) is None


def test_a_heart_beats_only_while_the_job_is_under_way():
    heartbeats = Heartbeats()
    heartbeats.beat("train")
    assert heartbeats.beats() == {}
    with heartbeats.work("train"):
        first = heartbeats.beats()["train"]
        heartbeats.beat("train")
        assert heartbeats.beats()["train"] != first
    assert heartbeats.beats() == {}


def test_the_next_run_of_a_job_never_has_the_beat_of_the_last():
    heartbeats = Heartbeats()
    seen = set()
    for _run in range(3):
        with heartbeats.work("train"):
            seen.add(heartbeats.beats()["train"])
    assert len(seen) == 3
