"""Kept strangers who are the person go; those who are not lose the name, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from engine.enrol.folders import picture_names, sub_folders
from engine.enrol.inbox import SIGHTING_FILE
from engine.enrol.people import People
from engine.enrol.strangers import StrangerArea
from engine.enrol.trash import MANIFEST
from engine.errors import DataError
from engine.files import read_json, remove_directory, write_json
from engine.service.erasure.evidence import Evidence, files_below
from engine.service.erasure.mentions import Mentions
from engine.workspace import Workspace


def sightings(workspace: Workspace, who: Evidence) -> dict[str, int]:
    """Remove the strangers that were found to be the person, those in the trash too, and blank the
    name where it says whom another was like, or where it was seen. May be done twice."""
    gone = 0
    for place in who.sightings:
        parts = place.split("/")
        if ".." in parts or parts[0] not in ("unknown", "trash", "strangers") or len(parts) < 2:
            continue
        folder = workspace.root.joinpath(*parts)
        gone += folder.is_dir()
        if parts[0] == "strangers":
            _forget_stranger(workspace, parts[1])
            continue
        remove_directory(folder)
        if parts[0] == "trash":
            _take_out(workspace.trash / parts[1], folder)
    mentions = who.mentions(workspace)
    for file in _records(workspace):
        _blank(file, mentions)
    return {"sightings of unknowns": gone}


def _forget_stranger(workspace: Workspace, slug: str) -> None:
    """Remove one of the operator's own strangers, and the change that made them one: it keeps the
    same pictures."""
    People(StrangerArea(workspace)).delete_slug(slug)
    for entry in sub_folders(workspace.trash):
        with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError, IndexError):
            steps = read_json(Path(entry.path) / MANIFEST)["steps"]
            if any(f"{step[1]}/".startswith(f"strangers/{slug}/") for step in steps):
                remove_directory(Path(entry.path))


def _take_out(change: Path, folder: Path) -> None:
    """Take a stranger who is gone out of the change that deleted them; the others can come back."""
    try:
        manifest = read_json(change / MANIFEST)
        steps = [
            step
            for step in manifest["steps"]
            if change.joinpath(*str(step[1]).split("/")[1:]) != folder
        ]
    except (FileNotFoundError, DataError, KeyError, TypeError, IndexError):
        return
    if not steps:
        remove_directory(change)
        return
    left = [change.joinpath(*str(step[1]).split("/")[1:]) for step in steps]
    manifest |= {
        "steps": steps,
        "title": f"Deleted {len(steps)} unknown",
        "pictures": sum(len(picture_names(each)) for each in left),
    }
    write_json(change / MANIFEST, manifest)


def _records(workspace: Workspace) -> Iterator[Path]:
    for area in (workspace.unknown, workspace.trash):
        for entry in sub_folders(area):
            for file in files_below(Path(entry.path)):
                if file.name == SIGHTING_FILE:
                    yield file


def _blank(file: Path, mentions: Mentions) -> None:
    with contextlib.suppress(FileNotFoundError, DataError):
        body = read_json(file)
        if isinstance(body, dict):
            named = [key for key in body if mentions.within(json.dumps(body[key]))]
            if named:
                write_json(file, {**body, **dict.fromkeys(named, "")})
