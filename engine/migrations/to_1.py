"""Format 0 to 1: the last two files without a version get one.

unknown/choices.json     [choice, ...]        ->  {"version": 1, "choices": [choice, ...]}
evaluations/*.json       {"type": ..., ...}   ->  {"version": 1, "type": ..., ...}
"""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import DataError
from engine.files import read_bytes, read_json, write_bytes, write_json

VERSION = 1


def upgrade(root: Path) -> None:
    """Do the step. Damaged files stay as they are: whoever reads them says so, or does without.

    Raises DiskFull, WorkspaceUnusable.
    """
    _choices(root / "unknown" / "choices.json")
    for path in sorted((root / "evaluations").glob("*.json")):
        _evaluation(path)


def _choices(path: Path) -> None:
    try:
        body = read_json(path)
    except FileNotFoundError:
        return
    except DataError as error:
        _refuse_unless_damage(error)
        return
    if isinstance(body, list):
        write_json(path, {"version": VERSION, "choices": body})


def _evaluation(path: Path) -> None:
    try:
        body = json.loads(read_bytes(path))
    except (FileNotFoundError, ValueError, RecursionError):
        return
    if isinstance(body, dict) and "version" not in body:
        write_bytes(path, json.dumps({"version": VERSION, **body}, separators=(",", ":")).encode())


def _refuse_unless_damage(error: DataError) -> None:
    """A file that cannot be read just now is no damaged one: the step has to be done later."""
    if type(error) is not DataError:
        raise error
