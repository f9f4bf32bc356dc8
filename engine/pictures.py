"""The one picture codec: photographs in, aligned crops in and out.

Size and structure are checked before a decoder sees them, by every way in: photographs, crops,
frames of MJPEG and of recordings. A file of a few hundred bytes may claim gigapixels; each scan of
a progressive JPEG costs a walk over the whole picture and a dozen bytes, and Pillow keeps a Python
object for every empty segment, chunk and comment. Pillow decodes, as it reports a truncated file
instead of filling it with grey.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError, features

from engine.contract.errors import DataError, SealBroken
from engine.picture_formats import FORMATS, format_of
from engine.shortage import refuse_shortage
from engine.workspace.files import open_regular
from engine.workspace.owner import whose
from engine.workspace.vault.opened import plain as unsealed

MOST_SCANS = 100
"""Scans of a JPEG. Encoders make ten or so; libtiff has the same limit for JPEG in a TIFF."""
MOST_SCANNED = 2_000_000_000
"""Pixels times scans of a JPEG: 25 scans of the largest photograph, some seconds of work."""
MOST_BLOCKS = 10_000
"""Segments, chunks or extensions beside the picture itself. A profile has 255 at most."""
MOST_SKIPPED = 1_000_000
"""Bytes of a JPEG that are no marker and stand before its picture: Pillow takes each by itself."""
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
    place, segments, pixels, scans, skipped = 2, 0, 0, 0, 0

    def few(scans: int) -> bool:
        return scans <= MOST_SCANS and scans * pixels <= most_scanned

    def skip(count: int) -> None:
        nonlocal skipped
        skipped += 0 if scans else max(0, count)
        if skipped > MOST_SKIPPED:
            raise Costly("it has more padding than any photograph")

    while found := _MARKER.search(data, place):
        skip(found.start() - place)
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
    skip(len(data) - place)


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


CROP = 160
"""Width and height of an aligned crop, pixels."""

MOST_BYTES = 100_000_000
"""A larger photograph file is not opened."""
LARGEST_CROP = 1_000_000
"""A crop's file has 77 kB and its seal at most; a larger one is not ours."""
MOST_PIXELS = 80_000_000
"""A photograph of more pixels is not decoded."""

LEAST_MEMORY = 8_000_000
"""Bytes that a decoder may take whatever the picture."""
BYTES_A_PIXEL = 12
"""What Pillow and the copies made of its picture hold at once."""

ROWS = 256
"""Rows of a picture of more than 8 bits that are scaled at once."""

# Nothing but these is parsed, whatever a file's name says: every decoder is an attack surface.
# Pillow opens MPO as JPEG.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM", "AVIF")
_HOLD_MANY = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
"""Formats whose files may hold several pictures of equal rank; an MPO has previews beside one."""
_WHITES = ((1.5, 1), (255, 255), (1023, 1023), (4095, 4095), (16383, 16383), (65535, 65535))
"""Up to which value what stands for white: in fractions (which overshoot where they were
sharpened), and in 8, 10, 12, 14 and 16 bits."""
_SAMPLE = 1 << 20
"""Pixels that are looked at to tell the scale of a picture."""


class Unreadable(DataError):
    """A picture file that cannot be used.

    `reason` is `unreadable` (broken), `too_large`, `denied` (this user may not read it), or of a
    format that is not read its code in `picture_formats.FORMATS`.
    """

    def __init__(
        self, title: str, message: str = "", hint: str = "", reason: str = "unreadable"
    ) -> None:
        super().__init__(title, message, hint)
        self.reason = reason


def read_photograph(path: Path, tell: Callable[[str], None] | None = None) -> NDArray[np.uint8]:
    """Decode a photograph to BGR uint8 HxWx3.

    The EXIF orientation is applied, grey becomes three channels, other depths become 8 bits,
    alpha is dropped, and of an animation the first picture is taken; `tell` hears of that, as a
    sentence about `the file`. Signals are handled meanwhile.
    Raises Unreadable: `too_large` above MOST_BYTES or MOST_PIXELS, or what `refuse_costly`
    refuses (all before decoding), the format's code for one that is not read, else `unreadable`.
    Raises OutOfMemory.
    """
    data = _contents(path)
    image = _aside(lambda: _decode(path, data))
    if tell is not None and _holds_many(data):
        tell("of its several pictures only the first is used")
    return np.ascontiguousarray(image[..., ::-1])


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """A crop (RGB uint8 HxWx3) as a lossless PNG without any metadata."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"expected RGB uint8 HxWx3, got {rgb.dtype} {rgb.shape}")
    buffer = io.BytesIO()
    # Level 3 costs a fifth of level 9's time for 3 % larger files.
    Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def decode_crop(path: Path) -> NDArray[np.uint8]:
    """Read a crop written by `encode_png`: RGB uint8 160x160x3, C-contiguous.

    Raises Unreadable, with person's folder and session, if the file is anything else, VaultLocked,
    OutOfMemory.
    """
    try:
        return _crop(path)
    except Unreadable as error:
        if error.reason == "denied":
            why, command = whose(path)
            said = ", ".join(filter(None, (error.message, why)))
            raise Unreadable(error.title, said, command or error.hint, error.reason) from error
        title = f"{'/'.join(path.parts[-3:])} cannot be read as a picture"
        hint = "Delete that picture, or restore it from a backup."
        raise Unreadable(title, error.message, hint, error.reason) from error


def _crop(path: Path) -> NDArray[np.uint8]:
    try:
        data = unsealed(path, _contents(path, LARGEST_CROP))
    except SealBroken as error:
        raise _broken(path, error.message) from error
    try:
        refuse_costly(data)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            if opened.size != (CROP, CROP) or opened.mode != "RGB":
                raise _broken(path, f"it is {opened.size[0]}x{opened.size[1]} {opened.mode}")
            return np.array(opened, dtype=np.uint8)
    except _DECODING_ERRORS as error:
        _refuse_shortage(error, path, CROP * CROP)
        raise _broken(path, str(error)) from error


_DECODING_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, KeyError, TypeError,
    AttributeError, MemoryError, ArithmeticError, RuntimeError, struct.error, zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's decoders are known to raise over damaged files."""


