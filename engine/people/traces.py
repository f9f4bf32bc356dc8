"""What goes with a person's folder: cached features, entries in split.json, changes in the trash.

split.json belongs to `engine.dataset.split`, which lies above this package; only its `people`
mapping is known here. Earlier versions kept `warnings` with names in it: whatever changes a split
empties them. A change in the trash is put together here (`Change`), says whose it is, and whether
all its steps can be done (`Plan`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError
from engine.contract.people import Trashed
from engine.people.person import Person
from engine.workspace.files import (
    make_directory,
    move,
    read_json,
    read_object,
    remove_directory,
    remove_file,
    write_json,
)
from engine.workspace.folder import Workspace
from engine.workspace.identity import identity_at, sub_folders


def remove(workspace: Workspace, slug: str) -> None:
    """Remove the features and split entries of `slug`."""
    for folder in _feature_folders(workspace):
        remove_directory(folder / slug)
    edit_split(workspace, {slug: None})


def feature_files(workspace: Workspace, slug: str, session: str = "") -> tuple[Path, ...]:
    """The cached features of a person (folders) or of one session (files), all extractors."""
    found = [folder / slug for folder in _feature_folders(workspace)]
    if session:  # a session's id has no point: "<session>.npz", "<session>.view1-....npz"
        return tuple(file for each in found for file in sorted(each.glob(f"{session}.*")))
    return tuple(each for each in found if each.is_dir())


def move_features(workspace: Workspace, slug: str, session: str, to: str) -> None:
    """Give the cached features of a session, whose folder was moved, to the person `to`."""
    for rows in feature_files(workspace, slug, session):
        target = rows.parent.parent / to / rows.name
        make_directory(target.parent)
        with contextlib.suppress(FileNotFoundError):  # whoever wrote it saw the move and removed it
            move(rows, target)


def folders_in_trash(workspace: Workspace) -> frozenset[str]:
    """Slugs to which undoing something in the trash brings pictures back."""
    sources = (step.source.split("/") for each in manifests(workspace) for step in each.steps)
    area = workspace.people.name
    return frozenset(parts[1] for parts in sources if parts[0] == area and len(parts) > 1)


def split_entries(workspace: Workspace) -> dict[str, Any]:
    """The entries of split.json by slug; none without a split, or with a damaged one."""
    return dict(_read_split(workspace).get("people", {}))


def edit(workspace: Workspace, entries: Mapping[str, Any]) -> dict[str, Any]:
    """A change of split.json as JSON, for `apply` and `take_back`; empty if there is no split.
    `entries` are the new entries by slug, None for none."""
    split = _read_split(workspace)
    if not split:
        return {}
    return {
        "made": _made(split),
        "people": {slug: [split["people"].get(slug), after] for slug, after in entries.items()},
    }


def is_change(body: Any) -> bool:
    """Whether a JSON value is what `edit` returns."""
    if body == {}:
        return True
    if not isinstance(body, dict) or not isinstance(people := body.get("people"), dict):
        return False
    pairs = people.values()
    return "made" in body and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)


def apply(workspace: Workspace, change: Mapping[str, Any]) -> None:
    """Do a change made by `edit`, whole or not at all; doing it twice is no mistake."""
    if change:
        entries = {slug: after for slug, (_before, after) in change["people"].items()}
        edit_split(workspace, entries)


def take_back(workspace: Workspace, change: Mapping[str, Any]) -> None:
    """Undo a change made by `edit`, unless the split was made anew meanwhile."""
    split = _read_split(workspace)
    if split and change and change["made"] == _made(split):
        now, people = split["people"], change["people"].items()
        entries = {slug: before for slug, (before, after) in people if now.get(slug) == after}
        edit_split(workspace, entries)


def _made(split: dict[str, Any]) -> list[Any]:
    """What tells one making of a split from another, other than the people in it."""
    return [split.get("seed"), split.get("shares")]


def sweep(workspace: Workspace, slugs: frozenset[str]) -> tuple[str, ...]:
    """Remove features and split entries of people who are not among `slugs`; say which."""
    removed = []
    for orphan in (each for folder in _feature_folders(workspace) for each in sub_folders(folder)):
        if orphan.name not in slugs:
            remove_directory(Path(orphan))
            removed.append(str(Path(orphan).relative_to(workspace.root)))
    gone = sorted(set(split_entries(workspace)) - slugs)
    edit_split(workspace, dict.fromkeys(gone))
    return (*removed, *(f"{workspace.split_file.name}: {slug}" for slug in gone))


def sweep_sessions(workspace: Workspace) -> tuple[str, ...]:
    """Remove features of sessions that are not there, for one was moved back; say which."""
    removed = []
    for rows in (
        f for each in _feature_folders(workspace) for f in sorted(each.glob("*/[!.]*.npz"))
    ):
        session = workspace.people / rows.parent.name / rows.name.partition(".")[0]
        if not session.is_dir():
            remove_file(rows)
            removed.append(str(rows.relative_to(workspace.root)))
    return tuple(removed)


def _feature_folders(workspace: Workspace) -> list[Path]:
    return [Path(entry) for entry in sub_folders(workspace.features)]


def _read_split(workspace: Workspace) -> dict[str, Any]:
    # A damaged split must not keep anybody from being deleted.
    split = read_object(workspace.split_file) or {}
    return split if isinstance(split.get("people"), dict) else {}


def edit_split(workspace: Workspace, entries: Mapping[str, Any]) -> None:
    """Set entries of split.json, None for no entry. Warnings of earlier versions go: a former name
    may stand in them."""
    if split := _read_split(workspace):
        people = {**split["people"], **entries}
        people = {slug: entry for slug, entry in people.items() if entry is not None}
        if people != split["people"] or split.get("warnings"):
            write_json(workspace.split_file, {**split, "people": people, "warnings": []})


MANIFEST = "manifest.json"
OWN = "@"
"""First part of a path in the manifest that lies in the change's own folder."""

