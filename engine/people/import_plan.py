"""What lies in a folder of photographs: whose pictures, and which files are nobody's.

Two layouts are understood, also side by side:

    NAME/*.jpg                                one sub-folder a person
    train/NAME/*.jpg, validation/NAME/*.jpg   the classic layout, whose division can be kept
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from engine.contract.errors import DataError, NameInvalid, NoPictures
from engine.people.person import LONGEST_NAME, clean_name, slug_for
from engine.picture_formats import is_picture_name, leads_outside
from engine.text import name_key
from engine.workspace.identity import PARTS

PART_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
    "testing": "test",
}
"""Folder names that are a part of a data set and no person, if they hold folders themselves."""

_CLUTTER = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx"})
_HINT = "Give a folder with one sub-folder a person, named after the person."


@dataclass(frozen=True, slots=True)
class PersonFiles:
    """A person's picture files, in order of their names; `part` of the split, empty if none."""

    name: str
    files: tuple[Path, ...]
    part: str = ""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What is to be imported. `strays` are files that cannot be, with the reason."""

    root: Path
    people: tuple[PersonFiles, ...]
    strays: tuple[tuple[Path, str], ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Which folders, and what else is no mere other file, are left out and why, in words."""
        words = {
            "denied": "was left out: permission denied",
            "unreadable": "was left out: it cannot be read",
            "leads_outside": "leads out of the folder and was left out",
        }
        told = [(path, reason) for path, reason in self.strays if reason in words]
        return tuple(f"{self.shown(path)} {words[reason]}" for path, reason in told)

    @property
    def total(self) -> int:
        """All files that will be reported on."""
        return sum(len(person.files) for person in self.people) + len(self.strays)

    @property
    def parts(self) -> dict[str, int]:
        """How many files each part of the split has, where a division is kept."""
        counts: Counter[str] = Counter()
        for person in self.people:
            counts[person.part] += len(person.files)
        return {part: counts[part] for part in PARTS if counts[part]}

    def shown(self, path: Path) -> str:
        """A file's name for people: relative to the folder, and always valid text."""
        return _text(path.relative_to(self.root))


def plan_import(folder: Path, *, divided: bool = False) -> ImportPlan:
    """Look through `folder`, without opening any picture.

    With `divided` the classic layout's parts stay apart, where there are two or three of them: a
    person is in the plan once a part.

    Strays are `leads_outside` (a link out of the folder: whoever made the folder need not be who
    may read what it names), `denied` or `unreadable` (a sub-folder), `not_a_picture`, `no_person`
    (a picture beside the sub-folders), `nested_folder` (a folder inside a person's: whose it is
    cannot be told) or `name_invalid` (a file in a folder whose name cannot be a person's). Hidden
    files and what operating systems leave behind are passed over.
    Raises DataError if there is no such folder, no sub-folder in it or it cannot be read, and
    NoPictures if there is no picture in the sub-folders.
    """
    if not os.path.isdir(folder):
        raise DataError("There is no such folder", f"{_text(folder)}: {_problem(folder)}", _HINT)
    search = _Search(folder)
    folders, files = search.entries(folder)
    if not folders:
        raise DataError(
            "There is nobody to import",
            f"{_text(folder)} has no sub-folders" + (", only files" if files else ", it is empty"),
            _HINT,
        )
    search.look_through(folders, files)
    plan = ImportPlan(folder, search.people(divided=divided), tuple(search.strays))
    if not plan.people:
        why = f"no sub-folder of {_text(folder)} holds a picture file"
        raise NoPictures("There are no pictures to import", "; ".join((why, *plan.left_out)), _HINT)
    return plan


def plan_strangers(path: Path, name: str | None = None) -> ImportPlan:
    """What `path`, a folder or one picture, holds of strangers, without opening any picture.

    A sub-folder is one stranger, as in `plan_import`; a picture beside the sub-folders is a
    stranger of its own, named after folder and file so that to import it again adds nothing.
    With `name` the pictures of the folder itself all show this one stranger.
    Raises DataError if the folder cannot be read or, with `name`, has sub-folders; NoPictures if
    there is no picture in it; NameInvalid.
    """
    is_folder = os.path.isdir(path)
    search = _Search(path if is_folder else path.parent)
    folders, files = search.entries(path) if is_folder else ([], [path])
    if name is not None and folders:
        raise DataError(
            "One name does not fit several people",
            f"{_text(path)} has sub-folders, and each is a stranger of its own",
            "Give no name, or a folder with pictures of one person.",
        )
    search.look_through(folders, files)
    loose = tuple(file for file, reason in search.strays if reason == "no_person")
    others = tuple(stray for stray in search.strays if stray[1] != "no_person")
    people = search.people(divided=False)
    if name is None:
        people += tuple(map(_alone, loose))
    elif loose:
        people = (PersonFiles(clean_name(name), loose),)
    plan = ImportPlan(search.root, people, others)
    if not people:
        raise NoPictures(
            "There are no pictures of strangers",
            "; ".join((f"{_text(path)} holds no picture file", *plan.left_out)),
            "Give a folder with one sub-folder a stranger, or one picture a stranger.",
        )
    return plan


