"""Who a person is: a random identity, given when they are enrolled and kept for good; and reading
the folders of the registry.

    person.json    {..., "id": "5f0c…", "merged": ["91be…"]}

A folder's name (slug) is free again once a person is gone, and a name may be another human's: both
prove nothing. Labels of models, changes in the trash, sightings, choices, and subjects of the audit
go by the identity. `merged` are the identities of people who were made one with this person.

A person.json from before there were identities has none until the first writer brings the
workspace up to date. Until then `before(slug)` stands for it, which no file is ever given.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from engine.contract.errors import DataError
from engine.workspace.files import parse_json, read_bytes, read_object, write_json
from engine.workspace.owner import translate_os_errors

PERSON_FILE = "person.json"
NOBODY_KNOWN = "?"
"""Stands for an identity that nobody can tell any more: it is nobody's."""

_IDENTITY = re.compile(r"[0-9a-f]{16}")


def new_identity() -> str:
    """A random identity: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def is_identity(value: object) -> bool:
    """Whether this is one that `new_identity` could have made."""
    return isinstance(value, str) and _IDENTITY.fullmatch(value) is not None


def before(slug: str) -> str:
    """What stands for the identity of somebody in `slug` who has none yet."""
    return f"{NOBODY_KNOWN}{slug}"


def identity_in(body: Any, slug: str) -> str:
    """The identity in the contents of a person.json; see `before` where it has none."""
    found = body.get("id") if isinstance(body, dict) else None
    return str(found) if is_identity(found) else before(slug)


def merged_in(body: Any) -> tuple[str, ...]:
    """The identities that were merged into the person, from the contents of a person.json."""
    found = body.get("merged") if isinstance(body, dict) else None
    return tuple(filter(is_identity, found)) if isinstance(found, list) else ()


def identity_at(folder: Path) -> str:
    """The identity of the person whose folder this is, empty if it is nobody's or damaged."""
    body = read_object(folder / PERSON_FILE)
    return "" if body is None else identity_in(body, folder.name)


def join(folder: Path, ids: Iterable[str]) -> None:
    """Note that these identities are the person's too. Doing it twice is no mistake. Raises
    DiskFull, WorkspaceUnusable."""
    _set_merged(folder, lambda now: tuple(dict.fromkeys((*now, *ids))))


def part(folder: Path, ids: Iterable[str]) -> None:
    """The reverse of `join`. Raises DiskFull, WorkspaceUnusable."""
    gone = frozenset(ids)
    _set_merged(folder, lambda now: tuple(each for each in now if each not in gone))


def _set_merged(folder: Path, change: Any) -> None:
    body = read_object(folder / PERSON_FILE)
    if body is None:
        return  # gone, or damaged: nothing to note it in
    now = merged_in(body)
    if (after := change(now)) != now:
        others = {key: value for key, value in body.items() if key != "merged"}
        write_json(folder / PERSON_FILE, {**others, **({"merged": list(after)} if after else {})})


SESSION_FILE = "session.json"
PARTS = ("train", "validation", "test")
"""The parts of a split."""
Item = TypeVar("Item")
IMPORTED = "import "
"""What the source of an imported session begins with; the folder's name follows."""


def by_one_camera(source: str) -> bool:
    """Whether a session of this source is of one moment before one camera, not photographs."""
    return not source.startswith(IMPORTED) and not os.path.isdir(source)


_PICTURE = re.compile(r"[0-9]{4,6}\.png")
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_STAMP = "%Y%m%d-%H%M%S"


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the items, evenly spaced, the first and the last among them."""
    count = min(most, len(items))
    return [items[place * (len(items) - 1) // max(count - 1, 1)] for place in range(count)]


def spread(pictures: Iterable[tuple[str, str]], most: int) -> dict[str, list[str]]:
    """`evenly` of pictures (session, file): the files by session."""
    chosen: dict[str, list[str]] = {}
    for session, file in evenly([*pictures], most):
        chosen.setdefault(session, []).append(file)
    return chosen


def is_session_id(text: str) -> bool:
    """Whether `text` can be a session's folder name; keeps paths inside the workspace."""
    return _SESSION.fullmatch(text) is not None


def free_id(moment: datetime, is_taken: Callable[[str], bool], word: str = "") -> str:
    """An id that begins with its time, of a session, a sighting or a change, that is not taken."""
    ids = (f"{moment.strftime(_STAMP)}{word}-{number:03d}" for number in itertools.count(1))
    return next(id for id in ids if not is_taken(id))


def moment_of(text: str) -> datetime | None:
    """The time that an id begins with, or ISO 8601 text says, UTC without a zone; else None."""
    try:
        return datetime.strptime(text[:15], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        return None
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 text, whole seconds."""
    return moment.isoformat(timespec="seconds")


def sub_folders(path: Path) -> list[os.DirEntry[str]]:
    """Sub-folders that are no links and not hidden (unfinished ones are), sorted by name. An absent
    folder has none. Raises WorkspaceUnusable if it cannot be read."""
    with translate_os_errors("read a folder", path):
        try:
            with os.scandir(path) as entries:
                found = [
                    entry
                    for entry in entries
                    if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
                ]
        except FileNotFoundError:
            return []
    return sorted(found, key=lambda entry: entry.name)


def picture_names(folder: str | Path) -> tuple[str, ...]:
    """The picture files in a session's folder, in order of capture. Absent: none."""
    with translate_os_errors("read a folder", Path(folder)):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return ()
    # By number: 10000.png comes after 9999.png.
    return tuple(sorted(filter(_PICTURE.fullmatch, names), key=lambda name: (len(name), name)))


def session_head(entry: os.DirEntry[str]) -> tuple[str, str, str, str]:
    """Source and start of a session, by what its crops are aligned, and of which part they are; a
    damaged session.json costs these, never the pictures."""
    try:
        body = parse_json(read_bytes(Path(entry.path, SESSION_FILE)))
        source, started = body["source"], body["started"]
        if isinstance(source, str) and isinstance(started, str):
            part = str(body.get("part", ""))
            aligned = str(body.get("aligned", "eyes"))
            return source, started, aligned, part if part in PARTS else ""
    except (OSError, DataError, ValueError, KeyError, TypeError):
        pass
    moment = moment_of(entry.name)
    return "unknown", iso(moment) if moment else "", "eyes", ""
