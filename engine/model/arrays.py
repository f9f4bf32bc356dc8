"""Arrays in and out of `.npz` bytes, safely: no pickle, every size checked before it is used.

Ours are stored, not compressed, so that a file cannot become more than it is: the members together
are no larger than the file, and an array is exactly as long as its header says.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from engine.contract.errors import ModelCorrupt
from engine.shortage import refuse_shortage

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
        raise ModelCorrupt(
            "Arrays are damaged",
            f"{what} cannot be read: {error}",
        ) from error


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
    if dtype.kind == "U" and count and flat.view(_codes(dtype)).max() > LAST_CHARACTER:
        raise ValueError("a text holds what is no character")
    return flat.reshape(shape, order="F" if fortran else "C")


def _codes(dtype: np.dtype[Any]) -> np.dtype[np.uint32]:
    """The type of a text's characters as numbers, in its own byte order."""
    return np.dtype(np.uint32).newbyteorder(dtype.byteorder)
