"""Video files, frame by frame, through OpenCV's FFmpeg."""

from __future__ import annotations

import math
from pathlib import Path

from engine.camera.check import check_file
from engine.camera.film import FILE, opened
from engine.camera.source import USUAL_FPS, Frame, Report, SourceInfo, ignore
from engine.contract import Notice
from engine.contract.errors import SourceUnreadable
from engine.settings import PictureShape

SHORT = 0.9
"""A file that ends before this share of its announced frames is reported; counts of some
containers are estimates."""


class VideoFileSource:
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
            raise SourceUnreadable(
                "The file cannot be played",
                f"{path} holds no video that can be decoded",
                "Check it with another player, or convert it to MP4 (H.264).",
            )
        self._sequence = 0
        self._seconds = -1.0
        height, width = self._first.shape[:2]
        self._info = SourceInfo(
            text=str(path),
            kind="file",
            live=False,
            width=width,
            height=height,
            fps=self._film.fps,
            frames=self._film.frames,
            detail=f"{self._film.size(self._first)} {self._film.fps:g} fps",
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
            image = self._film.picture()
        if image is None:
            self._tell_if_short()
            return None
        frame = Frame(image, self._sequence, self._position(), self._info.text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Close the file."""
        self._film.close()

    def _position(self) -> float:
        """The container's time stamp, or frame number over rate where it has none."""
        stamp = self._film.milliseconds / 1000
        if not math.isfinite(stamp) or stamp <= self._seconds:
            step = 1 / (self._film.fps or USUAL_FPS)
            stamp = max(self._sequence * step, self._seconds + step) if self._sequence else 0.0
        self._seconds = stamp
        return stamp

    def _tell_if_short(self) -> None:
        expected = self._info.frames
        if expected and self._sequence < SHORT * expected:
            text = (
                f"{self._path} ended after {self._sequence} of {expected} frames: "
                "it is damaged or incomplete"
            )
            self._report(Notice(text=text, level="warning"))
