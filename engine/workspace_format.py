"""Which version a workspace's layout has, and how an older one becomes today's.

    workspace.json     {"program": "facedesk", "format": 2}

A workspace without this file and with anything of ours in it is of format 0, as Facedesk wrote it
before there were versions. One of a newer format is refused by whatever command, and not touched.
The files inside have versions of their own where they may be read one by one; docs/safety/
processes.md lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import DataError, WorkspaceTooNew
from engine.files import read_json, write_json
from engine.migrations import to_1, to_2

FORMAT = 2
MARKER = "workspace.json"
PROGRAM = "facedesk"

STEPS: tuple[Callable[[Path], None], ...] = (to_1.upgrade, to_2.upgrade)
"""The step from format N to N + 1 at place N. A step may be cut short at any moment and begun
again: it leaves alone what is done, and every file that it replaces it replaces whole."""


def format_of(root: Path) -> int:
    """The format of the workspace at `root`, 0 without a marker.

    Raises DataError if the marker is damaged or not ours, WorkspaceTooNew if it is newer.
    """
    path = root / MARKER
    try:
        body = read_json(path)
    except FileNotFoundError:
        return 0
    found = body.get("format") if isinstance(body, dict) else None
    if type(found) is not int or found < 1 or body.get("program") != PROGRAM:
        raise DataError(
            "The folder is not a workspace",
            f"{path} does not say which format it has",
            "Choose another --workspace. If Facedesk made it and the file was damaged, remove "
            "that file.",
        )
    if found > FORMAT:
        raise WorkspaceTooNew(
            "The workspace is of a newer version",
            f"{root} has format {found}, and this Facedesk knows {FORMAT}",
            "Use the newer Facedesk that wrote it. Nothing was changed.",
        )
    return found


def mark(root: Path, format: int = FORMAT) -> None:
    """Note the format; what else is noted there stays. Raises DiskFull, WorkspaceUnusable."""
    write_json(root / MARKER, {**_noted(root), "program": PROGRAM, "format": format})


def witness(root: Path) -> str:
    """The id of the first audit log that the workspace had; empty if nobody noted one."""
    log = _noted(root).get("audit")
    return log if isinstance(log, str) else ""


def note_witness(root: Path, log: str) -> None:
    """Note that there is an audit log, apart from the log: one that is removed is then missed.

    A workspace without a marker waits for its upgrade. Raises DiskFull, WorkspaceUnusable.
    """
    if log and (body := _noted(root)):
        write_json(root / MARKER, {**body, "audit": log})


def _noted(root: Path) -> dict[str, Any]:
    """What the marker says, nothing if there is none or it is damaged."""
    try:
        body = read_json(root / MARKER)
    except (FileNotFoundError, DataError):
        return {}
    return body if isinstance(body, dict) and body.get("program") == PROGRAM else {}


def upgrade(root: Path) -> int | None:
    """Bring an older workspace to today's format; the format it had, None if it was today's.

    The caller holds the writer lock. Raises DiskFull, WorkspaceUnusable: nobody writes into a
    workspace that is half one format and half the other. The next writer goes on from there.
    """
    before = format_of(root)
    for number in range(before, FORMAT):
        STEPS[number](root)
        mark(root, number + 1)
    return before if before < FORMAT else None


def newer(body: Any, known: int) -> bool:
    """Whether a file of ours says that a newer version wrote it."""
    version = body.get("version") if isinstance(body, dict) else None
    return isinstance(version, int) and version > known
