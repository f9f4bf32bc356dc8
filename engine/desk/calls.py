"""The calls that answer at once: lists and changes that are file work in this process.

The quick calls about the unknown inbox. What changes something holds the writer lock for it.

The call for pictures to look at.

The doctor's quick call.

Which kept strangers are a person who is to be erased, as the model process finds it.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.contract import Event, Finding, SplitDone
from engine.contract.errors import WorkspaceLocked
from engine.contract.messages import LikenessAsked, LikenessFound
from engine.contract.requests import InboxView, ModelRow, PersonRow, PictureRow, SplitRequest
from engine.desk import library
from engine.desk.writer import SharedWriter
from engine.people.registry import People
from engine.people.unknown import Inbox
from engine.people.unknown_choices import Choices
from engine.rights import likeness
from engine.rights.likeness import Scores
from engine.settings import Settings
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from engine.desk.child import Child


class QuickCalls:
    """The quick half of the real `Desk`. What changes something holds the writer lock for it."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._writer = SharedWriter(workspace, self._hear)

    def _hear(self, event: Event) -> None:
        """What these calls have to tell; the desk passes it to its listener."""

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""
        return self._workspace.root

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self._settings

    def people(self) -> tuple[PersonRow, ...]:
        """Everybody enrolled, by name."""
        return library.person_rows(self._workspace, self._settings)

    def rename(self, old: str, new: str) -> None:
        """Rename a person; pictures and model stay valid."""
        with self._writer.hold("rename"):
            library.rename(self._workspace, old, new)

    def current_split(self) -> SplitDone | None:
        """The split on disk, or None."""
        return library.current_split(self._workspace)

    def split(self, request: SplitRequest) -> SplitDone:
        """Make and save a new split."""
        with self._writer.hold("split"):
            return library.split(self._workspace, request)

    def models(self) -> tuple[ModelRow, ...]:
        """Stored models, newest first."""
        return library.model_rows(self._workspace)

    def promote(self, model: str) -> None:
        """Make a stored model the current one."""
        with self._writer.hold("promote"):
            library.promote(self._workspace, model)

    def rollback(self) -> str:
        """Go back to the model before the current one; returns its id."""
        with self._writer.hold("rollback"):
            return library.rollback(self._workspace)


class InboxCalls(QuickCalls):
    """What `LocalDesk` does about strangers that were kept."""

    def picture(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace."""
        return library.picture(self._workspace, path)

    def inbox(self) -> InboxView:
        """What waits, grouped by likeness. Purges what is too old, unless somebody else writes."""
        if self._choices.overdue():
            with contextlib.suppress(WorkspaceLocked):
                self.inbox_purge()
        return library.inbox_view(self._workspace, self._settings)

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


class StillCalls(QuickCalls):
    """Where a person's pictures lie. Reading needs no lock."""

    def pictures(self, person: str) -> tuple[PictureRow, ...]:
        """A person's pictures, session by session in order of capture. Raises PersonNotFound."""
        people = People(self._workspace)
        found = people.get(person)
        return tuple(
            PictureRow(session=path.parent.name, file=path.name, path=str(path))
            for path in people.pictures(found)
        )


class CheckupCalls:
    """What the real `Desk` finds out about the machine in this process."""

    _workspace: Workspace
    _settings: Settings

    def checkup(self) -> tuple[Finding, ...]:
        """Everything the doctor can find out without opening a camera; seconds at most."""
        from engine.doctor.files import survey

        return survey(self._workspace, self._settings)


LONGEST = 600.0
"""Seconds after which a process that says nothing is given up: it may have to load a network, and
then looks at a few hundred pictures."""
_NUMBERS = itertools.count(1)


class LikenessCalls:
    """A part of the real `Desk`: has the network's process compare faces."""

    _workspace: Workspace
    _lock: threading.RLock
    _children: dict[str, Child]
    _compared: dict[int, queue.SimpleQueue[LikenessFound]]
    """Who waits for an answer, by its number."""

    def _child(self, name: str) -> Child:
        """The process, started if it is not running."""
        raise NotImplementedError

    def _likeness(self, ids: tuple[str, ...]) -> Scores:
        """See `likeness.measure`. Where the process cannot tell, by what is kept: who could not be
        compared is asked about."""
        if next(likeness.kept_strangers(self._workspace), None) is None:
            return {}
        child, number = self._child("model"), next(_NUMBERS)
        waiting: queue.SimpleQueue[LikenessFound] = queue.SimpleQueue()
        self._compared[number] = waiting
        child.send(LikenessAsked(number=number, ids=ids))
        until = time.monotonic() + LONGEST
        try:
            while time.monotonic() < until and self._children.get("model") is child:
                try:
                    found = waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                return {place: (mean, best) for place, mean, best in found.scores}
            return likeness.measure(self._workspace, ids, None)
        finally:
            del self._compared[number]

    def _likeness_found(self, message: LikenessFound) -> None:
        if waiting := self._compared.get(message.number):
            waiting.put(message)
