"""What a person leaves outside their own folder: cached features and entries in split.json.

split.json belongs to `engine.dataset.split`, which lies above this package; only its `people`
mapping is known here. Earlier versions kept `warnings` with names in it: whatever changes a split
empties them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError
from engine.workspace.files import make_directory, move, read_json, remove_directory, write_json
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors


def remove(workspace: Workspace, slug: str) -> None:
    """Remove the features and split entries of `slug`."""
    for folder in _feature_folders(workspace):
        remove_directory(folder / slug)
    _edit_split(workspace, lambda split: split["people"].pop(slug, None) is not None)


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
    area, found = workspace.people.name, set()
    for manifest in workspace.trash.glob("*/manifest.json"):
        with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError, ValueError):
            for source, _unused, _optional in read_json(manifest)["steps"]:
                parts = str(source).split("/")
                if parts[0] == area and len(parts) > 1:
                    found.add(parts[1])
    return frozenset(found)


def split_entries(workspace: Workspace) -> dict[str, Any]:
    """The entries of split.json by slug; none without a split, or with a damaged one."""
    return dict(_read_split(workspace).get("people", {}))


def edit(workspace: Workspace, entries: Mapping[str, Any]) -> dict[str, Any]:
    """A change of split.json as JSON, for `apply` and `take_back`; empty if there is no split.

    `entries` are the new entries by slug, None for none.
    """
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

    def do(split: dict[str, Any]) -> bool:
        if not change:
            return False
        for slug, (_unused, after) in change["people"].items():
            _put(split, slug, after)
        return True

    _edit_split(workspace, do)


def take_back(workspace: Workspace, change: Mapping[str, Any]) -> None:
    """Undo a change made by `edit`, unless the split was made anew meanwhile."""

    def do(split: dict[str, Any]) -> bool:
        if not change or change["made"] != _made(split):
            return False
        was = dict(split["people"])
        for slug, (before, after) in change["people"].items():
            if split["people"].get(slug) == after:
                _put(split, slug, before)
        return bool(was != split["people"])

    _edit_split(workspace, do)


def _made(split: dict[str, Any]) -> list[Any]:
    """What tells one making of a split from another, other than the people in it."""
    return [split.get("seed"), split.get("shares")]


def _put(split: dict[str, Any], slug: str, entry: Any) -> None:
    if entry is None:
        split["people"].pop(slug, None)
    else:
        split["people"][slug] = entry


def forget_names(workspace: Workspace) -> None:
    """Empty the warnings of a split that an earlier version made: a former name stands in them."""
    _edit_split(workspace, lambda split: False)


def sweep(workspace: Workspace, slugs: frozenset[str]) -> tuple[str, ...]:
    """Remove features and split entries of people who are not among `slugs`; say which."""
    removed = []
    for folder in _feature_folders(workspace):
        for orphan in sorted(folder.iterdir()):
            if orphan.is_dir() and not orphan.name.startswith(".") and orphan.name not in slugs:
                remove_directory(orphan)
                removed.append(str(orphan.relative_to(workspace.root)))

    def edit(split: dict[str, Any]) -> bool:
        gone = sorted(set(split["people"]) - slugs)
        for slug in gone:
            del split["people"][slug]
            removed.append(f"{workspace.split_file.name}: {slug}")
        return bool(gone)

    _edit_split(workspace, edit)
    return tuple(removed)


def sweep_sessions(workspace: Workspace) -> tuple[str, ...]:
    """Remove features of sessions that are not there, for one was moved back; say which."""
    removed = []
    for folder in _feature_folders(workspace):
        for rows in sorted(folder.glob("*/*.npz")):
            session = workspace.people / rows.parent.name / rows.name.partition(".")[0]
            if not rows.name.startswith(".") and not session.is_dir():
                with translate_os_errors("remove a file", rows):
                    rows.unlink(missing_ok=True)
                removed.append(str(rows.relative_to(workspace.root)))
    return tuple(removed)


def _feature_folders(workspace: Workspace) -> Iterator[Path]:
    if workspace.features.is_dir():
        for folder in sorted(workspace.features.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder


def _read_split(workspace: Workspace) -> dict[str, Any]:
    try:
        split = read_json(workspace.split_file)
    except (FileNotFoundError, DataError):
        return {}  # A damaged split must not keep anybody from being deleted.
    return split if isinstance(split, dict) and isinstance(split.get("people"), dict) else {}


def _edit_split(workspace: Workspace, edit: Callable[[dict[str, Any]], bool]) -> None:
    split = _read_split(workspace)
    if split and (edit(split) or split.get("warnings")):
        split["warnings"] = []
        write_json(workspace.split_file, split)
