"""The one picture codec: photographs in, aligned crops in and out.

Size and structure are checked before anything is decoded, for a file of a few hundred bytes may
claim gigapixels, or thousands of scans. Pillow decodes, as it reports a truncated file instead of
filling it with grey.
"""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from engine.errors import DataError, SealBroken
from engine.files import open_regular, whose
from engine.i18n import _
from engine.picture_cost import Costly, refuse_costly
from engine.vault.opened import plain as unsealed

CROP = 160
"""Width and height of an aligned crop, pixels."""

MOST_BYTES = 100_000_000
"""A larger photograph file is not opened."""
LARGEST_CROP = 1_000_000
"""A crop's file has 77 kB and its seal at most; a larger one is not ours."""
MOST_PIXELS = 80_000_000
"""A photograph of more pixels is not decoded."""

ROWS = 256
"""Rows of a picture of more than 8 bits that are scaled at once."""

# Nothing but these is parsed, whatever a file's name says: every decoder is an attack surface.
# Pillow opens MPO as JPEG.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM", "AVIF")

Reason = Literal["unreadable", "too_large", "denied"]


class Unreadable(DataError):
    """A picture file that cannot be used; `reason` says whether it is broken, too large, or this
    user may not read it."""

    def __init__(
        self, title: str, message: str = "", hint: str = "", reason: Reason = "unreadable"
    ) -> None:
        super().__init__(title, message, hint)
        self.reason: Reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str]]:  # type: ignore[override]
        return type(self), (self.title, self.message, self.hint, self.reason)


def read_photograph(path: Path) -> NDArray[np.uint8]:
    """Decode a photograph to BGR uint8 HxWx3.

    The EXIF orientation is applied, grey becomes three channels, 16 bits become 8, alpha is
    dropped, and of an animation the first picture is taken. Signals are handled meanwhile.
    Raises Unreadable: `too_large` above MOST_BYTES or MOST_PIXELS, or what `picture_cost`
    refuses (all before decoding), else `unreadable`.
    """
    data = _contents(path)
    image = _aside(lambda: _decode(path, data))
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

    Raises Unreadable, with person's folder and session, if the file is anything else, VaultLocked.
    """
    try:
        return _crop(path)
    except Unreadable as error:
        if error.reason == "denied":
            why, command = whose(path)
            raise Unreadable(
                error.title,
                ", ".join(filter(None, (error.message, why))),
                command or error.hint,
                error.reason,
            ) from error
        raise Unreadable(
            _("{name} cannot be read as a picture").format(name="/".join(path.parts[-3:])),
            error.message,
            _("Delete that picture (`facedesk people delete`), or restore it from a backup."),
            error.reason,
        ) from error


def _crop(path: Path) -> NDArray[np.uint8]:
    try:
        data = unsealed(path, _contents(path, LARGEST_CROP))
    except SealBroken as error:
        raise _broken(path, error.message) from error
    try:
        refuse_costly(data)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            if opened.size != (CROP, CROP) or opened.mode != "RGB":
                raise _broken(
                    path,
                    _("it is {width}x{height} {mode}").format(
                        width=opened.size[0], height=opened.size[1], mode=opened.mode
                    ),
                )
            return np.array(opened, dtype=np.uint8)
    except _DECODING_ERRORS as error:
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
    made: list[NDArray[np.uint8]] = []
    failed: list[BaseException] = []
    over = threading.Event()

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            over.set()

    threading.Thread(target=run, name="facedesk-picture", daemon=True).start()
    over.wait()
    if failed:
        raise failed[0]
    return made[0]


def _contents(path: Path, most: int = MOST_BYTES) -> bytes:
    """The file's bytes, if it is a regular file of at most so many bytes."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise _too_large(path, _("it has {megabytes:.0f} MB").format(megabytes=size / 1e6))
            return file.read(size)
    except PermissionError as error:
        raise Unreadable(
            _("A picture may not be read"),
            _("{path}: permission denied").format(path=path),
            _("Check its owner and permissions."),
            reason="denied",
        ) from error
    except OSError as error:
        raise _broken(path, os.strerror(error.errno or 0)) from error


def _decode(path: Path, data: bytes) -> NDArray[np.uint8]:
    """RGB uint8 HxWx3 of an encoded photograph."""
    try:
        with warnings.catch_warnings():
            # Pillow warns on standard error about what is refused just below.
            warnings.simplefilter("ignore")
            refuse_costly(data)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS:
                    raise _too_large(
                        path,
                        _("it claims {width}x{height} pixels").format(width=width, height=height),
                    )
                opened.load()
                # In place: a copy of the largest photograph would be 240 MB more.
                ImageOps.exif_transpose(opened, in_place=True)
                return _eight_bit_rgb(opened)
    except Costly as error:
        raise _too_large(path, str(error)) from error
    except Image.DecompressionBombError as error:
        raise _too_large(path, _("it claims more pixels than any photograph has")) from error
    except _DECODING_ERRORS as error:
        raise _broken(path, str(error)) from error


def _eight_bit_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Any of Pillow's modes as RGB uint8; Pillow itself would clip 16 bits instead of scaling."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        return np.asarray(rgb, dtype=np.uint8)
    deep = np.asarray(image)
    low, high = float(deep.min()), float(deep.max())
    start, step = 0.0, 1.0
    if image.mode.startswith("I;16") or (low >= 0 and 255 < high <= 65535):
        step = 1 / 257
    elif low < 0 or high > 255:
        start, step = low, 255 / max(high - low, 1e-9)
    made = np.empty((*deep.shape, 3), np.uint8)
    for row in range(0, len(deep), ROWS):  # as a whole it would be eight times the picture
        part = (deep[row : row + ROWS].astype(np.float64) - start) * step
        made[row : row + ROWS] = np.clip(np.nan_to_num(part), 0, 255).round()[..., None]
    return made


def _broken(path: Path, why: str) -> Unreadable:
    return Unreadable(
        _("{name} cannot be read as a picture").format(name=path.name),
        why,
        _("Open it in a picture viewer; if that fails too, the file is damaged."),
    )


def _too_large(path: Path, why: str) -> Unreadable:
    return Unreadable(
        _("{name} is too large").format(name=path.name),
        why,
        _(
            "Pictures may have up to {megabytes} MB and {megapixels} megapixels; reduce it first."
        ).format(megabytes=MOST_BYTES // 1_000_000, megapixels=MOST_PIXELS // 1_000_000),
        "too_large",
    )