def _alone(picture: Path) -> PersonFiles:
    """A picture whose person appears nowhere else."""
    shown = f"{picture.parent.name} {picture.name}"[:LONGEST_NAME]
    try:
        return PersonFiles(clean_name(shown), (picture,))
    except NameInvalid:  # what cannot be shown still has to be called something
        return PersonFiles(f"picture {slug_for(shown, lambda _: False)}", (picture,))


@dataclass(slots=True)
class _Search:
    """What was found below `root`: names by their key, pictures by key and part, and strays."""

    root: Path
    names: dict[str, str] = field(default_factory=dict)
    pictures: dict[tuple[str, str], list[Path]] = field(default_factory=dict)
    strays: list[tuple[Path, str]] = field(default_factory=list)

    def people(self, *, divided: bool) -> tuple[PersonFiles, ...]:
        """Everybody with a picture, once a part if they are `divided` into several."""
        divided = divided and len({part for _key, part in self.pictures if part}) > 1
        found: dict[tuple[str, str], list[Path]] = {}
        for (key, part), pictures in self.pictures.items():
            found.setdefault((key, part if divided else ""), []).extend(pictures)
        return tuple(
            PersonFiles(self.names[key], tuple(pictures), part)
            for (key, part), pictures in found.items()
            if pictures
        )

    def look_through(self, folders: Iterable[Path], files: Iterable[Path]) -> None:
        """Take in the sub-folders of the root, and the files beside them."""
        self._sort(files)
        for sub in folders:
            inner, files = self.entries(sub)
            part = PART_NAMES.get(sub.name.casefold(), "")
            if part and inner and not any(map(is_picture_name, files)):
                self._sort(files)
                for person in inner:
                    self._person(person, *self.entries(person), part)
            else:
                self._person(sub, inner, files)

    def _person(
        self, folder: Path, inner: Iterable[Path], files: Iterable[Path], part: str = ""
    ) -> None:
        """Add one person's folder, which lies in that of a part or in none."""
        self.strays.extend((nested, "nested_folder") for nested in inner)
        try:
            name = clean_name(folder.name)
        except NameInvalid:
            self.strays.extend((file, "name_invalid") for file in files)
            return
        key = name_key(name)
        self.names.setdefault(key, name)
        self._sort(files, self.pictures.setdefault((key, part), []))

    def _sort(self, files: Iterable[Path], pictures: list[Path] | None = None) -> None:
        """Take the pictures among the files; in nobody's folder they are strays too."""
        for file in files:
            if not is_picture_name(file):
                self.strays.append((file, "not_a_picture"))
            elif pictures is None:
                self.strays.append((file, "no_person"))
            else:
                pictures.append(file)

    def entries(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """Sub-folders and files, each in natural order; without hidden ones and clutter. Links that
        lead out of the root, and sub-folders that cannot be read (`lost+found`), are noted and left
        out. Raises DataError if that is the root."""
        try:
            names = os.listdir(folder)
        except OSError as error:
            if folder != self.root:
                reason = "denied" if isinstance(error, PermissionError) else "unreadable"
                self.strays.append((folder, reason))
                return [], []
            raise DataError(
                "A folder cannot be read",
                f"{_text(folder)}: {os.strerror(error.errno or 0)}",
                "Check its owner and permissions.",
            ) from error
        visible = [n for n in names if not n.startswith(".") and n.casefold() not in _CLUTTER]
        paths = []
        for path in (folder / name for name in sorted(visible, key=_natural)):
            if leads_outside(path, self.root):
                self.strays.append((path, "leads_outside"))
            else:
                paths.append(path)
        # Not Path.is_dir: it raises for what lies in a folder that may be listed, but not entered.
        folders = [path for path in paths if os.path.isdir(path)]
        return folders, [path for path in paths if not os.path.isdir(path)]


def _problem(folder: Path) -> str:
    """Why this is no folder to import."""
    try:
        os.stat(folder)
    except PermissionError:
        return "permission denied"
    except OSError:
        return "it does not exist"
    return "it is a file"


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorting key by which 2.jpg comes before 10.jpg: the order of the pictures is their time."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(p), "") if p.isascii() and p.isdigit() else (-1, p) for p in parts], name


def _text(path: Path) -> str:
    """A path as valid text: bytes that are not UTF-8 become question marks."""
    return os.fsencode(path).decode("utf-8", "replace")
