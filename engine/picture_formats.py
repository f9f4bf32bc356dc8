"""Which files of a folder count as its pictures, unopened; and what a file is that is not read.

Needs neither NumPy nor Pillow.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

READ_SUFFIXES = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff",
        ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".mpo",
    }
)  # fmt: skip
"""Lower-case suffixes of the formats that are read."""
PICTURE_SUFFIXES = READ_SUFFIXES | {
    ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpf", ".jpx", ".jxl",
    ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".orf", ".rw2", ".raf", ".pef",
    ".srw", ".x3f", ".3fr", ".iiq",
}  # fmt: skip
"""Lower-case suffixes by which a file counts as a picture, whether or not it is read."""


def _not_read(name: str, command: str) -> str:
    return f"{name}, which is not read; to convert it: {command}"


FORMATS: Mapping[str, str] = {
    "heic": _not_read("HEIC", "heif-convert IN OUT.jpg"),
    "avif": _not_read("AVIF", "avifdec IN OUT.png"),
    "jpeg_2000": _not_read("JPEG 2000", "opj_decompress -i IN -o OUT.png"),
    "jpeg_xl": _not_read("JPEG XL", "djxl IN OUT.png"),
    "camera_raw": _not_read("a camera's raw picture", "darktable-cli IN OUT.jpg"),
    "tiff_kind": _not_read("a TIFF of a rare kind", "magick IN -depth 8 OUT.png"),
    "photoshop": _not_read("Photoshop", "magick IN[0] OUT.png"),
    "openexr": _not_read("OpenEXR", "magick IN OUT.png"),
    "pdf": _not_read("PDF", "pdftoppm -jpeg IN OUT"),
    "svg": _not_read("SVG", "rsvg-convert -o OUT.png IN"),
    "film": "a film and no picture; name it .mp4 and give it as a source",
    "web_page": "a web page and no picture; download the picture itself",
}
"""What a file is, by its content, whose format is not read: a code, and words with the cure."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg_2000"),
    (b"\xff\x4f\xff\x51", "jpeg_2000"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jpeg_xl"),
    (b"\xff\x0a", "jpeg_xl"),
    (b"FUJIFILMCCD-RAW", "camera_raw"),
    (b"IIRO", "camera_raw"),  # Olympus
    (b"IIRS", "camera_raw"),
    (b"MMOR", "camera_raw"),
    (b"IIU\0", "camera_raw"),  # Panasonic
    (b"II\x1a\0\0\0HEAPCCDR", "camera_raw"),  # Canon's first
    (b"FOVb", "camera_raw"),  # Sigma
    (b"\0MRM", "camera_raw"),  # Minolta
    (b"8BPS", "photoshop"),
    (b"v/1\x01", "openexr"),
    (b"%PDF-", "pdf"),
    (b"\x1aE\xdf\xa3", "film"),  # Matroska, WebM
    (b"\0\0\1\xba", "film"),  # MPEG
)
_BRANDS: tuple[tuple[frozenset[bytes], str], ...] = (
    (frozenset({b"crx "}), "camera_raw"),
    (frozenset({b"avif", b"avis"}), "avif"),
    (frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}), "heic"),
)
"""What the brands of a file of boxes (ISO 14496-12) mean; of any other it is a film."""
_REDUCED, _BELOW, _WIDTH, _PACKING = 254, 330, 256, 259
_RAW_TAGS = frozenset({33421, 33422, 50706})  # the sensor's pattern of colours, DNG's version
_RAW_PACKINGS = frozenset({32767, 34713, 65535})  # Sony, Nikon, Pentax and Samsung
MOST_TAGS = 1000


def is_picture_name(path: Path) -> bool:
    """Whether the file's suffix is that of a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def leads_outside(path: Path, root: Path) -> bool:
    """Whether `path` is a link to what lies outside `root`.

    Whoever made the folder need not be who may read what the link names.
    """
    try:
        return path.is_symlink() and not path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # nowhere, or in a circle: refused when it is read
        return False


def format_of(data: bytes) -> str | None:
    """The code in FORMATS of what a file is, by its first bytes; None: another, or damaged.

    Whether a decoder can read it nevertheless (AVIF) is for the caller to know.
    """
    for start, code in _STARTS:
        if data.startswith(start):
            return code
    if data[4:8] == b"ftyp":
        return _of_boxes(data)
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "film"
    if data[:2] in (b"II", b"MM"):
        return _of_tiff(data)
    words = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if words.startswith((b"<!doctype html", b"<html")):
        return "web_page"
    return "svg" if words.startswith((b"<?xml", b"<svg")) and b"<svg" in words else None


def _of_boxes(data: bytes) -> str:
    length = min(int.from_bytes(data[:4]), len(data), 4096)
    names = {data[8:12], *(data[place : place + 4] for place in range(16, length - 3, 4))}
    return next((code for brands, code in _BRANDS if names & brands), "film")


def _of_tiff(data: bytes) -> str | None:
    """A raw picture calls itself a TIFF, whose own picture is only a small copy."""
    if data[8:10] == b"CR":
        return "camera_raw"
    tags = _tags(data)
    small_copy = tags.get(_REDUCED, 0) & 1 and _BELOW in tags
    if small_copy or tags.keys() & _RAW_TAGS or tags.get(_PACKING) in _RAW_PACKINGS:
        return "camera_raw"
    return "tiff_kind" if _WIDTH in tags else None


def _tags(data: bytes) -> dict[int, int]:
    """The tags of a TIFF's first folder, each with its value, or where that stands."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        _mark, start = struct.unpack_from(order + "HI", data, 2)
        (count,) = struct.unpack_from(order + "H", data, start)
        found: dict[int, int] = {}
        for number in range(min(count, MOST_TAGS)):
            place = start + 2 + 12 * number
            tag, kind, _count = struct.unpack_from(order + "HHI", data, place)
            (found[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place + 8)
    except struct.error:  # it ends before
        return {}
    return found
