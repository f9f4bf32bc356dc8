"""OpenCV's FFmpeg, told what it may open: the kinds of file we read, and nothing they refer to.

A playlist, a script of `concat` or a description of a session may name any file or address, and
FFmpeg finds such by what a file holds, whatever its name says.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from engine.camera.quiet import cv2

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
RTSP = "rtsp,rtsps,rtp,rtcp,srtp,srtcp,udp,tcp,tls"


def opened(target: str, protocols: str, limits: Sequence[int] = ()) -> cv2.VideoCapture:
    """A capture of a path or URL, opened over these protocols or not open.

    What an operator has set in the environment wins.
    """
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
        return cv2.VideoCapture(target, cv2.CAP_FFMPEG, list(limits))
    finally:
        if theirs is None:
            os.environ.pop(OPTIONS, None)
