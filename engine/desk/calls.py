"""The calls of `contract.desk.Desk` that answer at once: file work in this process.

What each of them does and raises is said there. What changes something holds the writer lock.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.contract import EvaluateDone, Event, Finding, SplitDone
from engine.contract.errors import WorkspaceLocked
from engine.contract.people import Added, Exported, RosterRow, Trashed
from engine.contract.requests import (
    ModelRow,
    PersonFacts,
    PersonRow,
    PictureRow,
    SplitRequest,
    UnknownView,
)
from engine.desk import library, unknown
from engine.desk.library import load_evaluation
from engine.jobs.split import current_split
from engine.people import changes, permission, roster
from engine.people.registry import People
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.rights import stores
from engine.rights.erase import unfinished
from engine.rights.upkeep import due, purge, writing
from engine.settings import Settings
from engine.workspace.folder import Workspace


class SharedWriter:
    """The workspace's writer lock, counted: several jobs of one app may write side by side.

    They never write the same files: capture and import add pictures, training adds models.
    Whoever takes the lock first puts in order what a killed writer left; `tell` hears of it.
    """

    def __init__(
        self, workspace: Workspace, tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._workspace = workspace
        self._tell = tell
        self._lock = threading.Lock()
        self._count = 0
        self._stack = contextlib.ExitStack()

    def acquire(self, what: str) -> None:
        """Take or share the lock. Raises WorkspaceLocked, WorkspaceUnusable."""
        with self._lock:
            if self._count == 0:
                self._stack.enter_context(writing(self._workspace, f"the app: {what}", self._tell))
            self._count += 1

    def release(self) -> None:
        """Give one share back; the last one frees the lock."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._stack.close()

    def release_all(self) -> None:
        """Free the lock whatever is running; for the app's end."""
        with self._lock:
            self._count = 0
            self._stack.close()

    @contextlib.contextmanager
    def hold(self, what: str) -> Iterator[None]:
        """Hold a share inside the block."""
        self.acquire(what)
        try:
            yield
        finally:
            self.release()


