"""A wrong clock empties nothing: only time for which the machine ran makes the trash older."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.machine import environment, python
from engine.people.clock import HOLD, Running, note_clock, read_clock, running
from engine.people.registry import People
from engine.people.trash import Trash
from engine.rights.upkeep import due, purge
from engine.settings import Settings
from engine.workspace.folder import Workspace

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SETTINGS = Settings()


class Machine:
    """What the clock says, and what nobody can set: for how long the machine has been running."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = datetime.now(UTC)
        self.running = Running("boot 1", 1000.0)
        machine = self

        class Moment(datetime):
            @classmethod
            def now(cls, tz=None):
                return machine.now.astimezone(tz)

        patch.setattr("engine.people.clock.datetime", Moment)
        patch.setattr("engine.people.clock.running", lambda: machine.running)

    def runs(self, time: timedelta) -> None:
        """It runs, and its clock with it."""
        self.now += time
        self.running = replace(self.running, up=self.running.up + time.total_seconds())

    def restarts(self, off: timedelta, up: float = 60.0) -> None:
        """It is off for a while, as far as its clock tells, and starts."""
        self.now += off + timedelta(seconds=up)
        self.running = Running(f"{self.running.boot}+", up)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def trashed(workspace: Workspace, machine: Machine) -> Workspace:
    """Somebody is in the trash, for 30 days."""
    note_clock(workspace)
    People(workspace).add("Ada")
    with Trash(workspace).change("Deleted Ada", "back") as change:
        change.remove(workspace.people / "ada")
    return workspace


def kept(workspace: Workspace) -> bool:
    """Whether the trash is kept, after a write that purges what is due."""
    note_clock(workspace)
    planned = due(workspace, SETTINGS)
    purge(workspace, SETTINGS)
    assert bool(planned) != bool(Trash(workspace).changes())
    return bool(Trash(workspace).changes())


def test_three_writes_thirteen_days_apart_by_a_wrong_clock_purge_nothing(
    trashed: Workspace, machine: Machine
) -> None:
    for _write in range(3):
        machine.now += 13 * DAY
        assert kept(trashed)
    machine.runs(HOLD - HOUR)
    assert kept(trashed)
    machine.runs(2 * HOUR)  # it has stood for a day: it is right
    assert not kept(trashed)


def test_a_clock_that_creeps_ahead_purges_nothing(trashed: Workspace, machine: Machine) -> None:
    for _write in range(1000):  # 41 days
        machine.now += timedelta(minutes=59)
        note_clock(trashed)
    assert kept(trashed)


def test_each_jump_has_to_stand_for_itself(trashed: Workspace, machine: Machine) -> None:
    for _write in range(4):
        machine.now += 13 * DAY
        note_clock(trashed)
        machine.runs(HOLD - HOUR)
        assert kept(trashed)


def test_restarts_one_after_the_other_are_believed_for_a_holiday_in_all(
    trashed: Workspace, machine: Machine
) -> None:
    for _boot in range(3):
        machine.restarts(off=13 * DAY)
        assert kept(trashed)
    assert read_clock(trashed).now < machine.now - 20 * DAY


@pytest.mark.parametrize(
    ("runs", "off"),
    [(DAY, timedelta(0)), (8 * HOUR, 16 * HOUR), (HOUR, 7 * DAY), (8 * HOUR, 3 * DAY)],
    ids=["a server", "an office", "an hour a week", "two days a week"],
)
def test_a_right_clock_is_believed_however_the_machine_is_used(
    runs: timedelta, off: timedelta, trashed: Workspace, machine: Machine
) -> None:
    """What is due goes in the first write after its day."""
    began = machine.now
    while True:
        machine.runs(runs)
        assert read_clock(trashed).now == machine.now
        if off:
            machine.restarts(off, up=300.0)  # and somebody runs a command then
        assert note_clock(trashed) is None
        if machine.now - began >= 30 * DAY:
            break
        assert kept(trashed)
    assert not kept(trashed)


def test_a_long_time_off_is_believed_after_a_day_of_running(
    trashed: Workspace, machine: Machine
) -> None:
    machine.restarts(off=60 * DAY)
    told = note_clock(trashed)
    assert told is not None
    assert not told.back
    assert kept(trashed)
    for _day in range(5):  # switched off each night: the day need not be one run
        assert kept(trashed)
        machine.runs(timedelta(hours=5))
        note_clock(trashed)
        machine.restarts(off=12 * HOUR)
    assert not kept(trashed)


def test_a_note_of_an_older_version_is_read(trashed: Workspace, machine: Machine) -> None:
    seen = machine.now.isoformat()
    body = {"version": 1, "seen": seen, "doubted": None, "set_back": None}
    trashed.clock_file.write_text(json.dumps(body))
    for _write in range(3):
        machine.restarts(off=13 * DAY)
        assert kept(trashed)


def test_the_machine_says_for_how_long_it_has_been_running_whatever_the_clock_says() -> None:
    first = running()
    assert first.boot
    assert first.up > 0
    code = "from engine.people.clock import running; r = running(); print(r.boot, r.up)"
    other = subprocess.run(
        [*python(), "-c", code], env=environment(), capture_output=True, text=True, check=True
    ).stdout.split()
    assert other[0] == first.boot
    assert float(other[1]) >= first.up
    assert Path("/proc/uptime").exists()
