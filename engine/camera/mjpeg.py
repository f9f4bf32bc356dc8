"""MJPEG over HTTP, in parts (`multipart/x-mixed-replace`) or plain, read here and not by FFmpeg.

Most cheap network cameras speak it. Every length is bounded before memory is taken, and every
picture has a deadline, whatever the other side sends: FFmpeg would take a picture that never ends
into memory until there is none.
"""

from __future__ import annotations

import http.client
import io
import math
import re
import threading
import time

import numpy as np
from PIL import Image as PillowImage

from engine.camera.http import Answer, broken_off, trouble
from engine.camera.opencv import cv2
from engine.camera.source import (
    MOST_PIXELS,
    USUAL_FPS,
    Image,
    PictureSource,
    SourceInfo,
    as_bgr,
    aspect,
    too_large,
    with_square_pixels,
)
from engine.contract.errors import SourceError, SourceTimeout, SourceUnreadable
from engine.pictures import BARE, END, refuse_costly
from engine.settings import CameraSettings, PictureShape

LONGEST_PICTURE = 16 << 20
"""Bytes of one compressed picture."""
LONGEST_HEAD = 16 << 10
"""Bytes before a picture: boundary, headers, and whatever else a camera sends there."""
MOST_DAMAGED = 10
"""Damaged pictures in a row until the stream counts as lost."""
MOST_SCANNED = 10 * MOST_PIXELS
"""Pixels times scans of a picture. A camera's pictures have one scan, or ten if progressive."""
_DECODER = threading.Lock()
"""One picture at a time is decoded in a process: a stream that was given up may still be at one."""
_START, _BEGINNING = b"\xff\xd8\xff", 0xD8
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""What is neither data nor a restart, which a picture may have at every block."""
_LENGTH = re.compile(rb"(?i)\s*content-length\s*:\s*(\d{1,19})")
_NEAR = 16
"""Bytes after its headers within which a picture begins: there may be a blank line too many."""
_READ = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


class Rubbish(Exception):
    """The bytes are not those of an MJPEG stream."""


class Parts:
    """Cuts the body of an answer into pictures, by the pictures themselves.

    Cameras disagree on everything around them: boundaries are left out, misspelt or sent too late,
    lengths are wrong, blank lines lack. A length only helps to skip what is no picture.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._data = bytearray()

    def next(self) -> bytes:
        """The next picture, or nothing for a part that is none.

        Raises Rubbish, EOFError, OSError, HTTPException.
        """
        length = self._head()
        if length is None:
            return self._take(self._end())
        while len(self._data) < length:
            self._more()
        self._take(length)
        return b""

    def _head(self) -> int | None:
        """Go to the next picture: None. Or to the content of a part that is none: its length."""
        length, taken = 0, 0
        while (start := self._data.find(_START, 0, LONGEST_HEAD)) != 0:
            end = self._data.find(b"\n", 0, LONGEST_HEAD if start < 0 else start)
            if max(start, end) < 0:  # neither a picture nor a whole line
                if taken + len(self._data) > LONGEST_HEAD:
                    raise Rubbish("no picture")
                self._more()
                continue
            line = self._take(start if end < 0 else end + 1)
            taken += len(line)
            if taken > LONGEST_HEAD:
                raise Rubbish("headers without end")
            if line.startswith(b"--"):
                length = 0  # what came before was another part's
            elif stated := _LENGTH.match(line):
                length = int(stated[1])
                if length > LONGEST_PICTURE:
                    raise Rubbish(f"a picture of {length} bytes")
            elif length and not line.strip():
                while len(self._data) < min(length, _NEAR):
                    self._more()
                if _START not in self._data[:_NEAR]:
                    return length
        return None

    def _end(self) -> int:
        """Where the picture ends with which the data begin, or where another begins in it."""
        place = len(_START) - 1
        while place <= LONGEST_PICTURE:
            found = _MARKER.search(self._data, place)
            if found is None:
                place = max(place, len(self._data) - 1)
                self._more()
                continue
            marker, place = found[1][0], found.end()
            if marker == END:
                return place
            if marker == _BEGINNING:
                return found.start()
            if marker not in BARE:
                while len(self._data) < place + 2:
                    self._more()
                place += int.from_bytes(self._data[place : place + 2])
        raise Rubbish("a picture without end")

    def _take(self, count: int) -> bytes:
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    def _more(self) -> None:
        part = self._answer.read()
        if not part:
            raise EOFError
        self._data += part


