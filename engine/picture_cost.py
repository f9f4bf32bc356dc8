"""What a picture would cost to decode, told from its structure before a decoder sees it.

Few bytes can ask for much work: each scan of a progressive JPEG costs a walk over the whole
picture and a dozen bytes, and Pillow keeps a Python object for every empty segment, chunk and
comment. Every way in asks here: photographs, crops, frames of MJPEG and of recordings.
"""

from __future__ import annotations

import re

MOST_SCANS = 100
"""Scans of a JPEG. Encoders make ten or so; libtiff has the same limit for JPEG in a TIFF."""
MOST_SCANNED = 2_000_000_000
"""Pixels times scans of a JPEG: 25 scans of the largest photograph, some seconds of work."""
MOST_BLOCKS = 10_000
"""Segments, chunks or extensions beside the picture itself. A profile has 255 at most."""
MOST_PIECES = 500_000
"""All chunks of a PNG, its picture's among them. Some encoders write one a row."""
LARGEST_GIF = 16_000_000
"""Bytes of a GIF, any part of which may be comments of two bytes each."""

_JPEG, _PNG, _GIF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
_COMMENT = b"\x21\xfe"
_SCAN, END = 0xDA, 0xD9
# libjpeg skips what is no marker; of repeated 0xFF the last counts, and 0xFF00 is data.
_MARKER = re.compile(rb"\xff([^\x00\xff])")
# Of these no length follows: TEM, reserved ones, RST0 to RST7, SOI.
BARE = frozenset(range(0xC0)) | frozenset(range(0xD0, 0xD9))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Costly(ValueError):
    """Decoding this would cost out of all proportion; the text says why."""


def refuse_costly(data: bytes, most_scanned: int = MOST_SCANNED) -> None:
    """Return if `data`, an encoded picture of any format, is built as pictures are.

    `most_scanned`: pixels times scans that a JPEG may have. Sizes alone are not looked at: the
    decoder's own header says them. Raises Costly.
    """
    if data.startswith(_JPEG):
        _jpeg(data, most_scanned)
    elif data.startswith(_PNG):
        _png(data)
    elif data.startswith(_GIF):
        _gif(data)


def _jpeg(data: bytes, most_scanned: int) -> None:
    """Count scans as libjpeg meets them: not those of thumbnails, nor what follows the end."""

    def few(scans: int) -> bool:
        return scans <= MOST_SCANS and scans * pixels <= most_scanned

    place, segments, pixels, scans = 2, 0, 0, 0
    while found := _MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        if marker == END:
            return
        if marker == _SCAN:
            scans += 1
            if not few(scans):
                raise Costly("it has more scans than any photograph")
            if scans == 1 and few(1 + data.count(b"\xff\xda", place)):
                return  # even if all of these were scans; most pictures end here
        elif not scans:
            segments += 1
            if segments > MOST_BLOCKS:
                raise Costly("it has more segments than any photograph")
        if marker in BARE:
            continue
        if marker in _FRAMES:
            high, wide = data[place + 3 : place + 5], data[place + 5 : place + 7]
            pixels = max(pixels, int.from_bytes(high) * int.from_bytes(wide))
        place += int.from_bytes(data[place : place + 2])


def _png(data: bytes) -> None:
    place, blocks, pieces = len(_PNG), 0, 0
    while len(kind := data[place + 4 : place + 8]) == 4 and kind != b"IEND":
        blocks += kind != b"IDAT"
        pieces += 1
        if blocks > MOST_BLOCKS or pieces > MOST_PIECES:
            raise Costly("it has more chunks than any picture")
        place += 12 + int.from_bytes(data[place : place + 4])


def _gif(data: bytes) -> None:
    """Counted wherever they are: what is a comment depends on how a reader takes a damaged one."""
    if len(data) > LARGEST_GIF or data.count(_COMMENT) > MOST_BLOCKS:
        raise Costly("it is larger or has more comments than any picture of its kind")
