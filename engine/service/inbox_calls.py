"""The quick calls about the unknown inbox. What changes something holds the writer lock for it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from engine.enrol.inbox import Inbox
from engine.enrol.inbox_choices import Choices
from engine.errors import WorkspaceLocked
from engine.service import inbox_library
from engine.service.inbox_rows import InboxView
from engine.service.quick_calls import QuickCalls


class InboxCalls(QuickCalls):
    """What `LocalDesk` does about strangers that were kept."""

    def picture(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace."""
        return inbox_library.picture(self._workspace, path)

    def inbox(self) -> InboxView:
        """What waits, grouped by likeness. Purges what is too old, unless somebody else writes."""
        if self._choices.overdue():
            with contextlib.suppress(WorkspaceLocked):
                self.inbox_purge()
        return inbox_library.inbox_view(self._workspace, self._settings)

    def inbox_switch(self, on: bool) -> None:
        """Keep strangers from now on, or no longer."""
        with self._writer.hold("the inbox's switch"):
            Inbox(self._workspace, self._settings.inbox).switch(on)

    def inbox_assign(
        self, sightings: Sequence[str], name: str, *, new: bool, consent: str = ""
    ) -> str:
        """Sightings show this person; with `new` somebody who is enrolled by it."""
        with self._writer.hold("assign an unknown"):
            choices = self._choices
            done = choices.assign(sightings, name, new=new, by=consent)
            return f"{done.title}. {choices.note}" if choices.note else done.title

    def inbox_stranger(self, sightings: Sequence[str], not_person: str = "") -> str:
        """Sightings show a stranger, told from `not_person` if one is named."""
        with self._writer.hold("add a stranger"):
            return self._choices.stranger(sightings, not_person).title

    def inbox_delete(self, sightings: Sequence[str]) -> str:
        """Remove sightings."""
        with self._writer.hold("delete an unknown"):
            return self._choices.delete(sightings).title

    def inbox_split(self, sightings: Sequence[str], group: Sequence[str]) -> str:
        """Sightings of a group are nobody whom its others show."""
        with self._writer.hold("split an unknown group"):
            return self._choices.split(sightings, group).title

    def inbox_undo(self) -> str:
        """Undo the last choice."""
        with self._writer.hold("undo"):
            return self._choices.undo().title

    def inbox_purge(self) -> int:
        """Remove for good what is older than the retention time."""
        with self._writer.hold("purge"):
            return self._choices.purge()[0]

    @property
    def _choices(self) -> Choices:
        return Choices(self._workspace, self._settings.inbox, self._settings.consent)
