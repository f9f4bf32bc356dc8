"""Make a split, or bring an old one up to date; save it, or write it out as folders of pictures."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from engine.contract import Emit, Notice, SplitDone, Warned
from engine.contract.errors import DataError, NoPictures, Remedy, SplitMissing, WorkspaceUnusable
from engine.dataset.split import (
    Split,
    check_fits,
    load_split,
    make_split,
    save_split,
    split_warnings,
    summarise,
)
from engine.people.permission import permitted, withdrawn
from engine.people.person import RESERVED, Person
from engine.people.registry import People
from engine.settings import Settings, SplitSettings
from engine.text import name_key
from engine.workspace.audit import Audit
from engine.workspace.files import copy_out, make_directory, new_directory
from engine.workspace.folder import Workspace
from engine.workspace.identity import PARTS
from engine.workspace.owner import translate_os_errors

_LONGEST = 200
"""Bytes of a folder name; file systems allow 255."""


def export_keras_folders(
    workspace: Workspace, people: Sequence[Person], split: Split, destination: Path
) -> int:
    """Copy every picture of the split to `destination`/<part>/<person's name>/; how many.

    Files are the crops themselves (RGB PNG, 160x160), named by session and number. Every part
    that is used has a folder for everybody, for Keras numbers classes by the folders it finds.
    The destination appears complete or not at all. Raises SplitMissing if the split no longer
    fits, DataError if the destination is not empty or cannot be written, DiskFull.
    """
    check_fits(split, people)
    destination = destination.expanduser().absolute()
    _check_free(workspace, destination)
    told = {"what": "pictures", "to": "keras folders"}
    ids = [person.id for person in people if person.slug in split.people]
    with Audit(workspace).of_all("exported", [(id, told) for id in ids]):
        return _written(workspace, people, split, destination)


def _written(
    workspace: Workspace, people: Sequence[Person], split: Split, destination: Path
) -> int:
    folders = folder_names([person for person in people if person.slug in split.people])
    try:
        # A mount point cannot be replaced by a rename: its content moves in at the end.
        if os.path.ismount(destination):
            with new_directory(destination / "export") as unfinished:
                count = _copy(workspace, split, folders, unfinished)
            with translate_os_errors("finish the export", destination):
                for part in sorted((destination / "export").iterdir()):
                    part.rename(destination / part.name)
                (destination / "export").rmdir()
            return count
        with new_directory(destination) as unfinished:
            return _copy(workspace, split, folders, unfinished)
    except WorkspaceUnusable as error:
        raise DataError(
            "The export cannot be written", error.message, "Choose another folder."
        ) from error


def folder_names(people: Sequence[Person]) -> dict[str, str]:
    """A folder name for each slug: the person's name as far as file systems allow it.

    Two people never share one, not even where case is ignored.
    """
    names: dict[str, str] = {}
    used: set[str] = set()
    for person in people:
        safe = _safe(person.name)
        while name_key(safe) in used:
            safe = f"{safe} ({person.slug})"
        used.add(name_key(safe))
        names[person.slug] = safe
    return names


def _safe(name: str) -> str:
    text = re.sub(r'[<>:"|?*/\\\x00-\x1f]', "_", unicodedata.normalize("NFC", name))
    text = text.encode()[:_LONGEST].decode("utf-8", "ignore").rstrip(". ")
    # Hidden folders are skipped by most readers; device names break Windows and its shares.
    if not text or text.startswith(".") or text.split(".")[0].strip().lower() in RESERVED:
        text = f"_{text}"
    return text


def _check_free(workspace: Workspace, destination: Path) -> None:
    resolved = destination.resolve()
    for own in (workspace.people, workspace.features, workspace.models, workspace.logs):
        if resolved.is_relative_to(own.resolve()):
            raise DataError(
                "The export would lie inside the workspace's own folders",
                str(destination),
                "Choose another folder.",
            )
    if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
        raise DataError("The export needs a folder", str(destination), "Choose another one.")
    with translate_os_errors("read a folder", destination):
        if destination.is_dir() and any(destination.iterdir()):
            raise DataError(
                "The export folder is not empty",
                str(destination),
                "Choose a new folder, or empty this one.",
            )


def _copy(workspace: Workspace, split: Split, folders: dict[str, str], root: Path) -> int:
    count = 0
    used = [part for part in PARTS if any(parts[part] for parts in split.people.values())]
    for part in used:
        for slug, parts in split.people.items():
            if slug not in folders:
                continue
            folder = root / part / folders[slug]
            make_directory(folder)
            for picture in parts[part]:
                origin = workspace.people / slug / picture
                target = folder / picture.replace("/", "-")
                with translate_os_errors("copy a picture", target):
                    try:
                        copy_out(origin, target)
                    except FileNotFoundError as error:
                        raise SplitMissing(
                            "The split no longer fits the pictures",
                            f"{origin} is gone",
                            Remedy.SPLIT,
                        ) from error
                count += 1
    return count


def split(workspace: Workspace, settings: SplitSettings, *, random: bool = False) -> SplitDone:
    """Split everybody's pictures and save split.json. Raises NoPictures in an empty workspace."""
    people = with_pictures(workspace)
    made = make_split(people, settings, random=random)
    _save(workspace, made)
    return summarise(made, people, warnings_of(workspace, made, people))


def current_split(workspace: Workspace) -> SplitDone | None:
    """The split on disk as counts, or None if there is none."""
    found, people = load_split(workspace), People(workspace).list()
    return summarise(found, people, warnings_of(workspace, found, people)) if found else None


def fitting_split(workspace: Workspace, settings: Settings, emit: Emit) -> Split:
    """The split to train on: the saved one if it still fits the pictures, else a new one.

    A new one keeps the old one's shares, seed and way of splitting, and says so.
    """
    people = with_pictures(workspace)
    found = load_split(workspace)
    wanted, random = settings.split, False
    if found is not None:
        try:
            check_fits(found, people)
        except SplitMissing as error:
            train, validation, test = found.shares
            wanted = SplitSettings(train=train, validation=validation, test=test, seed=found.seed)
            random = found.mode == "random"
            emit(Notice(text=f"{error.message}: split again with the same shares"))
        else:
            return found
    else:
        emit(Notice(text="No split yet: made one with the configured shares"))
    made = make_split(people, wanted, random=random)
    _save(workspace, made)
    return made


def _save(workspace: Workspace, made: Split) -> None:
    shares = dict(zip(PARTS, made.shares, strict=True))
    with Audit(workspace).of(
        "split-made", people=len(made.people), shares=shares, seed=made.seed, mode=made.mode
    ):
        save_split(workspace, made)


def warnings_of(workspace: Workspace, made: Split, people: Sequence[Person]) -> tuple[Warned, ...]:
    """Warnings about a split, also of those who are left out for their withdrawn consent."""
    left_out = [
        Warned("consent_withdrawn", each.name) for each in withdrawn(workspace) if each.pictures
    ]
    return (*split_warnings(made, people), *left_out)


def with_pictures(workspace: Workspace) -> tuple[Person, ...]:
    """Everybody with at least one picture who has not taken their consent back.

    Raises NoPictures if there is nobody, PersonUnreadable if there is somebody who cannot be read:
    a model without them would call them a stranger.
    """
    People(workspace).refuse_unread()
    people = tuple(person for person in permitted(workspace) if person.pictures)
    if not people:
        raise NoPictures(
            "Nobody is enrolled yet", f"{workspace.root} holds no pictures", Remedy.ENROL
        )
    return people
