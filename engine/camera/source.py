"""What kind of source a text names, whether it can be there, and what a source delivers: frames.

Needs no OpenCV and opens no source, so that a misspelt path is said before a network is loaded.
"""

from __future__ import annotations

import os
import re
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from engine.camera.recording_folder import home_of, is_recording, recording_path
from engine.camera.v4l import device_path, trouble
from engine.contract import Event
from engine.contract.errors import SourceDenied, SourceNotFound, SourceUnreadable
from engine.picture_formats import is_picture_name
from engine.settings import PictureShape
from engine.text import mask_credentials

Kind = Literal["webcam", "file", "folder", "stream", "demo", "replay"]
STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")
REMOTE: tuple[Kind, ...] = ("webcam", "stream")
"""Kinds whose reads may hang, and that may go away and come back."""
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def kind_of(text: str) -> Kind:
    """Which kind of source `text` names, without opening it. A single picture is a folder of
    one. Raises SourceNotFound for an empty text and for a URL of an unknown scheme."""
    text = text.strip()
    if not text:
        hint = "Give 0, /dev/video0, a file, a folder, a URL or demo:collins."
        raise SourceNotFound("No source was given", "", hint)
    if text.startswith("demo:"):
        return "demo"
    if is_recording(text):
        return "replay"
    if text.isascii() and text.isdigit():
        return "webcam"
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in STREAM_SCHEMES:
        return "stream"
    if scheme and scheme[1].lower() != "file":
        said = f"{mask_credentials(text)} is a {scheme[1]} address"
        hint = f"Streams are read by {', '.join(STREAM_SCHEMES)}."
        raise SourceNotFound("The source cannot be used", said, hint)
    # /dev/shm holds no devices, it is a disk in memory.
    if text.startswith("/dev/") and not text.startswith("/dev/shm/"):
        return "webcam"
    path = local_path(text)
    return "folder" if os.path.isdir(path) or is_picture_name(path) else "file"


def local_path(text: str) -> Path:
    """The path of a file or folder, `file://` and `~` resolved."""
    if text.lower().startswith("file://"):
        try:
            return Path(unquote(urlsplit(text).path))
        except ValueError:  # a host in brackets that is none
            return Path(text)
    return home_of(text)


def split_address(url: str) -> SplitResult:
    """The parts of a URL with a host and a sound port. Raises SourceNotFound."""
    try:
        parts = urlsplit(url)
        whole = parts.hostname and (parts.port or True)
    except ValueError:
        whole = None
    if not whole:
        raise SourceNotFound(
            "The address is not complete",
            mask_credentials(url),  # never the host alone: an unescaped password may be there
            "Write it as rtsp://host:port/path.",
        )
    return parts


Image = NDArray[np.uint8]
"""BGR, height x width x 3."""
Report = Callable[[Event], None]
MOST_SIDE = 8192
"""Pixels a side of a frame, whatever the source; a larger one is not decoded."""
MOST_PIXELS = 36_000_000
"""Pixels of a frame: 8K (7680x4320) has 33 million."""
USUAL_FPS = 25.0
"""Rate assumed where a film states none."""
MOST_ASPECT = 4.0
"""A pixel is not more than so many times wider than high, or higher than wide; who says so errs."""
SHAPES: dict[PictureShape, float | None] = {"own": None, "4:3": 4 / 3, "16:9": 16 / 9}
"""Width over height of a whole picture."""


def ignore(_event: Event) -> None:
    """A report callback for callers who do not listen."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    `image` is BGR uint8, height x width x 3. `sequence` counts the source's frames from 0, so
    gaps are dropped frames. `seconds` is the source's clock: monotonic arrival time of a live
    source (a Reader counts it from the first frame), position in a file, 0.1 s a picture of a
    folder. `label` is the file's relative path for folders, else `SourceInfo.text`.
    """

    image: Image
    sequence: int
    seconds: float
    label: str


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source as it was opened. Sizes in pixels; `fps` 0 and `frames` None mean unknown."""

    text: str
    kind: Kind
    live: bool
    width: int
    height: int
    fps: float
    demo: bool = False
    frames: int | None = None
    detail: str = ""


class Source(ABC):
    """Anything that delivers frames. Used by one thread at a time."""

    info: SourceInfo
    """The source as it was opened, credentials masked."""
    _ahead: Frame | None = None
    """The frame that was read to open the source."""

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises SourceError."""
        frame, self._ahead = self._ahead, None
        return frame or self._read()

    @abstractmethod
    def _read(self) -> Frame | None:
        """The next frame after what was read ahead."""

    def close(self) -> None:  # noqa: B027 - some hold nothing
        """Release the device or file; may be called twice."""


