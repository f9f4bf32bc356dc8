"""Which time ages are judged by: a clock that was wrong once must not empty the trash.

    clock.json     {"version": 1, "seen": ..., "doubted": ..., "set_back": ...}     ISO 8601, UTC

Whoever takes the writer lock notes the time. Where it went on by more than JUMP since then, the
new time is doubted until it has stood for HOLD: ages are judged by the old one. Where it went
back, what bears a time to come was made before that, and counts as made when it went back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.enrol.folders import iso, moment_of
from engine.errors import DataError
from engine.events import ClockChanged
from engine.files import read_json, write_json
from engine.workspace import Workspace

JUMP = timedelta(days=14)
"""Longer than a holiday, shorter than the trash keeps."""
HOLD = timedelta(days=1)
BACK = timedelta(hours=1)
"""Corrections up to this are no going back."""
NOTED = timedelta(hours=1)
"""How old the noted time may be."""
FORMAT = 1


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
class _Noted:
    """What clock.json holds."""

    seen: datetime
    doubted: datetime | None = None
    set_back: datetime | None = None


def read_clock(workspace: Workspace, now: datetime | None = None) -> Clock:
    """The clock of a workspace; a reader needs no lock. A `now` that is given is believed."""
    noted = _read(workspace)
    moment = now or datetime.now(UTC)
    if noted is None:
        return Clock(moment)
    doubtful = now is None and _after(noted, moment).doubted is not None
    return Clock(noted.seen if doubtful else moment, noted.set_back)


def note_clock(workspace: Workspace, now: datetime | None = None) -> ClockChanged | None:
    """Note the time; a change that the operator should hear of, told once.

    The caller holds `Workspace.writer`. Raises DiskFull, WorkspaceUnusable.
    """
    moment = now or datetime.now(UTC)
    before = _read(workspace) or _Noted(moment)
    after = _after(before, moment)
    if after != _read(workspace):
        write_json(workspace.clock_file, _body(after))
    if after.set_back != before.set_back:
        return ClockChanged(before=iso(before.doubted or before.seen), now=iso(moment), back=True)
    if after.doubted is not None and after.doubted != before.doubted:
        return ClockChanged(before=iso(before.seen), now=iso(moment), back=False)
    return None


def _after(noted: _Noted, now: datetime) -> _Noted:
    """What is noted once it is `now`."""
    latest = noted.doubted or noted.seen
    if now < latest - BACK:
        noted = _Noted(seen=min(noted.seen, now), set_back=now)
    if now - noted.seen > JUMP:
        if noted.doubted is None:
            return replace(noted, doubted=now)
        if now - noted.doubted < HOLD:
            return noted
    elif now - noted.seen < NOTED:
        return replace(noted, doubted=None)
    return replace(noted, seen=now, doubted=None)


def _read(workspace: Workspace) -> _Noted | None:
    """What is noted; a damaged file counts as none."""
    try:
        body = read_json(workspace.clock_file)
        seen = _time(body["seen"])
        if seen is None:
            return None
        return _Noted(seen, _time(body.get("doubted")), _time(body.get("set_back")))
    except (FileNotFoundError, DataError, KeyError, TypeError, AttributeError, ValueError):
        return None


def _body(noted: _Noted) -> dict[str, Any]:
    times = {"seen": noted.seen, "doubted": noted.doubted, "set_back": noted.set_back}
    return {"version": FORMAT, **{name: t and t.isoformat() for name, t in times.items()}}


def _time(text: Any) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
