"""A file of rows computed from pictures: which picture each belongs to, and if it still does.

A row belongs to a picture file's content, by a digest of its bytes. Reading all pictures to find
that nothing has changed would take longer than what the rows save, so the file's stamp (size, time
of change, inode) is kept too: while it is the same, so are the contents, as git's index has it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.contract import FeaturesProgress, Notice
from engine.contract.errors import DataError, ModelCorrupt
from engine.model.arrays import pack, unpack
from engine.workspace.files import read_bytes, write_bytes

Report = Callable[[FeaturesProgress | Notice], None]
Row = NDArray[np.floating[Any]]


@dataclass(slots=True)
class RowFile:
    """Rows of the pictures in `folder`, as they are in `path`; changes are kept by `save`."""

    path: Path
    folder: Path
    kind: np.dtype[Any]
    _rows: dict[str, Row] = field(default_factory=dict)
    _marks: dict[str, str] = field(default_factory=dict)
    _stamps: dict[str, str] = field(default_factory=dict)
    _changed: bool = False

    @classmethod
    def read(
        cls, path: Path, folder: Path, kind: type[np.floating[Any]], report: Report
    ) -> RowFile:
        """What is on disk; empty, with a Notice, if it is damaged or not of type `kind`."""
        read = cls(path, folder, np.dtype(kind))
        try:
            data = read_bytes(path)
        except FileNotFoundError:
            return read
        except DataError as error:
            report(_damaged(path, error.message))
            return read
        try:
            arrays = unpack(data, path.name)
            files, marks, rows = arrays["files"], arrays["marks"], arrays["rows"]
            if rows.ndim != 2 or rows.dtype != read.kind or not np.isfinite(rows).all():
                raise ValueError("its rows have the wrong type or values")
            stamps = arrays.get("stamps", np.full(files.shape, ""))
            if not (files.shape == marks.shape == stamps.shape == rows.shape[:1]):
                raise ValueError("its arrays do not fit each other")
        except (ModelCorrupt, ValueError, KeyError) as error:
            report(_damaged(path, str(error)))
            return read
        names = list(map(str, files.tolist()))
        read._rows = dict(zip(names, rows, strict=True))
        read._marks = dict(zip(names, map(str, marks.tolist()), strict=True))
        read._stamps = dict(zip(names, map(str, stamps.tolist()), strict=True))
        return read

    def missing(self, files: Iterable[str]) -> list[str]:
        """Those of `files`, each once, that have no row, or one of other contents."""
        return [name for name in dict.fromkeys(files) if not self._holds(name)]

    def _holds(self, name: str) -> bool:
        stamp = _stamp(self.folder / name)
        if name in self._rows and stamp and self._stamps[name] == stamp:
            return True
        mark = _mark(self.folder / name)
        if name in self._rows and mark and self._marks[name] == mark:
            self._stamps[name], self._changed = stamp, True
            return True
        self._marks[name], self._stamps[name] = mark, stamp
        self._rows.pop(name, None)
        return False

    def put(self, names: Sequence[str], rows: Row) -> None:
        """Rows (n, k) of pictures that `missing` has named."""
        self._rows.update(zip(names, rows.astype(self.kind), strict=True))
        self._changed = True

    def rows(self, files: Sequence[str]) -> Row:
        """The rows (n, k) of `files`, none of which is missing and one of which there is."""
        return np.stack([self._rows[name] for name in files])

    def save(self) -> None:
        """Write the rows of the pictures that still exist, atomically, if there is a change.

        A picture that is deleted meanwhile, with whatever was made of it, takes this file along:
        its row must not come back because the deletion fell between a look and a write.
        """
        if not self._changed:
            return
        while names := self._existing():
            write_bytes(self.path, pack(self._arrays(names)))
            if names == self._existing():
                break
        else:
            with contextlib.suppress(OSError):  # gone already, or the folder of others too
                self.path.unlink()
                self.path.parent.rmdir()
        self._changed = False

    def _existing(self) -> list[str]:
        return [name for name in self._rows if (self.folder / name).is_file()]

    def _arrays(self, names: list[str]) -> dict[str, NDArray[Any]]:
        return {
            "files": np.array(names),
            "marks": np.array([self._marks[name] for name in names]),
            "stamps": np.array([self._stamps[name] for name in names]),
            "rows": self.rows(names),
        }


def mark_of(data: bytes) -> str:
    """What a row file knows a picture file of these bytes by."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def arrays_of(pictures: Mapping[str, bytes], rows: Row) -> dict[str, NDArray[Any]]:
    """The arrays of a row file for `pictures` (name to PNG bytes) with their rows (n, k).

    Others may be packed beside them: `RowFile.read` does not look at them.
    """
    return {
        "files": np.array(list(pictures)),
        "marks": np.array([mark_of(data) for data in pictures.values()]),
        "rows": rows,
    }


def ignore(event: FeaturesProgress | Notice) -> None:
    """Report to nobody."""


def _mark(path: Path) -> str:
    """Digest of a picture file's bytes; empty if it cannot be read (decoding then says why)."""
    try:
        return mark_of(read_bytes(path))
    except (FileNotFoundError, DataError):
        return ""


def _stamp(path: Path) -> str:
    """What changes whenever the file does; empty if it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return ""
    # Nobody can set the time of change, but a clock can be set back: only all of it tells.
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _damaged(path: Path, reason: str) -> Notice:
    return Notice(
        text=(
            f"The feature cache {path.parent.name}/{path.name} is damaged ({reason}); "
            "its features are "
            "computed again."
        ),
        level="warning",
    )
