"""What the user interface may ask about strangers that were kept, and why faces were decided so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.service.inbox_rows import InboxView


class UnknownDesk(Protocol):
    """The part of `Desk` about the unknown inbox and explanations."""

    def why(self, track: int | None) -> None:
        """Ask why a track (None: the face seen last) was decided as it was.

        The answer is a `Why`, or `NothingToExplain`, for the listener; at once, but for the first
        one of a recognition, which reads the enrolled crops' features.
        """
        ...

    def picture(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace. Raises DataError."""
        ...

    def inbox(self) -> InboxView:
        """What waits in the inbox, grouped by likeness, newest group first."""
        ...

    def inbox_switch(self, on: bool) -> None:
        """Keep strangers from now on, or no longer; those kept already stay."""
        ...

    def inbox_assign(
        self, sightings: Sequence[str], name: str, *, new: bool, consent: str = ""
    ) -> str:
        """Sightings show this person, with `new` one who is enrolled by it; what was done, and what
        is amiss with their consent. `consent` is who asked them and notes that they agreed.

        Raises PersonNotFound, NameTaken, NameInvalid, ConsentMissing, DataError.
        """
        ...

    def inbox_stranger(self, sightings: Sequence[str], not_person: str = "") -> str:
        """Sightings join the operator's own strangers, as not `not_person` if one is named."""
        ...

    def inbox_delete(self, sightings: Sequence[str]) -> str:
        """Remove sightings; `inbox_undo` brings them back."""
        ...

    def inbox_split(self, sightings: Sequence[str], group: Sequence[str]) -> str:
        """These sightings of a group show nobody whom its others show: they are never brought
        together again. Raises DataError unless they are some of the group, and not all.
        """
        ...

    def inbox_undo(self) -> str:
        """Undo the last choice; what was undone. Raises NothingToUndo, UndoConflict."""
        ...

    def inbox_purge(self) -> int:
        """Remove for good what is older than the retention time; how many sightings."""
        ...
