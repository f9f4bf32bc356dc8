"""A change in the trash: how it is put together, whose it is, and whether all steps can be done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract.people import Trashed
from engine.people import traces
from engine.people.person import Person
from engine.workspace.files import make_directory
from engine.workspace.folder import Workspace
from engine.workspace.identity import identity_at

OWN = "@"
"""First part of a path in the manifest that lies in the change's own folder."""

_SLUG_AT = {"people": 1, "strangers": 1, "features": 2, "stranger-features": 2}
"""At which place a path in the workspace says whose it is."""
_AREA_OF = {
    "people": "people",
    "strangers": "strangers",
    "features": "people",
    "stranger-features": "strangers",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One rename. One that is `optional` is left out where it is not possible: features."""

    source: str
    target: str
    optional: bool

    def backwards(self) -> Step:
        """The step that takes this one back."""
        return Step(self.target, self.source, self.optional)


def place_of(key: str) -> str:
    """Whose folder a path in the workspace is about ("people/ada-lovelace"), empty for nobody's."""
    parts = key.split("/")
    at = _SLUG_AT.get(parts[0], len(parts))
    return f"{_AREA_OF[parts[0]]}/{parts[at]}" if at < len(parts) else ""


def moved_to(body: dict[str, Any], place: str, slug: str) -> dict[str, Any]:
    """A manifest whose person comes back to the folder `slug` instead of to `place`."""
    area, _unused, before = place.partition("/")
    features = "features" if area == "people" else "stranger-features"

    def key(path: str) -> str:
        parts = path.split("/")
        if parts[:2] == [area, before]:
            parts[1] = slug
        elif parts[0] == features and parts[2:3] == [before]:
            parts[2] = slug
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


class Change:
    """A change while it is put together: nothing has happened yet. Steps are done in order."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.steps: list[Step] = []
        self.split: dict[str, Any] = {}
        self.merged: dict[str, Any] = {}
        self.pictures = 0
        """How many pictures it is about, as it is told."""
        self.noted: tuple[int, ...] = ()
        """The numbers of the audit log's entries that it began (`Doing.numbers`)."""
        self.done: Trashed | None = None
        """The change as it lies in the trash, once the block has ended well."""
        self._workspace = workspace
        self._folder = folder
        self._count = 0

    def remove(self, path: Path, *, optional: bool = False) -> None:
        """Put a file or folder of the workspace into the trash."""
        self.move(path, self._own("kept"), optional=optional)

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
        """Give people (by slug) these entries in split.json, None for no entry.

        Undo puts the entries back unless
        the split was made anew meanwhile; it then no longer fits and the next training splits.
        """
        self.split = traces.edit(self._workspace, entries)

    def merge(self, person: Person, into: Person) -> None:
        """`person`'s identities are `into`'s too, until this is undone."""
        self.merged = {"into": into.slug, "ids": [person.id, *person.merged]}

    def people(self) -> dict[str, str]:
        """Whose each folder is that the steps touch."""
        found: dict[str, str] = {}
        for key in (key for step in self.steps for key in (step.source, step.target)):
            place = place_of(key)
            if place and place not in found:
                found[place] = identity_at(self._workspace.root / place)
        return {place: id for place, id in found.items() if id}

    def _own(self, kind: str) -> Path:
        self._count += 1
        return self._folder / kind / str(self._count - 1)

    def _key(self, path: Path) -> str:
        with contextlib.suppress(ValueError):
            return f"{OWN}/{path.relative_to(self._folder).as_posix()}"
        return path.relative_to(self._workspace.root).as_posix()


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
