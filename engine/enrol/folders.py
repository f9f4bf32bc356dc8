"""Reading the folders of the registry: sub-folders, picture files and a session's head."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from engine.errors import DataError
from engine.files import parse_json, read_bytes, translate_os_errors

SESSION_FILE = "session.json"
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, Part, Part] = ("train", "validation", "test")
"""The parts of a split."""
Item = TypeVar("Item")
IMPORTED = "import "
"""What the source of an imported session begins with; the folder's name follows."""


def by_one_camera(source: str) -> bool:
    """Whether the pictures of a session with this source are of one moment before one camera, and
    not photographs."""
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


def session_stamp(moment: datetime) -> str:
    """The first part of a session id."""
    return moment.strftime(_STAMP)


def moment_of(text: str) -> datetime | None:
    """The time that an id begins with, or ISO 8601 text says, UTC where it names no zone; None if
    there is none."""
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
    """Sub-folders that are no links and not hidden (unfinished ones are), sorted by name.

    An absent folder has none. Raises WorkspaceUnusable if it cannot be read.
    """
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
