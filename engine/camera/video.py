"""Films by OpenCV's FFmpeg: what it may open, and a video file as a source.

A playlist, a script of `concat` or a description of a session may name any file or address, and
FFmpeg finds such by what a file holds, whatever its name says: so it is given the kinds of file we
read. It decodes pictures of any size, some to find out what a stream is, and the size may change
at any picture: so its memory is limited from within, and every size is looked at.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from engine import machine
from engine.camera.opencv import cv2
from engine.camera.source import (
    MOST_PIXELS,
    USUAL_FPS,
    Image,
    PictureSource,
    Report,
    SourceInfo,
    aspect,
    check_file,
    decoded,
    ignore,
    too_large,
    with_square_pixels,
)
from engine.contract import Notice
from engine.contract.errors import SourceUnreadable
from engine.settings import PictureShape

OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""Environment variable that OpenCV hands on to FFmpeg each time it opens something."""
FORMATS = (
    "mov", "matroska", "webm", "avi", "mpeg", "mpegvideo", "mpegts", "m4v", "mjpeg", "mpjpeg",
    "flv", "asf", "ogg", "ivf", "yuv4mpegpipe", "h264", "hevc", "av1", "obu", "mxf", "nut", "dv",
    "gif", "apng", "rm", "wtv", "swf", "vc1", "3gp", "mp4",
)  # fmt: skip
"""Containers and plain streams that hold their pictures themselves."""
FILE = "file"
HTTP = "http,https,tcp,tls"
OPENING = MOST_PIXELS + (1 << 20)
"""Bytes that FFmpeg may take at once while it finds out what a stream is: a plane of MOST_PIXELS.
It keeps up to 17 pictures of three planes."""
THREADS = 4
"""Threads of a decoder at most; each holds pictures of its own."""
SMALLEST = 24 << 20
"""Bytes that it may take at once afterwards, however small the pictures are said to be."""
RTSP = "rtsp,rtsps,rtp,rtcp,srtp,srtcp,udp,tcp,tls"
Transport = Literal["tcp", "udp", "either"]
TRANSPORTS: Mapping[Transport, Mapping[str, str]] = {
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
    "either": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},
}
"""FFmpeg's options. `either` asks for UDP where the camera says that it does not support TCP; to
cameras that say so otherwise only `udp` is of use."""


def limit_memory(most: int) -> bool:
    """Have FFmpeg refuse larger pieces of memory, in all of this process; whether that was done.

    OpenCV hands no such option on to decoders, so FFmpeg's library itself is called.
    """
    with (
        contextlib.suppress(OSError, AttributeError),
        open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as loaded,
    ):
        found = next((line.split(maxsplit=5)[5] for line in loaded if "/libavutil" in line), None)
        if found is not None:
            ctypes.CDLL(found.strip()).av_max_alloc(ctypes.c_size_t(most))
            return True
    return False