_WHOSE = {
    "people": ("people", 1),
    "strangers": ("strangers", 1),
    "features": ("people", 2),
    "stranger-features": ("strangers", 2),
}
"""Whose a path in the workspace is: in which area, and which part of the path says it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rename. One that is `optional` is left out where it is not possible: features."""

    source: str
    target: str
    optional: bool


def place_of(key: str) -> str:
    """Whose folder a path in the workspace is about ("people/ada-lovelace"), empty for nobody's."""
    parts = key.split("/")
    area, at = _WHOSE.get(parts[0], ("", len(parts)))
    return f"{area}/{parts[at]}" if at < len(parts) else ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a change in the trash says of itself. `owners` tells whose each folder was."""

    folder: Path
    body: dict[str, Any]
    steps: tuple[Step, ...]
    owners: Mapping[str, str]

    def kept(self, step: Step) -> Path | None:
        """Where the change keeps what a step took away; None if it keeps nothing of it."""
        inside = step.target.startswith(f"{OWN}/kept/") and ".." not in step.target
        return self.folder.joinpath(*step.target.split("/")[1:]) if inside else None

    def concerns(self, path: str, ids: Collection[str]) -> bool:
        """Whether a path of the workspace, folder or features, is that of these identities."""
        return self.owners.get(place_of(path)) in ids

    def write(self, **changed: Any) -> None:
        """Write it with other contents. Raises DiskFull, WorkspaceUnusable."""
        write_json(self.folder / MANIFEST, {**self.body, **changed})


def steps_in(body: Any) -> tuple[Step, ...]:
    """The steps in a manifest. Raises KeyError, TypeError, ValueError if they are damaged."""
    return tuple(Step(str(a), str(b), bool(c)) for a, b, c in body["steps"])


def steps_as_json(steps: Iterable[Step]) -> list[list[str | bool]]:
    """Steps as they stand in a manifest."""
    return [[step.source, step.target, step.optional] for step in steps]


def manifest_of(change: Path) -> Manifest | None:
    """The manifest of a change in the trash; None if it is gone or damaged."""
    try:
        body = read_json(change / MANIFEST)
        steps = steps_in(body)
        owners = body.get("people")
    except (FileNotFoundError, DataError, KeyError, TypeError, ValueError, AttributeError):
        return None
    owners = owners if isinstance(owners, dict) else {}
    return Manifest(change, body, steps, {str(k): str(v) for k, v in owners.items()})


def manifests(workspace: Workspace) -> Iterator[Manifest]:
    """Those of all changes that lie in the trash and can be read."""
    for entry in sub_folders(workspace.trash):
        if (found := manifest_of(Path(entry.path))) is not None:
            yield found


def moved_to(body: dict[str, Any], place: str, slug: str) -> dict[str, Any]:
    """A manifest whose person comes back to the folder `slug` instead of to `place`."""
    area, _unused, before = place.partition("/")

    def key(path: str) -> str:
        parts = path.split("/")
        if place_of(path) == place:
            _area, at = _WHOSE[parts[0]]
            parts[at] = slug
        return "/".join(parts)

    moved = dict(body)
    moved["steps"] = [[key(source), key(target), opt] for source, target, opt in body["steps"]]
    moved["names"] = [[slug if own == before else own, name] for own, name in body["names"]]
    moved["people"] = {key(each): id for each, id in body["people"].items()}
    if area == "people" and isinstance(body.get("split"), dict) and body["split"]:
        entries = dict(body["split"]["people"])
        if before in entries:
            entries[slug] = entries.pop(before)
        moved["split"] = {**body["split"], "people": entries}
    return moved


@dataclass(eq=False)
class Change:
    """A change while it is put together in `folder`: nothing has happened yet. Steps are done in
    order."""

    workspace: Workspace
    folder: Path
    pictures: int = 0
    """How many pictures it is about, as it is told."""
    noted: tuple[int, ...] = ()
    """The numbers of the audit log's entries that it began (`Doing.numbers`)."""
    steps: list[Step] = field(default_factory=list)
    split: dict[str, Any] = field(default_factory=dict)
    merged: dict[str, Any] = field(default_factory=dict)
    done: Trashed = field(default_factory=lambda: Trashed("", "", "", ""))
    """The change as it lies in the trash, once the block has ended well."""
    _count: int = 0

    def remove(self, path: Path, *, optional: bool = False) -> None:
        """Put a file or folder of the workspace into the trash."""
        self.move(path, self.keep(), optional=optional)

    def move(self, source: Path, target: Path, *, optional: bool = False) -> None:
        """Rename a file or folder; both paths in the workspace, or in a staged folder."""
        self.steps.append(Step(self._key(source), self._key(target), optional))

    def keep(self) -> Path:
        """A place in the trash to move files to, which keep their names there."""
        return self._own("kept")

    def stage(self) -> Path:
        """An empty private folder to fill, or to move files into; then `move` it into place."""
        folder = self._own("staged")
        make_directory(folder)
        return folder

    def edit_split(self, entries: Mapping[str, Any]) -> None:
        """Give people (by slug) these entries in split.json, None for no entry. Undo puts the
        entries back unless the split was made anew meanwhile; it then no longer fits and the next
        training splits."""
        self.split = edit(self.workspace, entries)

    def merge(self, person: Person, into: Person) -> None:
        """`person`'s identities are `into`'s too, until this is undone."""
        self.merged = {"into": into.slug, "ids": [person.id, *person.merged]}

    def people(self) -> dict[str, str]:
        """Whose each folder is that the steps touch."""
        found: dict[str, str] = {}
        for key in (key for step in self.steps for key in (step.source, step.target)):
            place = place_of(key)
            if place and place not in found:
                found[place] = identity_at(self.workspace.root / place)
        return {place: id for place, id in found.items() if id}

    def _own(self, kind: str) -> Path:
        self._count += 1
        return self.folder / kind / str(self._count - 1)

    def _key(self, path: Path) -> str:
        with contextlib.suppress(ValueError):
            return f"{OWN}/{path.relative_to(self.folder).as_posix()}"
        return path.relative_to(self.workspace.root).as_posix()


class Plan:
    """What would be where after the steps so far, without doing them."""

    def __init__(self) -> None:
        self._came: dict[str, tuple[int, str]] = {}
        self._left: dict[str, int] = {}
        self._steps = 0

    def add(self, source: str, target: str) -> None:
        """Take the next step."""
        self._steps += 1
        self._left[source] = self._steps
        self._came[target] = self._steps, source

    def has(self, path: str) -> bool:
        """Whether something is at `path`: followed back step by step to what is on disk now."""
        before = self._steps + 1
        while True:
            newest, origin, place = 0, "", path
            while place not in ("/", ""):
                step, source = self._came.get(place, (0, ""))
                if newest < step < before:
                    newest, origin = step, source + path[len(place) :]
                left = self._left.get(place, 0)
                if newest < left < before:
                    newest, origin = left, ""
                place = place.rpartition("/")[0]
            if not newest:
                return os.path.lexists(path)
            if not origin:
                return False
            path, before = origin, newest
