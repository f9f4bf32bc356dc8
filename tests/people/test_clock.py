"""A clock that jumps: nothing is removed early, nothing stays for ever, the order stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.people.clock import BACK, HOLD, JUMP, SLACK, Clock, Running, note_clock, read_clock
from engine.people.registry import People
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.settings import UnknownSettings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted

TODAY = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
WRONG = datetime(2099, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class SystemClock:
    """Sets what `datetime.now` says in the engine."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = TODAY
        clock = self

        class Moment(datetime):
            @classmethod
            def now(cls, tz=None):
                return clock.now.astimezone(tz)

        for module in ("clock", "trash", "unknown", "registry"):
            patch.setattr(f"engine.people.{module}.datetime", Moment)
        self.machine = Running("first", 100.0)
        patch.setattr("engine.people.clock.running", lambda: clock.machine)

    def wait(self, time: timedelta) -> None:
        """Let time pass: the clock goes on, and the machine runs."""
        self.now += time
        self.machine = replace(self.machine, up=self.machine.up + time.total_seconds())


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> SystemClock:
    return SystemClock(monkeypatch)


@pytest.fixture
def trash(workspace: Workspace) -> Trash:
    return Trash(workspace, keep_days=30)


def removed(workspace: Workspace, name: str) -> str:
    """Enrol and remove somebody; the change's id."""
    person = People(workspace).add(name)
    with Trash(workspace).change(f"Deleted {name}", "back") as change:
        change.remove(workspace.people / person.slug)
    return change.done.id


def test_a_clock_that_goes_on_as_clocks_do_is_believed_and_not_spoken_of(
    workspace: Workspace, system: SystemClock
) -> None:
    for _day in range(60):
        assert note_clock(workspace) is None
        assert read_clock(workspace).now == system.now
        system.wait(DAY)


def test_the_trash_survives_one_day_in_2099(
    workspace: Workspace, system: SystemClock, trash: Trash
) -> None:
    note_clock(workspace)
    id = removed(workspace, "Ada")
    system.now = WRONG
    told = note_clock(workspace)
    assert (told.back, told.now[:4]) == (False, "2099")
    assert trash.purge() == 0
    assert note_clock(workspace) is None, "told once"
    system.now = TODAY + timedelta(hours=3)
    assert note_clock(workspace).back
    assert trash.purge() == 0
    assert [change.id for change in trash.changes()] == [id]


def test_a_jump_that_stands_for_a_day_is_believed(
    workspace: Workspace, system: SystemClock, trash: Trash
) -> None:
    note_clock(workspace)
    removed(workspace, "Ada")
    system.now = TODAY + timedelta(days=200)
    note_clock(workspace)
    assert trash.purge() == 0
    system.wait(HOLD)
    note_clock(workspace)
    assert trash.purge() == 1


def test_a_reader_doubts_a_jump_before_any_writer_has_noted_it(
    workspace: Workspace, system: SystemClock, trash: Trash
) -> None:
    note_clock(workspace)
    removed(workspace, "Ada")
    system.now = WRONG
    assert trash.expired() == ()


def test_what_was_made_under_a_wrong_clock_ages_from_when_it_was_set_back(
    workspace: Workspace, system: SystemClock, trash: Trash
) -> None:
    note_clock(workspace)
    system.now = WRONG
    note_clock(workspace)
    id = removed(workspace, "Ada")
    assert id.startswith("2099")
    system.now = TODAY
    note_clock(workspace)
    system.wait(29 * DAY)
    assert trash.purge() == 0
    system.wait(2 * DAY)
    assert trash.purge() == 1


def test_the_newest_change_is_the_one_done_last_though_the_clock_went_back(
    workspace: Workspace, system: SystemClock, trash: Trash
) -> None:
    note_clock(workspace)
    system.now = WRONG
    note_clock(workspace)
    removed(workspace, "Ada")
    system.now = TODAY
    note_clock(workspace)
    system.now += timedelta(minutes=1)
    last = removed(workspace, "Grace")
    assert trash.find().id == last
    assert trash.undo().title == "Deleted Grace"


def test_strangers_are_kept_no_longer_for_a_wrong_clock_and_the_oldest_goes_first(
    workspace: Workspace, system: SystemClock
) -> None:
    unknown = UnknownStore(workspace, UnknownSettings(days=7, most=2))
    note_clock(workspace)
    system.now = WRONG
    note_clock(workspace)
    wrong = unknown.add(sighted())
    system.now = TODAY
    note_clock(workspace)
    ids = []
    for _minute in range(2):
        system.now += timedelta(minutes=1)
        ids.append(unknown.add(sighted()))
    assert [each.id for each in unknown.sightings()] == ids, "the one of 2099 was the oldest"
    assert wrong not in ids
    system.wait(8 * DAY)
    assert unknown.purge() == 2


def test_small_corrections_are_neither_spoken_of_nor_doubted(
    workspace: Workspace, system: SystemClock
) -> None:
    note_clock(workspace)
    system.now -= BACK / 2
    assert note_clock(workspace) is None
    system.wait(JUMP)
    system.now += SLACK / 2
    assert note_clock(workspace) is None
    assert read_clock(workspace).now == system.now


def test_a_damaged_note_counts_as_none(workspace: Workspace, system: SystemClock) -> None:
    for content in (b"{", b"[]", b'{"seen": null}', b'{"seen": "x"}', b'{"seen": 7}'):
        workspace.clock_file.write_bytes(content)
        assert read_clock(workspace).now == TODAY
    note_clock(workspace)
    assert read_clock(workspace) == Clock(TODAY)


def test_times_at_the_ends_of_the_calendar_are_damage(
    workspace: Workspace, system: SystemClock
) -> None:
    """To reckon with them would overflow."""
    note_clock(workspace)
    body = json.loads(workspace.clock_file.read_text())
    for far in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59+00:00"):
        workspace.clock_file.write_text(json.dumps({**body, "seen": far, "wall": far}))
        assert read_clock(workspace).now == TODAY


def test_sessions_of_one_second_do_not_collide_when_the_clock_repeats_it(
    workspace: Workspace, system: SystemClock
) -> None:
    people = People(workspace)
    person = people.add("Ada")
    ids = []
    for now in (TODAY, WRONG, TODAY, TODAY):
        system.now = now
        ids.append(people.new_session(person, "test"))
    assert len(set(ids)) == 4
    assert all(id.startswith(f"{TODAY:%Y%m%d-%H%M%S}") for id in (ids[0], *ids[2:]))
