"""The one rule of age: when something that is kept for so many days is due to go.

Ids of sessions, changes and sightings begin with their UTC time (`folders.session_stamp`), other
moments are ISO 8601. What bears a moment in the future, as after a clock was set back, is not due;
neither is what bears none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_STAMP = "%Y%m%d-%H%M%S"


def is_due(moment: str | datetime | None, days: float, now: datetime | None = None) -> bool:
    """Whether what is of `moment` (an id, ISO 8601 text or a time) is older than `days`."""
    made = moment_of(moment) if isinstance(moment, str) else moment
    return made is not None and made < (now or datetime.now(UTC)) - timedelta(days=days)


def moment_of(text: str) -> datetime | None:
    """The time in an id or in ISO 8601 text, UTC where it names no zone; None if there is none."""
    try:
        return datetime.strptime(text[:15], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return None
    return made if made.tzinfo else made.replace(tzinfo=UTC)
