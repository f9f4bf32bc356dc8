"""Which time ages are judged by: a clock that is wrong must not empty the trash.

    clock.json     {"version": 1, "seen": ..., "wall": ..., "doubted": ..., "set_back": ...,
                    "boot": ..., "up": ..., "stood": ..., "trust": ...}    ISO 8601, UTC; seconds

Whoever takes the writer lock notes the time, and how long the machine has been running: nobody sets
that. Where the clock went on by more than the machine ran, the new time is doubted until the
machine has run for HOLD under it: ages are judged by the time before, and what ran since. A machine
that was switched off is believed up to JUMP, and again up to JUMP only once it has run for a while.
Where the clock went back, what bears a time to come was made before that, and counts as made when
it went back.

    people/<slug>/seen.json     {"version": 1, "day": "2026-11-27"}

The day on which a person was last recognised. A day and no more: retention needs to know whether
somebody still comes, and nobody needs a record of when they came.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.contract import ClockChanged
from engine.contract.errors import DataError
from engine.workspace.files import finite, read_json, read_object, read_plain, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import PERSON_FILE, iso, moment_of

JUMP = timedelta(days=14)
"""What a machine may have been switched off for: longer than a holiday, shorter than the trash
keeps."""
REFILL = JUMP / timedelta(minutes=5)
"""How much of JUMP is believed again for each second that the machine runs: all of it in five
minutes, so that one which is switched on once a week, for one command, is believed each week."""
HOLD = timedelta(days=1)
BACK = timedelta(hours=1)
"""Corrections up to this are no going back."""
SLACK = timedelta(minutes=10)
"""Corrections forward up to this are believed."""
NOTED = timedelta(hours=1)
"""How old the noted time may be."""
FORMAT = 1
TIMES = ("seen", "wall", "doubted", "set_back")


@dataclass(frozen=True, slots=True)
class Clock:
    """The time that ages are judged by, and when the clock was last seen to have gone back."""

    now: datetime
    set_back: datetime | None = None

    def made(self, of: str | datetime | None) -> datetime:
        """When something was made, by its id, ISO 8601 text or time; without one, just now."""
        moment = moment_of(of) if isinstance(of, str) else of
        if moment is None:
            return self.now
        return (self.set_back or self.now) if moment > self.now + BACK else moment

    def is_due(self, of: str | datetime | None, days: float) -> bool:
        """Whether something was made more than `days` ago. `of` as in `made`."""
        return self.made(of) < self.now - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Running:
    """For how many seconds the machine has been running, suspended or not, and since which boot."""

    boot: str
    up: float


def running() -> Running:
    """What the machine says of itself; where it says nothing, nothing is known to have passed."""
    try:
        boot = read_plain(Path("/proc/sys/kernel/random/boot_id")).decode().strip()
        return Running(boot, float(read_plain(Path("/proc/uptime")).split()[0]))
    except (OSError, DataError, ValueError, IndexError):
        return Running("", 0.0)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What clock.json holds: the time that is believed, and the clock's then. `stood` is for how
    many seconds a doubted time has stood, `trust` how many seconds the machine may have been
    switched off unseen."""

    seen: datetime
    wall: datetime
    doubted: datetime | None = None
    set_back: datetime | None = None
    boot: str = ""
    up: float = 0.0
    stood: float = 0.0
    trust: float = JUMP.total_seconds()


def read_clock(workspace: Workspace, now: datetime | None = None) -> Clock:
    """The clock of a workspace; a reader needs no lock. A `now` that is given is believed."""
    noted = _read(workspace)
    moment = now or datetime.now(UTC)
    if noted is None:
        return Clock(moment)
    after = _after(noted, moment, running()) if now is None else noted
    doubtful = now is None and after.doubted is not None
    return Clock(after.seen if doubtful else moment, noted.set_back)


