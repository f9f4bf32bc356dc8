"""The trash: every removal or move is one change that can be undone until it expires.

    trash/<id>/manifest.json     what was done, step by step, and the words for it
              /kept/0 ...        what was removed, whole
              /staged/0 ...      folders made for the change, until they are in place

A change is a list of renames. The folder with the manifest is made under a temporary name and
becomes `<id>.doing` in one rename: from then on the change happens, and `recover` finishes it
after a crash. When all steps are done it becomes `<id>`. Undoing renames it to `<id>.undoing`,
walks the steps backwards and removes it. Ids are UTC times with a counter, so that they sort.
`people` in the manifest says whose each folder was ({"people/ada-lovelace": identity}): nothing
goes back into a folder that is somebody else's by now.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError, NothingToUndo, Remedy, UndoConflict, WorkspaceUnusable
from engine.contract.people import Trashed
from engine.people import traces
from engine.people.clock import read_clock
from engine.people.person import is_slug
from engine.people.registry import People, StrangerArea
from engine.people.traces import MANIFEST, OWN, Change, Plan, Step, manifests, moved_to
from engine.workspace.audit import About, Audit
from engine.workspace.audit_words import Action
from engine.workspace.files import (
    locked_directory,
    make_directory,
    move,
    new_temporary,
    read_json,
    remove_directory,
    sync_directory,
    write_json,
)
from engine.workspace.folder import Workspace
from engine.workspace.identity import free_id, identity_at, iso, join, part, sub_folders
from engine.workspace.owner import translate_os_errors

__all__ = ["Change", "Trash", "Trashed"]

FORMAT = 1
DOING, UNDOING = ".doing", ".undoing"

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{3,}")
_ONE_AT_A_TIME = threading.RLock()
_HELD: set[Path] = set()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes this trash inside the block. The calls and processes of one app share the
    writer lock; none may take another's steps for a crash's."""
    with _ONE_AT_A_TIME:
        if folder in _HELD or not folder.is_dir():
            yield
            return
        with locked_directory(folder):
            _HELD.add(folder)
            try:
                yield
            finally:
                _HELD.discard(folder)