class Film:
    """What FFmpeg opened, or could not open. Its pictures have square pixels.

    `stated` is their size as the container says it, "704x288"; `fps` (0: unknown) and `frames`
    (None: unknown) are the container's too.
    """

    def __init__(self, capture: cv2.VideoCapture, shape: PictureShape) -> None:
        self._capture = capture
        self.open = capture.isOpened()
        width = self._number(cv2.CAP_PROP_FRAME_WIDTH)
        height = self._number(cv2.CAP_PROP_FRAME_HEIGHT)
        self.stated = f"{width:.0f}x{height:.0f}"
        fps, count = self._number(cv2.CAP_PROP_FPS), self._number(cv2.CAP_PROP_FRAME_COUNT)
        self.fps = fps if 0 < fps <= 1000 else 0.0
        self.frames = int(count) if 0 < count < 1e9 else None
        stated = self._number(cv2.CAP_PROP_SAR_NUM), self._number(cv2.CAP_PROP_SAR_DEN)
        if self._number(cv2.CAP_PROP_ORIENTATION_META) % 180 == 90:
            stated = stated[::-1]  # said of the picture before OpenCV turned it
        self._aspect = aspect(*stated, width, height, shape)

    def picture(self) -> Image | None:
        """The next picture (BGR uint8 HxWx3); None at the end, or if there is none."""
        image = decoded(*self._capture.read())
        return None if image is None else with_square_pixels(image, self._aspect)

    @property
    def milliseconds(self) -> float:
        """Position of the last picture; may be no number at all."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC))

    def size(self, image: Image) -> str:
        """The size of a picture in words, with the stated one where the two differ."""
        height, width = image.shape[:2]
        plain = f"{width}x{height}"
        return plain if plain == self.stated else f"{self.stated} shown as {plain}"

    def close(self) -> None:
        """Close file or connection; may be called twice."""
        self._capture.release()

    def _number(self, key: int) -> float:
        """A property; 0 if it is no finite number."""
        value = float(self._capture.get(key))
        return value if math.isfinite(value) else 0.0


def opened(
    target: str,
    protocols: str,
    shown: str,
    shape: PictureShape,
    limits: Sequence[int] = (),
    transport: Transport = "tcp",
) -> Film:
    """A path or URL, opened over these protocols or not open.

    `shape` is for a film that states none of its own, `transport` for RTSP. What an operator has
    set in the environment wins. `shown` is how errors call it. Raises SourceUnreadable, before any
    picture is read, if it says that they are too large.
    """
    limit_memory(OPENING)
    theirs = os.environ.get(OPTIONS)
    if theirs is None:
        formats = ("rtsp", "rtp", "mpegts", "asf") if protocols == RTSP else FORMATS
        given = {
            "protocol_whitelist": protocols,
            "format_whitelist": ",".join(formats),
            "max_redirects": "0",
            **TRANSPORTS[transport],
        }
        os.environ[OPTIONS] = "|".join(f"{key};{value}" for key, value in given.items())
    try:
        # It reads the variable first. No process of ours opens two sources at the same time.
        most = [*limits, cv2.CAP_PROP_N_THREADS, min(THREADS, machine.usable_cores())]
        capture = cv2.VideoCapture(target, cv2.CAP_FFMPEG, most)
    finally:
        if theirs is None:
            os.environ.pop(OPTIONS, None)
    width = capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    height = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if too_large(width, height):
        capture.release()
        said = f"{shown} has {width:.0f}x{height:.0f} pixels"
        hint = "Films and streams may have 8K (7680x4320); reduce it first."
        raise SourceUnreadable("The pictures are too large", said, hint)
    # OpenCV gives every picture in this size, but decodes what comes: it must not become larger.
    limit_memory(max(SMALLEST, 4 * int(width * height) + (1 << 20)))
    return Film(capture, shape)


SHORT = 0.9
"""Share of its announced frames, at times an estimate, before which a file's end is reported."""


class VideoFileSource(PictureSource):
    """A video file. `info.frames` and `fps` are the container's; `read` gives every frame.

    `shape` is that of its pictures where the container states none.

    Raises SourceNotFound, SourceDenied, SourceUnreadable (empty, a folder, not a video, too large).
    """

    def __init__(self, path: Path, report: Report = ignore, shape: PictureShape = "own") -> None:
        self._path = path
        self._report = report
        check_file(path)
        self._film = opened(str(path), FILE, str(path), shape)
        self._first = self._film.picture() if self._film.open else None
        if self._first is None:
            self.close()
            said = f"{path} holds no video that can be decoded"
            hint = "Check it with another player, or convert it to MP4 (H.264)."
            raise SourceUnreadable("The file cannot be played", said, hint)
        self._last = -1.0
        height, width = self._first.shape[:2]
        fps, frames = self._film.fps, self._film.frames
        detail = f"{self._film.size(self._first)} {fps:g} fps"
        self.info = SourceInfo(
            str(path), "file", False, width, height, fps, frames=frames, detail=detail
        )

    def _next(self) -> Image | None:
        image = self._film.picture()
        if image is None and self._sequence < SHORT * (self.info.frames or 0):
            text = (
                f"{self._path} ended after {self._sequence} of {self.info.frames} frames: "
                "it is damaged or incomplete"
            )
            self._report(Notice(text=text, level="warning"))
        return image

    def _seconds(self) -> float:
        """The container's time stamp, else frame number over rate; it never goes back."""
        stamp = self._film.milliseconds / 1000
        if not math.isfinite(stamp) or stamp <= self._last:
            step = 1 / (self._film.fps or USUAL_FPS)
            stamp = max(self._sequence * step, self._last + step) if self._sequence else 0.0
        self._last = stamp
        return stamp

    def close(self) -> None:
        """Close the file."""
        self._film.close()