def note_clock(workspace: Workspace, now: datetime | None = None) -> ClockChanged | None:
    """Note the time; a change that the operator should hear of, told once. The caller holds
    `Workspace.writer`. Raises DiskFull, WorkspaceUnusable."""
    moment, machine = now or datetime.now(UTC), running()
    noted = _read(workspace)
    if noted is None:
        before = after = _Noted(moment, moment, boot=machine.boot, up=machine.up)
    else:
        before, after = noted, _after(noted, moment, machine)
    if after != noted:
        write_json(workspace.clock_file, _body(after))
    if after.set_back != before.set_back:
        return ClockChanged(before=iso(before.wall), now=iso(moment), back=True)
    if after.doubted is not None and after.doubted != before.doubted:
        return ClockChanged(before=iso(before.seen), now=iso(moment), back=False)
    return None


def _after(noted: _Noted, now: datetime, machine: Running) -> _Noted:
    """What is noted once it is `now`, and the machine has run for so long."""
    same = bool(machine.boot) and machine.boot == noted.boot and machine.up >= noted.up
    passed = machine.up - noted.up if same else machine.up  # at least: it started in between
    ran = timedelta(seconds=passed)
    trust = min(JUMP.total_seconds(), noted.trust + REFILL * passed)
    here = replace(noted, wall=now, boot=machine.boot, up=machine.up, trust=trust)
    if now < noted.wall - BACK:
        seen = min(noted.seen + ran, now)
        return replace(here, seen=seen, set_back=now, doubted=None, stood=0.0)
    jump = now - noted.wall - ran
    if same and jump <= SLACK and now - noted.wall < NOTED:
        return noted
    stood = noted.stood + passed
    if jump <= SLACK:
        believed = now - noted.wall
    elif not same and jump.total_seconds() <= trust:
        believed = now - noted.wall
        here = replace(here, trust=trust - jump.total_seconds())
    else:
        believed, stood = ran, 0.0
        here = replace(here, doubted=noted.doubted or now)
    if here.doubted is None or stood >= HOLD.total_seconds():
        return replace(here, seen=now, doubted=None, stood=0.0)
    return replace(here, seen=min(now, noted.seen + max(believed, timedelta())), stood=stood)


def _read(workspace: Workspace) -> _Noted | None:
    """What is noted; a damaged file counts as none."""
    try:
        body = read_json(workspace.clock_file)
        seen, doubted = _time(body["seen"]), _time(body.get("doubted"))
        if seen is None:
            return None
        numbers = {key: finite(body[key]) for key in ("up", "stood", "trust") if key in body}
        if min(numbers.values(), default=0) < 0:
            return None
        wall, set_back = _time(body.get("wall")) or doubted or seen, _time(body.get("set_back"))
        return _Noted(seen, wall, doubted, set_back, str(body.get("boot", "")), **numbers)
    except (FileNotFoundError, DataError, KeyError, TypeError, AttributeError, ValueError):
        return None


def _body(noted: _Noted) -> dict[str, Any]:
    body = {"version": FORMAT, **asdict(noted)}
    return {**body, **{name: body[name] and body[name].isoformat() for name in TIMES}}


def _time(text: Any) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if not 1970 <= moment.year < 9000:  # to be reckoned with further, it must not be the last year
        raise ValueError(f"{text} is no time of any clock")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


SEEN_FILE = "seen.json"


def last_seen(workspace: Workspace, slug: str) -> str:
    """The day, ISO 8601 in UTC; empty if it was never noted."""
    body = read_object(workspace.people / slug / SEEN_FILE) or {}
    return str(body.get("day", ""))[:10]


def note_seen(workspace: Workspace, slug: str, now: datetime | None = None) -> bool:
    """Note that the person was recognised today; whether that was news. The caller holds
    `Workspace.writer`. A person who was deleted meanwhile does not come back. Raises DiskFull,
    WorkspaceUnusable."""
    folder = workspace.people / slug
    day = (now or datetime.now(UTC)).strftime("%Y-%m-%d")
    if not (folder / PERSON_FILE).is_file() or last_seen(workspace, slug) >= day:
        return False
    write_json(folder / SEEN_FILE, {"version": 1, "day": day})
    return True
