"""Video files, frame by frame, through OpenCV's FFmpeg."""

from __future__ import annotations

import math
from pathlib import Path

from engine.camera.check import check_file
from engine.camera.ffmpeg import FILE, opened
from engine.camera.frame import Frame, Report, SourceInfo, decoded, ignore
from engine.camera.quiet import cv2
from engine.errors import SourceUnreadable
from engine.events import Notice
from engine.i18n import _

USUAL_FPS = 25.0
"""Rate assumed where the container has none."""
SHORT = 0.9
"""A file that ends before this share of its announced frames is reported; counts of some
containers are estimates."""


class VideoFileSource:
    """A video file. `info.frames` and `fps` are the container's; `read` gives every frame.

    Raises SourceNotFound, SourceDenied, SourceUnreadable (empty, a folder, not a video, too large).
    """

    def __init__(self, path: Path, report: Report = ignore) -> None:
        self._path = path
        self._report = report
        check_file(path)
        self._capture = opened(str(path), FILE, str(path))
        self._first = decoded(*self._capture.read()) if self._capture.isOpened() else None
        if self._first is None:
            self.close()
            raise SourceUnreadable(
                _("The file cannot be played"),
                _("{path} holds no video that can be decoded").format(path=path),
                _("Check it with another player, or convert it to MP4 (H.264)."),
            )
        self._sequence = 0
        self._seconds = -1.0
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        self._fps = fps if math.isfinite(fps) and 0 < fps <= 1000 else 0.0
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        height, width = self._first.shape[:2]
        self._info = SourceInfo(
            text=str(path),
            kind="file",
            live=False,
            width=width,
            height=height,
            fps=self._fps,
            frames=int(count) if math.isfinite(count) and 0 < count < 1e9 else None,
            detail=f"{width}x{height} {self._fps:g} fps",
        )

    @property
    def info(self) -> SourceInfo:
        """What the container says."""
        return self._info

    def read(self) -> Frame | None:
        """The next frame, None after the last. `seconds` is the position and never goes back."""
        image = self._first
        self._first = None
        if image is None:
            image = decoded(*self._capture.read())
        if image is None:
            self._tell_if_short()
            return None
        frame = Frame(image, self._sequence, self._position(), self._info.text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _position(self) -> float:
        """The container's time stamp, or frame number over rate where it has none."""
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        if not math.isfinite(stamp) or stamp <= self._seconds:
            step = 1 / (self._fps or USUAL_FPS)
            stamp = max(self._sequence * step, self._seconds + step) if self._sequence else 0.0
        self._seconds = stamp
        return stamp

    def _tell_if_short(self) -> None:
        expected = self._info.frames
        if expected and self._sequence < SHORT * expected:
            text = _(
                "{path} ended after {sequence} of {expected} frames: it is damaged or incomplete"
            ).format(path=self._path, sequence=self._sequence, expected=expected)
            self._report(Notice(text=text, level="warning"))
