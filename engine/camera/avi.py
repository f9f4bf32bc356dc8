"""A plain AVI file of PNG pictures (`MPNG`): lossless, playable, and readable up to any damage.

Written and read here and not by FFmpeg, because a recording must survive a power cut half-way,
and because every length in a stranger's file is checked before anything is decoded. The layout
is Microsoft's "AVI RIFF File Reference": header lists, then one `00dc` chunk a picture, then an
index.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from engine.camera.frame import MOST_SIDE
from engine.files import FILE_MODE
from engine.picture_cost import Costly, refuse_costly

CHUNK = b"00dc"
INDEX = b"idx1"
LONGEST_PICTURE = 64 << 20
"""Bytes of one picture beyond which a file is not ours."""
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_KEY_FRAME = 0x10
_HEADER = 224
"""Bytes before the first picture's chunk."""


class Damaged(ValueError):
    """The file is no AVI of ours, or ends in the middle of a picture."""


class AviWriter:
    """Appends pictures to a new file, mode 0600. Methods raise OSError.

    A file that was never closed lacks only its counts and its index: `pictures` reads it all the
    same. Pictures should have the size given here; players expect it, `pictures` does not.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        self._file = os.fdopen(handle, "wb")
        self._width, self._height = width, height
        self._fps = fps if 1 <= fps <= 1000 else 25.0
        self._sizes: list[int] = []
        self._file.write(self._header(0, 0))
        self.length = _HEADER
        """Bytes so far, with the index to come."""

    def add(self, png: bytes) -> None:
        """Append one picture; the operating system has it when this returns."""
        self._file.write(CHUNK + struct.pack("<I", len(png)) + png + b"\0" * (len(png) & 1))
        self._file.flush()
        self._sizes.append(len(png))
        self.length += 8 + len(png) + (len(png) & 1) + 16

    def close(self) -> None:
        """Write index and counts, and flush to disk. May be called twice."""
        if self._file.closed:
            return
        with self._file as file:
            pictures = file.tell() - _HEADER
            file.write(INDEX + struct.pack("<I", 16 * len(self._sizes)))
            offset = 4  # counted from the list's own type
            for size in self._sizes:
                file.write(CHUNK + struct.pack("<3I", _KEY_FRAME, offset, size))
                offset += 8 + size + (size & 1)
            end = file.tell()
            file.seek(0)
            file.write(self._header(end - 8, pictures + 4))
            file.flush()
            os.fsync(file.fileno())

    def _header(self, whole: int, pictures: int) -> bytes:
        """The first _HEADER bytes; `whole` and `pictures` are the lengths of the two lists."""
        count, largest = len(self._sizes), max(self._sizes, default=0)
        rate = round(self._fps * 1000)
        main = struct.pack(
            "<14I",
            round(1e6 / self._fps), 0, 0, _KEY_FRAME, count, 0, 1, largest,
            self._width, self._height, 0, 0, 0, 0,
        )  # fmt: skip
        stream = struct.pack(
            "<4s4s10I4H",
            b"vids", b"MPNG", 0, 0, 0, 1000, rate, 0, count, largest, 0xFFFFFFFF, 0,
            0, 0, self._width, self._height,
        )  # fmt: skip
        picture = struct.pack(
            "<3I2H4s5I", 40, self._width, self._height, 1, 24, b"MPNG",
            self._width * self._height * 3, 0, 0, 0, 0,
        )  # fmt: skip
        streams = b"strl" + _block(b"strh", stream) + _block(b"strf", picture)
        lists = _block(b"LIST", b"hdrl" + _block(b"avih", main) + _block(b"LIST", streams))
        riff = b"RIFF" + struct.pack("<I", whole) + b"AVI " + lists
        return riff + b"LIST" + struct.pack("<I", pictures) + b"movi"


def _block(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content


def pictures(file: BinaryIO) -> Iterator[bytes]:
    """The PNG data of every picture in order. Raises Damaged where the file ends or goes wrong.

    Ends at the index; a file that was cut exactly between two pictures ends there too.
    """
    head = file.read(_HEADER)
    if len(head) < _HEADER or head[:4] != b"RIFF" or head[8:12] != b"AVI " or head[-4:] != b"movi":
        raise Damaged("it does not begin as a recording does")
    number = 0
    while chunk := file.read(8):
        if len(chunk) < 8:
            raise Damaged(f"it ends in the middle of picture {number}")
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == INDEX:
            return
        if name != CHUNK or size > LONGEST_PICTURE:
            raise Damaged(f"picture {number} is none")
        png = file.read(size + (size & 1))
        if len(png) < size:
            raise Damaged(f"it ends in the middle of picture {number}")
        yield png[:size]
        number += 1


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height that a PNG claims, read without decoding it.

    Raises Damaged unless it is one of 8-bit RGB, not too large, and built as ours are.
    """
    if len(png) < 33 or not png.startswith(_PNG):
        raise Damaged("a picture is no PNG")
    width, height, depth, colour = struct.unpack_from(">2I2B", png, 16)
    if (depth, colour) != (8, 2) or not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise Damaged(f"a picture claims to be {width}x{height} of depth {depth}")
    try:
        refuse_costly(png)
    except Costly as error:
        raise Damaged(str(error)) from error
    return width, height
