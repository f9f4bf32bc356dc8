"""OpenCV's FFmpeg, told what it may open: the kinds of file we read, and nothing they refer to.

A playlist, a script of `concat` or a description of a session may name any file or address, and
FFmpeg finds such by what a file holds, whatever its name says. It decodes pictures of any size,
some to find out what a stream is, and the size may change at any picture: so its memory is limited
from within, and every size is looked at.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Sequence

from engine import threads
from engine.camera.frame import MOST_PIXELS, too_large
from engine.camera.quiet import cv2
from engine.errors import SourceUnreadable
from engine.i18n import _

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


def limit_memory(most: int) -> bool:
    """Have FFmpeg refuse larger pieces of memory, in all of this process; whether that was done.

    OpenCV hands no such option on to decoders, so FFmpeg's library is told itself.
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


def opened(target: str, protocols: str, shown: str, limits: Sequence[int] = ()) -> cv2.VideoCapture:
    """A capture of a path or URL, opened over these protocols or not open.

    What an operator has set in the environment wins. `shown` is how errors call it. Raises
    SourceUnreadable, before any picture is read, if it says that they are too large.
    """
    limit_memory(OPENING)
    theirs = os.environ.get(OPTIONS)
    if theirs is None:
        formats = ("rtsp", "rtp", "mpegts", "asf") if protocols == RTSP else FORMATS
        given = {
            "protocol_whitelist": protocols,
            "format_whitelist": ",".join(formats),
            "max_redirects": "0",
            "rtsp_transport": "tcp",  # OpenCV's own default, which ours replace
        }
        os.environ[OPTIONS] = "|".join(f"{key};{value}" for key, value in given.items())
    try:
        # It reads the variable first. No process of ours opens two sources at the same time.
        most = [*limits, cv2.CAP_PROP_N_THREADS, min(THREADS, threads.usable_cores())]
        capture = cv2.VideoCapture(target, cv2.CAP_FFMPEG, most)
    finally:
        if theirs is None:
            os.environ.pop(OPTIONS, None)
    width = capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    height = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if too_large(width, height):
        capture.release()
        raise SourceUnreadable(
            _("The pictures are too large"),
            _("{source} has {width:.0f}x{height:.0f} pixels").format(
                source=shown, width=width, height=height
            ),
            _("Films and streams may have 8K (7680x4320); reduce it first."),
        )
    # OpenCV gives every picture in this size, but decodes what comes: it must not become larger.
    limit_memory(max(SMALLEST, 4 * int(width * height) + (1 << 20)))
    return capture