class Trash:
    """The trash of one workspace. Whoever changes, undoes or purges holds `Workspace.writer`.
    `keep_days` is how long a change can be undone; with 0 removed things are gone at once."""

    def __init__(self, workspace: Workspace, keep_days: int = 30) -> None:
        self._workspace = workspace
        self._folder = workspace.trash
        self._keep_days = keep_days

    @contextlib.contextmanager
    def change(
        self,
        title: str,
        back: str,
        *,
        pictures: int = 0,
        names: Sequence[tuple[str, str]] = (),
        by_itself: bool = False,
    ) -> Iterator[Change]:
        """Put a change together in the block; at its end it happens, all or nothing. If the block
        raises, or adds no step, nothing was changed. Raises UndoConflict if a step is not possible,
        DiskFull, WorkspaceUnusable."""
        make_directory(self._folder)
        with translate_os_errors("create a folder", self._folder):
            temporary = new_temporary(self._folder)
        try:
            change = Change(self._workspace, temporary, pictures)
            yield change
            if not change.steps:
                return
            with _alone(self._folder):
                what = Trashed("", title, back, "", change.pictures, tuple(names), by_itself)
                change.done = self._begin(temporary, change, replace(what, people=change.people()))
                doing = self._folder / f"{change.done.id}{DOING}"
                try:
                    self._finish(doing)
                except DataError:
                    # What failed did not happen; if that fails too, the next writer sees to it.
                    with contextlib.suppress(DataError):
                        self._revert(self._rename(doing, f"{change.done.id}{UNDOING}"))
                    raise
        finally:  # what has happened bears another name by now
            shutil.rmtree(temporary, ignore_errors=True)
        if not self._keep_days:
            remove_directory(self._folder / change.done.id)

    @contextlib.contextmanager
    def noted_change(
        self, audit: Audit, action: Action, about: About, title: str, back: str, **more: Any
    ) -> Iterator[Change]:
        """`change`, with an audit entry for each subject. Raises as `Audit.begin` too."""
        with audit.of_all(action, about) as doing, self.change(title, back, **more) as change:
            change.noted = doing.numbers
            yield change

    def _begin(self, temporary: Path, change: Change, what: Trashed) -> Trashed:
        """Write the manifest and name the folder: from here on it happens."""
        self.recover()  # what a full disk cut short comes first
        self._check(temporary, change.steps, "Could not do this")
        make_directory(temporary / "kept")
        now = datetime.now(UTC)
        taken = {entry.name.partition(".")[0] for entry in sub_folders(self._folder)}
        what = replace(what, id=free_id(now, taken.__contains__), at=iso(now))
        manifest = {"version": FORMAT, **asdict(what), "noted": change.noted}
        del manifest["id"]  # the folder says it
        steps = traces.steps_as_json(change.steps)
        manifest |= {"steps": steps, "split": change.split, "merged": change.merged}
        write_json(temporary / MANIFEST, manifest)
        try:
            self._rename(temporary, f"{what.id}{DOING}")
        except BaseException:  # renamed, but not flushed: it did not happen either
            shutil.rmtree(self._folder / f"{what.id}{DOING}", ignore_errors=True)
            raise
        return what

    def changes(self) -> tuple[Trashed, ...]:
        """What can be undone, newest first; damaged entries have no title."""
        entries = [entry.name for entry in sub_folders(self._folder) if _ID.fullmatch(entry.name)]
        clock = read_clock(self._workspace)
        entries.sort(key=lambda id: (clock.made(id), id), reverse=True)
        return tuple(self._read(id)[0] for id in entries)

    def find(self, id: str = "") -> Trashed:
        """The change of this id, by default the newest that somebody made. Raises NothingToUndo."""
        found = next(
            (each for each in self.changes() if each.id == id or not (id or each.by_itself)), None
        )
        if found is None:
            raise NothingToUndo(
                "There is nothing to undo",
                f"no change {id} in the trash" if id else "the trash is empty",
                Remedy.TRASH,
            )
        return found

    def undo(self, id: str = "") -> Trashed:
        """Put everything back as it was before a change, by default the newest one. Pictures and
        features come back, split entries too unless a new split was made. Raises NothingToUndo,
        UndoConflict if a place is taken or what is to go back was changed since, DataError for a
        damaged entry. `engine.people.changes.undo` looks at names too."""
        with _alone(self._folder):
            self.recover()
            found = self.find(id)
            folder = self._folder / found.id
            if not self._read(found.id)[1]:
                raise DataError(
                    "This change cannot be undone",
                    f"{folder / MANIFEST} is damaged",
                    "Its pictures lie in that folder until it is purged.",
                )
            self._make_room(found)
            self._check(folder, _backwards(self._read(found.id)[1]), "Could not undo this")
            self._revert(self._rename(folder, f"{found.id}{UNDOING}"))
        return found

    def _make_room(self, found: Trashed) -> None:
        """See that nothing goes into the folder of another human: whoever comes back whole gets
        another folder, the rest is refused. Raises UndoConflict."""
        file = self._folder / found.id / MANIFEST
        for place, id in found.people.items():
            folder = self._workspace.root / place
            if not os.path.lexists(folder) or identity_at(folder) == id:
                continue
            body = read_json(file)
            if not any(source == place for source, _target, _optional in body["steps"]):
                raise UndoConflict(
                    "Could not undo this",
                    f"{place} is another person's by now",
                    f"Its pictures lie in {self._folder / found.id} until it is purged.",
                )
            area = self._workspace if place.startswith("people/") else StrangerArea(self._workspace)
            write_json(file, moved_to(body, place, People(area).free_slug(place.partition("/")[2])))

    def purge(self, *, everything: bool = False, now: datetime | None = None) -> int:
        """Remove for good what is older than `keep_days`, or everything; how many changes."""
        expired = self.changes() if everything else self.expired(now)
        if expired:
            with Audit(self._workspace).of("purged", what="trash", changes=len(expired)):
                for each in expired:
                    remove_directory(self._folder / each.id)
        return len(expired)

    def drop(self, id: str) -> None:
        """Remove one change for good, if it is there."""
        with _alone(self._folder):
            if _ID.fullmatch(id):
                remove_directory(self._folder / id)

    def is_gone(self, id: str) -> bool:
        """Whether a change lies here no more: it was undone, or purged."""
        if not _ID.fullmatch(id):  # a choice that never lay here
            return False
        return id not in {entry.name.partition(".")[0] for entry in sub_folders(self._folder)}

    def noted(self) -> frozenset[int]:
        """The audit log's numbers of the changes that lie here: they were done."""
        found = (each.body.get("noted") for each in manifests(self._workspace))
        lists = (numbers for numbers in found if isinstance(numbers, list))
        return frozenset(n for numbers in lists for n in numbers if isinstance(n, int))

    def expired(self, now: datetime | None = None) -> tuple[Trashed, ...]:
        """What is older than `keep_days`."""
        clock = read_clock(self._workspace, now)
        return tuple(each for each in self.changes() if clock.is_due(each.id, self._keep_days))

    def recover(self) -> tuple[str, ...]:
        """Finish the changes and undoings that a crash cut short; what was done, in words. Call
        after `Workspace.recover` and before `People.tidy`."""
        finished = []
        with _alone(self._folder):
            for entry in sub_folders(self._folder):
                if entry.name.endswith(UNDOING):
                    finished.append(self._revert(Path(entry.path)).back)
                elif entry.name.endswith(DOING):
                    finished.append(self._finish(Path(entry.path)).title)
        return tuple(words or "a change whose record is damaged" for words in finished)

    # --- private ------------------------------------------------------------------------------

    def _finish(self, doing: Path) -> Trashed:
        change, steps, split = self._read(doing.name, strict=True)
        self._run(doing, steps)
        traces.apply(self._workspace, split)
        self._join(doing, join)
        # What was staged is in place; what was not needed there is no part of the change.
        remove_directory(doing / "staged")
        self._rename(doing, change.id)
        return change

    def _revert(self, undoing: Path) -> Trashed:
        change, steps, split = self._read(undoing.name, strict=True)
        if not steps:  # damaged: nothing tells where its pictures belong, so they stay in it
            self._rename(undoing, change.id)
            return change
        self._run(undoing, _backwards(steps))
        traces.take_back(self._workspace, split)
        self._join(undoing, part)
        for area in (self._workspace, StrangerArea(self._workspace)):
            traces.sweep_sessions(area)  # computed since, where the pictures no longer are
        remove_directory(undoing)
        return change

    def _join(self, folder: Path, do: Callable[[Path, list[str]], None]) -> None:
        """Note, or no longer, that somebody merged is who they were merged into."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            body = read_json(folder / MANIFEST)
            merged = body.get("merged") or {}
            slug = str(merged.get("into", ""))
            owner = self._workspace.people / slug
            if is_slug(slug) and identity_at(owner) == body["people"][f"people/{slug}"]:
                do(owner, [str(id) for id in merged["ids"]])

    def _run(self, folder: Path, steps: Sequence[Step]) -> None:
        """Do the steps that are not done yet. A step is one rename, so none is ever half done."""
        touched = set()
        for step in steps:
            source, target = self._path(folder, step.source), self._path(folder, step.target)
            if os.path.lexists(source) and not os.path.lexists(target):
                make_directory(target.parent)
                with translate_os_errors("move a file", source):
                    move(source, target)
                touched |= {source.parent, target.parent}
        with translate_os_errors("flush a folder", folder):
            for parent in sorted(touched):
                if parent.is_dir():  # it may have moved on in a later step
                    sync_directory(parent)

    def _check(self, folder: Path, steps: Sequence[Step], what: str) -> None:
        """Raise UndoConflict if the steps cannot all be done, before the first one is."""
        plan = Plan()
        for step in steps:
            source, target = self._path(folder, step.source), self._path(folder, step.target)
            if step.optional:
                if plan.has(str(source)) and not plan.has(str(target)):
                    plan.add(str(source), str(target))
                continue
            inside = step.target.startswith(OWN)
            for wrong, path, why in (
                (not plan.has(str(source)), source, "is not there any more"),
                (plan.has(str(target)), target, "is there already"),
                (not (inside or plan.has(str(target.parent))), target.parent, "is gone"),
            ):
                if wrong:
                    place = path.relative_to(self._workspace.root)
                    raise UndoConflict(
                        what,
                        f"{place} {why}: something was changed since",
                        "Undo what was done later first.",
                    )
            plan.add(str(source), str(target))

    def _path(self, folder: Path, key: str) -> Path:
        """A manifest's path on disk. Raises DataError for one that leaves the workspace."""
        parts = key.split("/")
        if ".." in parts or not all(parts):
            raise DataError("The trash is damaged", f"{folder / MANIFEST}: {key!r}")
        return folder.joinpath(*parts[1:]) if parts[0] == OWN else self._workspace.root / key

    def _rename(self, folder: Path, name: str) -> Path:
        target = self._folder / name
        with translate_os_errors("finish a folder", target):
            move(folder, target)
            sync_directory(self._folder)
        return target

    def _read(
        self, name: str, *, strict: bool = False
    ) -> tuple[Trashed, list[Step], dict[str, Any]]:
        """A manifest; one that is damaged has no title and no steps. With `strict` one that cannot
        be read just now is no damaged one: WorkspaceUnusable."""
        id = name.partition(".")[0]
        try:
            body = read_json(self._folder / name / MANIFEST)
            trashed = Trashed(
                id,
                str(body["title"]),
                str(body["back"]),
                str(body["at"]),
                int(body["pictures"]),
                tuple((str(slug), str(name)) for slug, name in body["names"]),
                body.get("by_itself") is True,
                {str(place): str(id) for place, id in dict(body.get("people") or {}).items()},
            )
            steps = list(traces.steps_in(body))
            # Looked at before anything is moved: half a change would be neither done nor undone.
            if not traces.is_change(body["split"]):
                raise ValueError(body["split"])
            return trashed, steps, body["split"]
        except (FileNotFoundError, DataError, KeyError, TypeError, ValueError) as error:
            if strict and isinstance(error, WorkspaceUnusable):
                raise
            return Trashed(id, "", "", ""), [], {}


def _backwards(steps: Sequence[Step]) -> list[Step]:
    """The steps that take these back."""
    return [Step(step.target, step.source, step.optional) for step in reversed(steps)]