class QuickCalls:
    """The half of the real `Desk` that needs no other process. `tell` hears what a call finds."""

    def __init__(
        self, workspace: Workspace, settings: Settings, tell: Callable[[Event], None]
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._writer = SharedWriter(workspace, tell)

    @property
    def workspace(self) -> Path:
        return self._workspace.root

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def _keep_days(self) -> int:
        return self._settings.trash.keep_days

    # --- people --------------------------------------------------------------------------

    def people(self) -> tuple[PersonRow, ...]:
        return library.person_rows(self._workspace, self._settings)

    def pictures(self, person: str) -> tuple[PictureRow, ...]:
        people = People(self._workspace)
        return tuple(
            PictureRow(session=path.parent.name, file=path.name, path=str(path))
            for path in people.pictures(people.get(person))
        )

    def person_facts(self, name: str) -> PersonFacts:
        return library.person_facts(self._workspace, name)

    def rename(self, old: str, new: str) -> None:
        with self._writer.hold("rename"):
            stores.rename(self._workspace, old, new)

    def delete_people(self, names: Sequence[str]) -> Trashed:
        with self._writer.hold("delete"):
            return changes.delete_people(self._workspace, names, self._keep_days)

    def delete_pictures(self, name: str, chosen: Sequence[str]) -> Trashed:
        with self._writer.hold("delete"):
            return changes.delete_pictures(self._workspace, name, chosen, self._keep_days)

    def merge(self, source: str, target: str) -> Trashed:
        with self._writer.hold("merge"):
            return changes.merge(self._workspace, source, target, self._keep_days)

    def move_pictures(self, name: str, chosen: Sequence[str], to: str) -> Trashed:
        with self._writer.hold("move"):
            return changes.move_pictures(self._workspace, name, chosen, to, self._keep_days)

    def trash(self) -> tuple[Trashed, ...]:
        return Trash(self._workspace, self._keep_days).changes()

    def undo(self, id: str = "") -> Trashed:
        with self._writer.hold("undo"):
            return changes.undo(self._workspace, id)

    def roster(self) -> tuple[RosterRow, ...]:
        return roster.rows(self._workspace)

    def add_to_roster(self, source: str) -> Added:
        with self._writer.hold("roster"):
            return roster.add(self._workspace, Path(source))

    # --- what a person may ask for -------------------------------------------------------

    def note_consent(self, name: str, by: str, text_version: str) -> None:
        with self._writer.hold("consent"):
            permission.note_consent(self._workspace, self._settings.consent, name, by, text_version)

    def withdraw_consent(self, name: str) -> None:
        with self._writer.hold("consent"):
            permission.withdraw_consent(self._workspace, name)

    def export_person(self, name: str, file: str) -> Exported:
        return stores.export_person(self._workspace, name, Path(file))

    def purge(self) -> dict[str, int]:
        if not (unfinished(self._workspace) or due(self._workspace, self._settings)):
            return {}
        with self._writer.hold("purge"):
            return dict(purge(self._workspace, self._settings))

    # --- split and models ----------------------------------------------------------------

    def current_split(self) -> SplitDone | None:
        return current_split(self._workspace)

    def split(self, request: SplitRequest) -> SplitDone:
        with self._writer.hold("split"):
            return library.split(self._workspace, request)

    def models(self) -> tuple[ModelRow, ...]:
        return library.model_rows(self._workspace)

    def promote(self, model: str) -> None:
        with self._writer.hold("promote"):
            library.promote(self._workspace, model)

    def rollback(self) -> str:
        with self._writer.hold("rollback"):
            return library.rollback(self._workspace)

    def last_evaluation(self, model: str) -> EvaluateDone | None:
        found = load_evaluation(self._workspace, model)
        return found[0] if found else None

    # --- unknown people ------------------------------------------------------------------

    def picture(self, path: str) -> bytes:
        return unknown.picture(self._workspace, path)

    def unknown(self) -> UnknownView:
        if self._choices.overdue():
            with contextlib.suppress(WorkspaceLocked):  # the next look, or the other, removes it
                self.unknown_purge()
        return unknown.unknown_view(self._workspace, self._settings)

    def unknown_switch(self, on: bool) -> None:
        with self._writer.hold("the switch for unknown people"):
            UnknownStore(self._workspace, self._settings.unknown).switch(on)

    def unknown_assign(
        self, sightings: Sequence[str], name: str, *, new: bool, consent: str = ""
    ) -> str:
        with self._writer.hold("assign an unknown"):
            choices = self._choices
            done = choices.assign(sightings, name, new=new, by=consent)
            return f"{done.title}. {choices.note}" if choices.note else done.title

    def unknown_stranger(self, sightings: Sequence[str], not_person: str = "") -> str:
        with self._writer.hold("add a stranger"):
            return self._choices.stranger(sightings, not_person).title

    def unknown_delete(self, sightings: Sequence[str]) -> str:
        with self._writer.hold("delete an unknown"):
            return self._choices.delete(sightings).title

    def unknown_split(self, sightings: Sequence[str], group: Sequence[str]) -> str:
        with self._writer.hold("split an unknown group"):
            return self._choices.split(sightings, group).title

    def unknown_undo(self) -> str:
        with self._writer.hold("undo"):
            return self._choices.undo().title

    def unknown_purge(self) -> int:
        with self._writer.hold("purge"):
            return self._choices.purge()[0]

    @property
    def _choices(self) -> Choices:
        return Choices(self._workspace, self._settings.unknown, self._settings.consent)

    # --- the machine ---------------------------------------------------------------------

    def doctor(self) -> tuple[Finding, ...]:
        from engine.doctor.checks import survey

        return survey(self._workspace, self._settings)
