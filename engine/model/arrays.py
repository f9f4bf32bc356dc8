"""Arrays in and out of `.npz` bytes, and files of rows that are computed from pictures.

No pickle, every size checked before it is used. Arrays are stored, not compressed, so the members
together are no larger than the file, and an array is exactly as long as its header says.

A row belongs to a picture file's content, by a digest of its bytes. Reading all pictures to find
that nothing has changed would take longer than the rows save, so the file's stamp (size, time of
change, inode) is kept too: while it is the same, so are the contents, as in git's index.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from engine.contract import FeaturesProgress, Notice
from engine.contract.errors import DataError, ModelCorrupt
from engine.shortage import refuse_shortage
from engine.workspace.files import read_bytes, write_bytes

LARGEST = 1 << 30
"""Bytes of unpacked arrays beyond which a file is refused: none of ours comes near."""
MOST_ARRAYS = 1000
KINDS = "biufUS"
"""Kinds of numpy's types that are read: truth values, numbers and text."""
LAST_CHARACTER = 0x10FFFF
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_DAMAGE = (
    ValueError, OSError, EOFError, KeyError, TypeError, IndexError, SyntaxError, RecursionError,
    MemoryError, OverflowError, NotImplementedError, RuntimeError, struct.error, zlib.error,
    zipfile.BadZipFile, tokenize.TokenError,
)  # fmt: skip
"""What zipfile and numpy's header parser are known to raise over damaged files."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as uncompressed `.npz` bytes; the same arrays give the same bytes."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name} holds Python objects")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    return buffer.getvalue()


def unpack(data: bytes, what: str) -> dict[str, NDArray[Any]]:
    """The arrays of `.npz` bytes. `what` names them in the error. Raises ModelCorrupt,
    OutOfMemory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check(members, len(data))
            return {m.filename.removesuffix(".npy"): _array(archive, m) for m in members}
    except _DAMAGE as error:
        refuse_shortage(error)
        raise ModelCorrupt("Arrays are damaged", f"{what} cannot be read: {error}") from error


def embeddings_in(data: bytes) -> NDArray[np.float32] | None:
    """The embeddings kept with a sighting's features; None where they cannot be compared."""
    try:
        rows = unpack(data, "")["embeddings"]
    except (ModelCorrupt, KeyError):
        return None
    if rows.ndim != 2 or not len(rows) or rows.dtype.kind != "f" or not np.isfinite(rows).all():
        return None
    return np.asarray(rows, np.float32)


def _check(members: list[zipfile.ZipInfo], length: int) -> None:
    """Raise ValueError unless the members are as `pack` writes them."""
    size = sum(member.file_size for member in members)
    if size > LARGEST:
        raise ValueError(f"it would unpack to {size:,} bytes")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("its arrays are compressed; numpy.savez writes them plain")
    if size > length:
        raise ValueError("its arrays overlap")
    names = [member.filename for member in members]
    if len(names) > MOST_ARRAYS or len(set(names)) < len(names):
        raise ValueError("its arrays are too many, or two have one name")
    if not all(name.endswith(".npy") for name in names):
        raise ValueError("it holds something else than arrays")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """One array, allocated only once its header is known to fit its bytes."""
    with archive.open(member) as file:
        shape, fortran, dtype = _HEADERS[npy.read_magic(file)](file)
        if dtype.kind not in KINDS or not dtype.itemsize or dtype.fields or dtype.subdtype:
            raise ValueError(f"{dtype} is no type of ours")
        count = math.prod(shape)
        if min(shape, default=0) < 0 or max(shape, default=0) > member.file_size:
            raise ValueError(f"{shape} is no shape of ours")
        if file.tell() + count * dtype.itemsize != member.file_size:
            raise ValueError("an array is not as long as its header says")
        flat = np.empty(count, dtype)
        view = flat.view(np.uint8).data if count else memoryview(b"")
        read = 0
        while read < len(view):
            part = file.read(min(len(view) - read, 1 << 20))
            if not part:
                raise EOFError("an array is cut short")
            view[read : read + len(part)] = part
            read += len(part)
        file.read(1)  # to the end, where the checksum is compared
    if dtype.kind == "U" and count:
        codes = flat.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        if codes.max() > LAST_CHARACTER:
            raise ValueError("a text holds what is no character")
    return flat.reshape(shape, order="F" if fortran else "C")


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
