"""One `open_source` for every text an operator may give, and webcams over Video4Linux."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

from engine.camera.demo import DemoSource
from engine.camera.folder import FolderSource
from engine.camera.opencv import cv2
from engine.camera.recording import RecordingSource
from engine.camera.recording_folder import recording_path
from engine.camera.source import (
    REMOTE,
    Image,
    Kind,
    PictureSource,
    Report,
    Source,
    SourceInfo,
    decoded,
    ignore,
    kind_of,
    local_path,
)
from engine.camera.stream import TRANSPORT, open_stream
from engine.camera.v4l import check_device, device_path
from engine.camera.video import VideoFileSource
from engine.cancel import MOST_GIVEN_UP, Cancel, given_up, within
from engine.contract.errors import SourceError, SourceTimeout, SourceUnreadable
from engine.settings import CameraSettings
from engine.text import mask_credentials

BACKEND = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
FIRST_READS = 10
"""Reads until a camera counts as mute; some deliver a few broken pictures at first."""


class WebcamSource(PictureSource):
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
        known = fps if 0 < fps < 1000 else 0.0
        detail = f"{self._format()} {width}x{height} {fps:g} fps, {asked}"
        self.info = SourceInfo(text, "webcam", True, width, height, known, detail=detail)

    def _next(self) -> Image:
        image = decoded(*self._capture.read())
        if image is None:
            hint = "Check its cable; another program may have taken it."
            raise SourceUnreadable("The camera stopped delivering pictures", str(self._path), hint)
        return image

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
        hint = "Unplug it and plug it in again; try another USB port or a smaller camera.width."
        return SourceUnreadable("The camera delivers no picture", f"{self._path}: {what}", hint)

    def _format(self) -> str:
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        letters = "".join(chr((code >> shift) & 0xFF) for shift in (0, 8, 16, 24)).strip()
        return letters if letters.isascii() and letters.isprintable() and letters else "raw"


OPENERS: dict[Kind, Callable[[str, CameraSettings, Report], Source]] = {
    "webcam": lambda text, settings, report: WebcamSource(text, settings),
    "stream": lambda text, settings, report: open_stream(text, settings),
    "demo": lambda text, settings, report: DemoSource(text),
    "replay": lambda text, settings, report: RecordingSource(recording_path(text)),
    "folder": lambda text, settings, report: FolderSource(local_path(text), report),
    "file": lambda text, settings, report: VideoFileSource(
        local_path(text), report, settings.picture_shape
    ),
}
"""What opens each kind of source."""


def open_source(
    text: str, settings: CameraSettings, report: Report = ignore, cancel: Cancel | None = None
) -> Source:
    """Open a webcam (`0`, `/dev/video0`), file, folder, stream URL, recording or `demo:NAME`.

    Webcams and streams have delivered a first picture when this returns, and may take
    `settings.open_timeout` seconds. `report` hears of pictures that a folder skips and of files
    that end early. Raises SourceNotFound, SourceDenied, SourceBusy, SourceUnreadable or
    SourceTimeout, each with cause and cure, and Cancelled.
    """
    text = text.strip()
    kind = kind_of(text)
    make = partial(OPENERS[kind], text, settings, report)
    return _in_time(text, settings, cancel, make) if kind in REMOTE else make()


def _in_time(
    text: str, settings: CameraSettings, cancel: Cancel | None, make: Callable[[], Source]
) -> Source:
    shown, seconds = mask_credentials(text), settings.open_timeout
    look = "cable, address and network"
    if text.lower().startswith("rtsp"):
        look = f"address and network, and {TRANSPORT}"
    late = SourceTimeout(
        "The source did not open in time",
        f"{shown} gave no picture in {seconds:g} s",
        f"Check {look}, or allow more time with camera.open_timeout.",
    )
    if given_up() >= MOST_GIVEN_UP:
        said = f"{shown} is not opened before one of {given_up()} has ended"
        hint = "Restart the camera; if that does not help, Facedesk."
        raise SourceTimeout("Earlier attempts still hang", said, hint)
    return within(seconds, make, lambda source: source.close(), late, cancel)
