"""The unknown inbox as the user interface shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownGroup:
    """Sightings that look like one stranger, oldest first, and the enrolled person nearest.

    `picture` is the path below the workspace of their newest crop.
    """

    sightings: tuple[str, ...]
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
