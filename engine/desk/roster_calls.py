"""The roster's quick calls, and its row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.desk.writer import SharedWriter
from engine.people import roster
from engine.people.names import name_key
from engine.people.registry import People
from engine.people.roster import Added
from engine.workspace.folder import Workspace

__all__ = ["Added", "RosterCalls", "RosterRow", "roster_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """One name of the roster; `pictures` of the person of that name, 0 while they wait."""

    name: str
    consent: str | None
    pictures: int

    @property
    def done(self) -> bool:
        """Whether the person is enrolled."""
        return self.pictures > 0


def roster_rows(workspace: Workspace) -> tuple[RosterRow, ...]:
    """The roster in its order, each name with whether it is done."""
    pictures = {name_key(person.name): person.pictures for person in People(workspace).list()}
    return tuple(
        RosterRow(
            name=entry.name,
            consent=entry.consent,
            pictures=pictures.get(name_key(entry.name), 0),
        )
        for entry in roster.entries(workspace)
    )


class RosterCalls:
    """A part of the real `Desk`."""

    _workspace: Workspace
    _writer: SharedWriter

    def roster(self) -> tuple[RosterRow, ...]:
        """Names to be enrolled, in their order."""
        return roster_rows(self._workspace)

    def add_to_roster(self, source: str) -> Added:
        """Add the names of a CSV file or folder. Raises UsageError."""
        with self._writer.hold("roster"):
            return roster.add(self._workspace, Path(source))
