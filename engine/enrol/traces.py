"""What a person leaves outside their own folder: cached features and entries in split.json.

split.json belongs to `engine.dataset.split`, which lies above this package; only its `people`
mapping and the `Name: ` in front of each warning are known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.workspace import Workspace, read_json, remove_directory, write_json


def remove(workspace: Workspace, slug: str, name: str = "") -> None:
    """Remove the features and split entries of `slug`, and the warnings about `name`."""
    for folder in _feature_folders(workspace):
        remove_directory(folder / slug)

    def edit(split: dict[str, Any]) -> bool:
        changed = split["people"].pop(slug, None) is not None
        warnings = _warnings(split)
        kept = [text for text in warnings if not (name and text.startswith(f"{name}: "))]
        if kept != warnings:
            split["warnings"], changed = kept, True
        return changed

    _edit_split(workspace, edit)


def rename(workspace: Workspace, old: str, new: str) -> None:
    """Put the new name into the split's warnings, so that the old one is not kept there."""

    def edit(split: dict[str, Any]) -> bool:
        warnings = _warnings(split)
        split["warnings"] = [
            f"{new}: {text[len(old) + 2 :]}" if text.startswith(f"{old}: ") else text
            for text in warnings
        ]
        return bool(split["warnings"] != warnings)

    _edit_split(workspace, edit)


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


def _feature_folders(workspace: Workspace) -> Iterator[Path]:
    if workspace.features.is_dir():
        for folder in sorted(workspace.features.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield folder


def _warnings(split: dict[str, Any]) -> list[str]:
    warnings = split.get("warnings")
    return (
        [text for text in warnings if isinstance(text, str)] if isinstance(warnings, list) else []
    )


def _edit_split(workspace: Workspace, edit: Callable[[dict[str, Any]], bool]) -> None:
    try:
        split = read_json(workspace.split_file)
    except (FileNotFoundError, DataError):
        return  # A damaged split must not keep anybody from being deleted.
    if isinstance(split, dict) and isinstance(split.get("people"), dict) and edit(split):
        write_json(workspace.split_file, split)