def _aside(work: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The result of `work`, done in a thread while the main thread handles signals.

    Python handles them between its own instructions, so that Ctrl+C would wait for the decoder.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    done: Future[NDArray[np.uint8]] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="facedesk-picture", daemon=True).start()
    return done.result()


def _contents(path: Path, most: int = MOST_BYTES) -> bytes:
    """The file's bytes, if it is a regular file of at most so many bytes."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise _too_large(path, f"it has {size / 1e6:.0f} MB")
            return file.read(size)
    except PermissionError as error:
        raise Unreadable(
            "A picture may not be read",
            f"{path}: permission denied",
            "Check its owner and permissions.",
            reason="denied",
        ) from error
    except (OSError, MemoryError) as error:
        refuse_shortage(error)
        raise _broken(path, os.strerror(getattr(error, "errno", 0) or 0)) from error


def _holds_many(data: bytes) -> bool:
    """Whether a picture that could be decoded is the first of several: an animation, or pages."""
    with contextlib.suppress(*_DECODING_ERRORS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data), formats=_HOLD_MANY) as opened:
            return bool(getattr(opened, "is_animated", False))
    return False


def _decode(path: Path, data: bytes) -> NDArray[np.uint8]:
    """RGB uint8 HxWx3 of an encoded photograph."""
    format_ = format_of(data)
    if format_ == "camera_raw":  # whose small copy Pillow would take
        raise _not_read(path, format_)
    pixels = 0
    try:
        with warnings.catch_warnings():
            # Pillow warns on standard error about what is refused just below.
            warnings.simplefilter("ignore")
            refuse_costly(data)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                width, height = opened.size
                pixels = width * height
                if pixels > MOST_PIXELS:
                    raise _too_large(path, f"it claims {width}x{height} pixels")
                opened.load()
                # In place: a copy of the largest photograph would be 240 MB more.
                ImageOps.exif_transpose(opened, in_place=True)
                return _eight_bit_rgb(opened)
    except Costly as error:
        raise _too_large(path, str(error)) from error
    except Image.DecompressionBombError as error:
        raise _too_large(path, "it claims more pixels than any photograph has") from error
    except _DECODING_ERRORS as error:
        _refuse_shortage(error, path, pixels)
        known = isinstance(error, UnidentifiedImageError)
        if format_ is not None and known and not (format_ == "avif" and features.check("avif")):
            raise _not_read(path, format_) from error
        why = "it is no picture, or its beginning is damaged" if known else str(error)
        raise _broken(path, why) from error


def _refuse_shortage(error: Exception, path: Path, pixels: int) -> None:
    """Raise OutOfMemory if a sound picture of so many pixels could not have been decoded either."""
    what = f"decoding {path.name}"
    refuse_shortage(error, what, LEAST_MEMORY + pixels * BYTES_A_PIXEL)


def _eight_bit_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Any of Pillow's modes as RGB uint8; Pillow itself would clip 16 bits instead of scaling."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        return np.asarray(rgb, dtype=np.uint8)
    deep = np.asarray(image)
    # These two formats say themselves what white is, and Pillow heeds it.
    black, white = (0.0, 65535.0) if image.format in ("PNG", "PPM") else _scale(deep)
    step = 255 / (white - black)
    made = np.empty((*deep.shape, 3), np.uint8)
    for row in range(0, len(deep), ROWS):  # as a whole it would be eight times the picture
        part = (deep[row : row + ROWS].astype(np.float64) - black) * step
        made[row : row + ROWS] = np.clip(np.nan_to_num(part), 0, 255).round()[..., None]
    return made


def _scale(deep: NDArray[np.generic]) -> tuple[float, float]:
    """The values of black and white in a picture (HxW) of more than 8 bits, which says neither.

    White is the first of _WHITES that the picture fits below; a few pixels may be above it.
    """
    every = max(1, math.isqrt(deep.size // _SAMPLE + 1))
    some = deep[::every, ::every].astype(np.float64)
    some = some[np.isfinite(some)]
    if not some.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(some, (0.1, 99.9)))
    whites = _WHITES if np.issubdtype(deep.dtype, np.floating) else _WHITES[1:]
    white = next((white for most, white in whites if high <= most), None)
    if white is not None and low >= -0.1 * high:
        return 0.0, float(white)
    return low, max(high, low + 1e-9)


def _not_read(path: Path, code: str) -> Unreadable:
    hint = "The file itself need not be damaged."
    return Unreadable(f"{path.name} cannot be used as it is", FORMATS[code], hint, code)


def _broken(path: Path, why: str) -> Unreadable:
    hint = "Open it in a picture viewer; if that fails too, the file is damaged."
    return Unreadable(f"{path.name} cannot be read as a picture", why, hint)


def _too_large(path: Path, why: str) -> Unreadable:
    most = f"{MOST_BYTES // 1_000_000} MB and {MOST_PIXELS // 1_000_000} megapixels"
    hint = f"Pictures may have up to {most}; reduce it first."
    return Unreadable(f"{path.name} is too large", why, hint, "too_large")
