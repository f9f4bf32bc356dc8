"""What must be true of a workspace after any fault: everything in it is whole, nothing half there.

`faults` lists what is not, as sentences; `holdings` says what the workspace holds, so that a change
that was cut short can be told to have happened wholly or not at all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.contract import Notice
from engine.contract.errors import FacedeskError
from engine.dataset.split import load_split
from engine.model.arrays import RowFile
from engine.model.store import ModelStore
from engine.people.person import Person
from engine.people.picture_records import read_records
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.pictures import decode_crop
from engine.settings import UnknownSettings
from engine.workspace.audit import Audit
from engine.workspace.files import TEMPORARY, read_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import SESSION_FILE

_DECODED: set[bytes] = set()
"""Digests of pictures that decoded: a sweep meets the same ones thousands of times."""


def faults(workspace: Workspace, *, recovered: bool = True, fitting: bool = True) -> list[str]:
    """Everything that is not whole. Before recovery, unfinished things may lie about.

    A split that was made between a change and its undoing need not be `fitting`: the next
    training makes another.
    """
    found: list[str] = []
    for area in (workspace, StrangerArea(workspace)):
        found += _people(area, recovered)
        found += _features(area, recovered)
    found += _models(workspace)
    found += _unknown(workspace)
    found += _split(workspace, recovered and fitting)
    if recovered:
        found += _trash(workspace)
        found += _audit(workspace)
        found += _loose_ends(workspace)
    return found


def holdings(workspace: Workspace) -> dict[str, Any]:
    """What the workspace holds, without times and ids: equal before and after nothing happened.

    People without a picture are left out: a name that was noted is no half-way state.
    """
    split = load_split(workspace)
    sightings = UnknownStore(workspace, UnknownSettings()).sightings()
    return {
        "people": _pictures_by_name(workspace),
        "strangers": sorted(map(tuple, _pictures_by_name(StrangerArea(workspace)).values())),
        "waiting": sorted(
            _digest(workspace.unknown / each.id / record.file)
            for each in sightings
            for record in each.records
        ),
        "split": {
            slug: {part: sorted(_of(workspace, slug, names)) for part, names in parts.items()}
            for slug, parts in (split.people.items() if split else ())
        },
        "model": ModelStore(workspace).current_id(),
        "trash": sorted(each.title for each in Trash(workspace).changes()),
    }


def pictures_in(folder: Path) -> Iterator[Path]:
    """Every file that is a picture by its content: in the trash they have no names of their own."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix == ".png" or path.read_bytes()[:4] == b"\x89PNG"):
            yield path


def _pictures_by_name(area: Workspace) -> dict[str, list[str]]:
    people = People(area)
    return {
        person.name: sorted(map(_digest, people.pictures(person)))
        for person in people.list()
        if person.pictures
    }


def _of(workspace: Workspace, slug: str, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        path = workspace.people / slug / name
        yield _digest(path) if path.exists() else "gone"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _people(area: Workspace, recovered: bool) -> Iterator[str]:
    people = People(area)
    yield from (f"damaged: {each.error}" for each in people.unread())
    for person in people.list():
        for session in person.sessions:
            yield from _session(area, person, session.id, session.pictures)


def _session(
    area: Workspace, person: Person, session: str, pictures: tuple[str, ...]
) -> Iterator[str]:
    folder = area.people / person.slug / session
    for name in pictures:
        yield from _picture(folder / name)
    try:
        head = read_json(folder / SESSION_FILE)
    except (FileNotFoundError, FacedeskError) as error:
        yield f"no head: {folder}: {error}"
        return
    told = [record.file for record in read_records(folder)]
    if len(told) != len(set(told)):
        yield f"two records of a picture: {folder}"
    silent = [name for name in pictures if name not in told]
    # Killed between a picture and its line: the picture is whole, and the last one.
    if silent and ("ended" in head or silent != [pictures[-1]]):
        yield f"no record: {folder}: {silent}"


def _picture(path: Path) -> Iterator[str]:
    try:
        mark = hashlib.sha256(path.read_bytes()).digest()
        if mark not in _DECODED:
            decode_crop(path)
            _DECODED.add(mark)
    except (OSError, FacedeskError) as error:
        yield f"not whole: {path}: {error}"


def _features(area: Workspace, recovered: bool) -> Iterator[str]:
    for path in sorted(area.features.rglob("*.npz")) if area.features.is_dir() else ():
        if any(part.startswith(TEMPORARY) for part in path.relative_to(area.root).parts):
            continue
        slug, session = path.parent.name, path.name.partition(".")[0]
        notices: list[Any] = []
        kind = np.float32 if ".space-" in path.name else np.float16
        folder = area.people / slug / session
        rows = RowFile.read(path, folder, kind, notices.append)
        yield from (f"rows: {path}: {each.text}" for each in notices if isinstance(each, Notice))
        lost = [name for name in rows._rows if not (folder / name).is_file()]
        if recovered and lost:
            yield f"rows of pictures that are gone: {path}: {lost}"


def _models(workspace: Workspace) -> Iterator[str]:
    store = ModelStore(workspace)
    yield from (f"model: {each.id}" for each in store.list() if not store.intact(each.id))
    if store.current_id() is not None:
        try:
            store.load()
        except FacedeskError as error:
            yield f"model in use: {error}"


def _unknown(workspace: Workspace) -> Iterator[str]:
    unknown = UnknownStore(workspace, UnknownSettings())
    sightings = unknown.sightings()
    if len(sightings) != unknown.count():
        yield "a sighting cannot be read"
    for each in sightings:
        for record in each.records:
            yield from _picture(workspace.unknown / each.id / record.file)


def _split(workspace: Workspace, fitting: bool) -> Iterator[str]:
    try:
        split = load_split(workspace)
    except FacedeskError as error:
        yield f"split: {error}"
        return
    for slug, parts in split.people.items() if split and fitting else ():
        for names in parts.values():
            for name in names:
                if not (workspace.people / slug / name).is_file():
                    yield f"the split names {slug}/{name}, which is gone"


def _trash(workspace: Workspace) -> Iterator[str]:
    changes = {each.id: each for each in Trash(workspace).changes()}
    for entry in sorted(workspace.trash.iterdir()):
        if entry.name not in changes or not changes[entry.name].title:
            yield f"trash: {entry.name}"
        for path in pictures_in(entry):
            yield from _picture(path)


def _audit(workspace: Workspace) -> Iterator[str]:
    audit = Audit(workspace)
    verdict, head = audit.verify(), audit.head()
    if verdict.fault is not None:
        yield f"audit: entry {verdict.bad}: {verdict.fault}, {verdict.why}"
    if head is not None and head.open:
        yield f"audit: begun and never ended: {head.open}"


def _loose_ends(workspace: Workspace) -> Iterator[str]:
    for folder, names, files in os.walk(workspace.root):
        for name in (*names, *files):
            path = Path(folder, name)
            if name.startswith(TEMPORARY):
                yield f"unfinished: {path}"
            wanted = 0o700 if path.is_dir() else 0o600
            if path.stat().st_mode & 0o777 != wanted:
                yield f"mode {path.stat().st_mode & 0o777:o}: {path}"
    if workspace.cut_short():
        yield f"the lock names a holder: {workspace.lock_file.read_text()!r}"
