"""Webcams over Video4Linux: what is asked for, and what the camera really does."""

from __future__ import annotations

import sys
import time

from engine.camera.opencv import cv2
from engine.camera.source import Frame, Image, SourceInfo, decoded
from engine.camera.v4l import check_device, device_path
from engine.contract.errors import SourceError, SourceUnreadable
from engine.settings import CameraSettings

BACKEND = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
FIRST_READS = 10
"""Reads until a camera counts as mute; some deliver a few broken pictures at first."""


class WebcamSource:
    """A webcam. Opening takes its first picture, so an open one is known to deliver.

    MJPG is asked for because raw pictures of more than 640x480 do not fit USB 2 at 30 a second;
    a camera without it keeps its own format. Raises as `check_device` does.
    """

    def __init__(self, text: str, settings: CameraSettings) -> None:
        self._path = device_path(text)
        if sys.platform == "linux":
            check_device(self._path)
        target = str(self._path.resolve()) if sys.platform == "linux" else int(text)
        self._capture = cv2.VideoCapture(target, BACKEND)
        self._sequence = 0
        self._first: Image | None = None
        try:
            if not self._capture.isOpened():
                raise self._mute("it does not open as a camera")
            self._configure(settings)
            self._first = self._first_picture()
        except BaseException:
            self.close()
            raise
        height, width = self._first.shape[:2]
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        asked = f"asked {settings.width}x{settings.height} {settings.fps:g}"
        self._info = SourceInfo(
            text=text,
            kind="webcam",
            live=True,
            width=width,
            height=height,
            fps=fps if 0 < fps < 1000 else 0.0,
            detail=f"{self._format()} {width}x{height} {fps:g} fps, {asked}",
        )

    @property
    def info(self) -> SourceInfo:
        """What was opened; `detail` has what was asked and what the camera made of it."""
        return self._info

    def read(self) -> Frame:
        """The next picture. Raises SourceUnreadable when the camera stops delivering."""
        image = self._first
        self._first = None
        if image is None:
            image = decoded(*self._capture.read())
        if image is None:
            raise SourceUnreadable(
                "The camera stopped delivering pictures",
                str(self._path),
                "Check its cable; another program may have taken it.",
            )
        frame = Frame(image, self._sequence, time.monotonic(), self._info.text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Release the device."""
        self._capture.release()

    def _configure(self, settings: CameraSettings) -> None:
        # The order matters: the format decides which sizes there are, the size which rates.
        set_property = self._capture.set
        set_property(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        set_property(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
        set_property(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        set_property(cv2.CAP_PROP_FPS, settings.fps)
        set_property(cv2.CAP_PROP_BUFFERSIZE, 1)  # no old pictures

    def _first_picture(self) -> Image:
        for _unused in range(FIRST_READS):
            image = decoded(*self._capture.read())
            if image is not None:
                return image
        raise self._mute(f"it opened, but {FIRST_READS} reads brought nothing")

    def _mute(self, what: str) -> SourceError:
        """The kernel had no objection before; ask it again, without our own hold on the device."""
        self.close()
        if sys.platform == "linux":
            try:
                check_device(self._path)
            except SourceError as cause:
                return cause
        return SourceUnreadable(
            "The camera delivers no picture",
            f"{self._path}: {what}",
            "Unplug it and plug it in again; try another USB port or a smaller camera.width.",
        )

    def _format(self) -> str:
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        letters = "".join(chr((code >> shift) & 0xFF) for shift in (0, 8, 16, 24)).strip()
        return letters if letters.isascii() and letters.isprintable() and letters else "raw"
