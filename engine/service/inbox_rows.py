"""The unknown inbox as the user interface shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SightingRow:
    """One sighting of a group. `at` is ISO 8601, `picture` the path below the workspace of the
    newest of its `crops`."""

    id: str
    at: str
    crops: int
    picture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownGroup:
    """Sightings that look like one stranger, oldest first, and the enrolled person nearest.

    `rows` tell of each sighting; `picture` is the path below the workspace of their newest crop.
    """

    sightings: tuple[str, ...]
    rows: tuple[SightingRow, ...]
    crops: int
    first: str
    last: str
    source: str
    candidate: str
    score: float
    threshold: float
    picture: str

    @property
    def id(self) -> str:
        """The first sighting's id, by which the command line names the group."""
        return self.sightings[0]

    def only(self, ids: Collection[str]) -> UnknownGroup:
        """The group with these of its sightings alone; at least one is in it."""
        rows = tuple(row for row in self.rows if row.id in ids)
        return replace(
            self,
            sightings=tuple(row.id for row in rows),
            rows=rows,
            crops=sum(row.crops for row in rows),
            first=rows[0].at,
            last=rows[-1].at,
            picture=rows[-1].picture,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView:
    """What waits, newest group first; `undo` says what the last choice was, empty without one."""

    keeping: bool
    days: int
    groups: tuple[UnknownGroup, ...]
    undo: str = ""

    @property
    def waiting(self) -> int:
        """How many sightings wait."""
        return sum(len(group.sightings) for group in self.groups)
