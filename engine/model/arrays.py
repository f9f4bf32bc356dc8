"""Arrays in and out of `.npz` bytes, safely: no pickle, sizes checked before unpacking."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelCorrupt
from engine.i18n import _

LARGEST = 1 << 30
"""Bytes of unpacked arrays beyond which a file is refused: none of ours comes near."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as uncompressed `.npz` bytes; the same arrays give the same bytes."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name} holds Python objects")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})
    return buffer.getvalue()


def unpack(data: bytes, what: str) -> dict[str, NDArray[Any]]:
    """The arrays of `.npz` bytes. `what` names them in the error. Raises ModelCorrupt."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST:
            raise ValueError(_("it would unpack to {size:,} bytes").format(size=size))
        with np.load(io.BytesIO(data), allow_pickle=False) as members:
            return {name: members[name] for name in members.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelCorrupt(
            _("Arrays are damaged"),
            _("{what} cannot be read: {error}").format(what=what, error=error),
        ) from error