class PictureSource(Source):
    """Numbers its pictures, of which opening may have taken the first."""

    _first: Image | None = None
    _sequence = 0

    def _read(self) -> Frame | None:
        image, self._first = self._first, None
        if image is None:
            image = self._next()
        if image is None:
            return None
        frame = Frame(image, self._sequence, self._seconds(), self.info.text)
        self._sequence += 1
        return frame

    @abstractmethod
    def _next(self) -> Image | None:
        """The next picture, or None at the end. Raises SourceError."""

    def _seconds(self) -> float:
        """The time of the picture that was just read."""
        if self.info.live:
            return time.monotonic()
        return self._sequence / (self.info.fps or USUAL_FPS)


def too_large(width: float, height: float) -> bool:
    """Whether a frame of this size is not to be decoded."""
    return max(width, height) > MOST_SIDE or width * height > MOST_PIXELS


def as_bgr(image: NDArray[np.generic]) -> Image:
    """`image` as BGR uint8: grey is tripled, alpha dropped (some cameras deliver either)."""
    plain = np.asarray(image, dtype=np.uint8)
    if plain.ndim == 2:
        plain = plain[:, :, np.newaxis]
    if plain.shape[2] == 1:
        plain = np.repeat(plain, 3, axis=2)
    return np.ascontiguousarray(plain[:, :, :3])


def decoded(good: bool, image: NDArray[np.generic] | None) -> Image | None:
    """The answer of OpenCV's `VideoCapture.read` as BGR uint8; None if there is no picture in it.

    It returns False instead of raising, and from a failing device at times an empty picture.
    """
    return as_bgr(image) if good and image is not None and image.size else None


def aspect(
    numerator: float, denominator: float, width: float, height: float, shape: PictureShape
) -> float:
    """A pixel's width over its height, as `numerator` and `denominator` state it (0: they do not).

    `shape` is for a picture of `width` x `height` pixels that states nothing, or 1:1, which
    encoders write unasked. One beyond MOST_ASPECT either way is not believed: 1.
    """
    found = numerator / denominator if numerator > 0 and denominator > 0 else 1.0
    whole = SHAPES[shape]
    if found == 1.0 and whole is not None and width > 0:
        found = whole * height / width
    return found if 1 / MOST_ASPECT <= found <= MOST_ASPECT else 1.0


def with_square_pixels(image: Image, pixel: float) -> Image:
    """`image` (BGR uint8 HxWx3) made wider or higher, so that its pixels are square.

    `pixel` is a pixel's width over its height. Nothing the camera saw is lost, unless the picture
    would become too large: then the other side is made smaller.
    """
    height, width = image.shape[:2]
    across, down = max(pixel, 1.0), max(1 / pixel, 1.0)
    if too_large(width * across, height * down):
        across, down = 1 / down, 1 / across
    size = max(1, round(width * across)), max(1, round(height * down))
    if size == (width, height):
        return image
    # Linear: it makes no edges that nobody has, as the sharper ways do.
    from engine.camera.opencv import cv2  # the app's process reads this module and no picture

    return as_bgr(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR))


def check_source(text: str, *, may_come: bool = False) -> None:
    """Return if `text` may be a source; opening it can still fail.

    A device's file must be there unless it `may_come`, of a URL only the shape is looked at, and
    of a demo nothing. Raises SourceNotFound, SourceDenied, SourceUnreadable.
    """
    kind = kind_of(text)
    if kind == "stream":
        split_address(text.strip())
    elif kind == "webcam":
        path = device_path(text.strip())
        try:
            path.stat()
        except OSError as error:
            if not may_come:
                raise trouble(path, error) from error
    elif kind == "file":
        check_file(local_path(text.strip()))
    elif kind in ("folder", "replay"):
        path = recording_path(text.strip()) if kind == "replay" else local_path(text.strip())
        check_there(path)


def check_there(path: Path) -> None:
    """Return if `path` is there and may be read. Raises SourceNotFound, SourceDenied."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except PermissionError as error:
        hint = f"Check the permissions: ls -ld {path}"
        raise SourceDenied("The pictures may not be read", str(path), hint) from error
    except (OSError, ValueError) as error:
        hint = "Check the path, relative to here."
        raise SourceNotFound("There is no such file or folder", str(path), hint) from error


def check_file(path: Path) -> None:
    """Raise the typed cause why `path` cannot be a video file; return if it may be one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise SourceUnreadable(
                "This is not a file", str(path), "Give a video file, a folder or a device."
            )
        with path.open("rb") as file:
            head = file.read(1024)
    except PermissionError as error:
        raise SourceDenied(
            "The file may not be read", str(path), f"Check its permissions: ls -l {path}"
        ) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceNotFound(
            "There is no such file", str(path), "Check the path, relative to the current folder."
        ) from error
    except (OSError, ValueError) as error:
        raise SourceUnreadable("The file cannot be read", f"{path}: {error}") from error
    if not head:
        raise SourceUnreadable(
            "The file is empty", f"{path} has 0 bytes", "Copy or record it again."
        )
    # No video begins without control bytes, and FFmpeg would render text as a film of letters.
    if not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        raise SourceUnreadable(
            "The file is not a video", f"{path} holds text", "Give a video file or a folder."
        )
