"""What the app remembers of a workspace between two starts: `ui.json`, forgiving when damaged."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TypeVar

from engine.contract.errors import FacedeskError
from engine.workspace.files import parse_json, read_bytes, write_json

Scalar = str | int | float | bool
Value = TypeVar("Value", str, int, float, bool)

FILE = "ui.json"
LONGEST = 4096
"""Characters of a remembered text; a longer one is damage."""


class Memory:
    """Plain values by name. Nothing here raises: a view that is forgotten is no fault.

    Names in use: theme, front, source, count, zoom, layout, welcomed; parts of the app add more.
    """

    def __init__(self, workspace: Path) -> None:
        """Read what is there. `workspace` need not exist; then nothing is kept."""
        self._file = workspace / FILE
        self._saving = threading.Lock()
        self._values = _read(self._file)
        self._saved = dict(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, otherwise: Value) -> Value:
        """The remembered value, if it is of the same type as `otherwise`."""
        value = self._values.get(name)
        return value if type(value) is type(otherwise) else otherwise

    def put(self, name: str, value: Scalar) -> bool:
        """Remember a value until `save`; whether it differs from what is on disk."""
        self._values[name] = value
        return self._values != self._saved

    def save(self) -> None:
        """Write the file if something changed. May wait for the disk: call it on a thread."""
        with self._saving:
            values = dict(self._values)
            if values == self._saved or not self._file.parent.is_dir():
                return
            try:
                write_json(self._file, values)
            except FacedeskError:
                return  # a full or read-only disk is reported by what matters more
            self._saved = values


def _read(file: Path) -> dict[str, Scalar]:
    try:
        found = parse_json(read_bytes(file))
    except (OSError, FacedeskError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): value
        for name, value in found.items()
        if isinstance(value, str | int | float | bool)
        and not (isinstance(value, str) and len(value) > LONGEST)
    }