class MjpegSource(PictureSource):
    """The stream or plain file behind an answer. Opening takes the first picture.

    Raises SourceTimeout if none comes in time, SourceUnreadable if what comes is none.
    """

    def __init__(self, answer: Answer, settings: CameraSettings) -> None:
        self._answer = answer
        self._parts = Parts(answer)
        self._timeout = settings.read_timeout
        self._shape = settings.picture_shape
        try:
            self._first = self._picture(settings.open_timeout)
            if self._first is None:
                raise self._no_pictures("it ends at once")
        except BaseException:
            self.close()
            raise
        height, width = self._first.shape[:2]
        fps = USUAL_FPS if answer.finite else 0.0
        detail = f"MJPEG {width}x{height}"
        live = not answer.finite
        self.info = SourceInfo(answer.text, "stream", live, width, height, fps, detail=detail)

    def _next(self) -> Image | None:
        return self._picture(self._timeout)

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()

    def _picture(self, seconds: float) -> Image | None:
        """The next whole picture, None at a file's end; single damaged ones are passed over."""
        ends = time.monotonic() + seconds
        self._answer.until(ends)
        for _unused in range(MOST_DAMAGED):
            try:
                image = decode(self._parts.next(), ends, self._shape)
            except Rubbish as error:
                raise self._no_pictures(str(error)) from error
            except EOFError as error:
                if self._answer.finite:
                    return None
                raise broken_off(self._answer.text) from error
            except (OSError, http.client.HTTPException) as error:
                raise self._trouble(error, seconds) from error
            if image is not None:
                return image
        raise self._no_pictures(f"{MOST_DAMAGED} damaged pictures")

    def _trouble(self, error: Exception, seconds: float) -> SourceError:
        if isinstance(error, TimeoutError):
            said = f"{self._answer.text} sent no picture for {seconds:.1f} s"
            hint = "Check the camera; allow more time with camera.read_timeout."
            return SourceTimeout("The stream is silent", said, hint)
        if isinstance(error, OSError | http.client.IncompleteRead):
            return broken_off(self._answer.text)
        return trouble(self._answer.text, error, seconds)

    def _no_pictures(self, why: str) -> SourceUnreadable:
        said = f"{self._answer.text} sends something, but no pictures ({why})"
        hint = "Check its path, and the camera itself; try the address in a video player."
        return SourceUnreadable("The stream cannot be played", said, hint)


def decode(data: bytes, ends: float = math.inf, shape: PictureShape = "own") -> Image | None:
    """A JPEG as BGR uint8; None if it is damaged, cut short, of another format, or too large.

    Its pixels are made square, as its own header or else `shape` tells.
    Raises TimeoutError if another picture is still being decoded at `ends` (monotonic clock).
    """
    if b"\xff\xd9" not in data[-1024:]:
        return None  # cut short: the decoder would fill the rest with grey
    try:
        refuse_costly(data, MOST_SCANNED)
        with PillowImage.open(io.BytesIO(data), formats=("JPEG",)) as opened:
            if too_large(*opened.size):
                return None
            # Where the density has a unit, it is that of a print.
            plain = opened.info.get("jfif_unit") == 0
            across, down = opened.info.get("jfif_density", (0, 0)) if plain else (0, 0)
            pixel = aspect(across, down, *opened.size, shape)
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError):
        return None
    left = -1 if math.isinf(ends) else max(0.0, ends - time.monotonic())
    if not _DECODER.acquire(timeout=left):
        raise TimeoutError("another picture is still being decoded")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _READ)
    finally:
        _DECODER.release()
    return with_square_pixels(as_bgr(image), pixel) if image is not None else None
