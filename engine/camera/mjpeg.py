"""MJPEG over HTTP (`multipart/x-mixed-replace`), read here and not by FFmpeg.

Most cheap network cameras speak it. Every length is bounded before memory is taken, and every
picture has a deadline, whatever the other side sends: FFmpeg would take a picture that never ends
into memory until there is none.
"""

from __future__ import annotations

import http.client
import io
import math
import threading
import time

import numpy as np
from PIL import Image as PillowImage

from engine.camera.frame import MOST_PIXELS, Frame, Image, SourceInfo, as_bgr, too_large
from engine.camera.http_get import Answer, trouble
from engine.camera.quiet import cv2
from engine.errors import SourceError, SourceTimeout, SourceUnreadable
from engine.i18n import _
from engine.picture_cost import refuse_costly
from engine.settings import CameraSettings

LONGEST_PICTURE = 16 << 20
"""Bytes of one compressed picture."""
LONGEST_HEAD = 16 << 10
"""Bytes before a picture: the boundary and its headers."""
MOST_DAMAGED = 10
"""Damaged pictures in a row until the stream counts as lost."""
MOST_SCANNED = 10 * MOST_PIXELS
"""Pixels times scans of a picture. A camera's pictures have one scan, or ten if progressive."""
_DECODER = threading.Lock()
"""One picture at a time is decoded in a process: a stream that was given up may still be at one."""
_READ = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


class Rubbish(Exception):
    """The bytes are not those of an MJPEG stream."""


class Parts:
    """Cuts the body of an answer into its parts."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # Cameras disagree on whether the dashes belong to the boundary.
        self._mark = b"--" + answer.boundary.strip("-").encode("latin-1", "replace")
        self._data = bytearray()

    def next(self) -> bytes:
        """The next part's content. Raises Rubbish, EOFError, OSError, HTTPException."""
        length = self._head()
        if length is None:
            end = self._find(self._mark, LONGEST_PICTURE)
            # The next head begins with this mark, so it stays.
            return self._take(end).rstrip(b"-").removesuffix(b"\r\n")
        if length > LONGEST_PICTURE:
            raise Rubbish(f"a picture of {length} bytes")
        while len(self._data) < length:
            self._more()
        return self._take(length)

    def _head(self) -> int | None:
        """Go to the next part's content; its length, if the camera says it."""
        start = self._find(self._mark, LONGEST_HEAD)
        self._take(start + len(self._mark))
        self._find(b"\n", LONGEST_HEAD)
        end = self._find_blank_line()
        length: int | None = None
        for line in self._take(end).splitlines():
            name, _colon, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                if not value.strip().isdigit() or len(value) > 20:
                    raise Rubbish("a length that is none")
                length = int(value)
        return length

    def _find_blank_line(self) -> int:
        """Where the content begins."""
        looked = 0
        while True:
            for blank in (b"\r\n\r\n", b"\n\n"):
                place = self._data.find(blank, max(0, looked - 3))
                if place >= 0:
                    return place + len(blank)
            looked = len(self._data)
            if looked > LONGEST_HEAD:
                raise Rubbish("headers without end")
            self._more()

    def _find(self, what: bytes, most: int) -> int:
        """Where `what` is, within the next `most` bytes."""
        looked = 0
        while (place := self._data.find(what, max(0, looked - len(what) + 1))) < 0:
            looked = len(self._data)
            if looked > most:
                raise Rubbish("no boundary")
            self._more()
        return place

    def _take(self, count: int) -> bytes:
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken

    def _more(self) -> None:
        part = self._answer.read()
        if not part:
            raise EOFError
        self._data += part


class MjpegSource:
    """The stream behind an answer. Opening takes the first picture.

    Raises SourceTimeout if none comes in time, SourceUnreadable if what comes is none.
    """

    def __init__(self, answer: Answer, settings: CameraSettings) -> None:
        self._answer = answer
        self._parts = Parts(answer)
        self._timeout = settings.read_timeout
        self._sequence = 0
        try:
            self._first: Image | None = self._picture(settings.open_timeout)
        except BaseException:
            self.close()
            raise
        height, width = self._first.shape[:2]
        self._info = SourceInfo(
            text=answer.text,
            kind="stream",
            live=True,
            width=width,
            height=height,
            fps=0.0,
            detail=f"MJPEG {width}x{height}",
        )

    @property
    def info(self) -> SourceInfo:
        """What was opened, the credentials masked. The rate is not known."""
        return self._info

    def read(self) -> Frame:
        """The next picture. Raises SourceTimeout, SourceUnreadable."""
        image, self._first = self._first, None
        if image is None:
            image = self._picture(self._timeout)
        frame = Frame(image, self._sequence, time.monotonic(), self._answer.text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()

    def _picture(self, seconds: float) -> Image:
        """The next whole picture; single damaged ones are passed over."""
        ends = time.monotonic() + seconds
        self._answer.until(ends)
        for _unused in range(MOST_DAMAGED):
            try:
                image = decode(self._parts.next(), ends)
            except Rubbish as error:
                raise self._no_pictures(str(error)) from error
            except EOFError as error:
                raise self._broken() from error
            except (OSError, http.client.HTTPException) as error:
                raise self._trouble(error, seconds) from error
            if image is not None:
                return image
        raise self._no_pictures(_("{count} damaged pictures").format(count=MOST_DAMAGED))

    def _trouble(self, error: Exception, seconds: float) -> SourceError:
        if isinstance(error, TimeoutError):
            return SourceTimeout(
                _("The stream is silent"),
                _("{address} sent no picture for {waited:.1f} s").format(
                    address=self._answer.text, waited=seconds
                ),
                _("Check the camera; allow more time with camera.read_timeout."),
            )
        if isinstance(error, OSError | http.client.IncompleteRead):
            return self._broken()
        return trouble(self._answer.text, error, seconds)

    def _broken(self) -> SourceUnreadable:
        return SourceUnreadable(
            _("The stream broke off"), self._answer.text, _("Check the camera's power and network.")
        )

    def _no_pictures(self, why: str) -> SourceUnreadable:
        return SourceUnreadable(
            _("The stream cannot be played"),
            _("{address} sends something, but no pictures ({why})").format(
                address=self._answer.text, why=why
            ),
            _("Check its path, and the camera itself; try the address in a video player."),
        )


def decode(data: bytes, ends: float = math.inf) -> Image | None:
    """A JPEG as BGR uint8; None if it is damaged, cut short, of another format, or too large.

    Raises TimeoutError if another picture is still being decoded at `ends` (monotonic clock).
    """
    if b"\xff\xd9" not in data[-1024:]:
        return None  # cut short: the decoder would fill the rest with grey
    try:
        refuse_costly(data, MOST_SCANNED)
        with PillowImage.open(io.BytesIO(data), formats=("JPEG",)) as opened:
            if too_large(*opened.size):
                return None
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError):
        return None
    left = -1 if math.isinf(ends) else max(0.0, ends - time.monotonic())
    if not _DECODER.acquire(timeout=left):
        raise TimeoutError("another picture is still being decoded")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _READ)
    finally:
        _DECODER.release()
    return as_bgr(image) if image is not None else None
