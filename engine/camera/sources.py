"""One `open_source` for every text an operator may give, and the masking of its credentials."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine.camera.deadline import within
from engine.camera.demo import DemoSource
from engine.camera.folder import FolderSource
from engine.camera.frame import Kind, Report, Source, ignore
from engine.camera.masking import mask_credentials
from engine.camera.stream import StreamSource
from engine.camera.tape_folder import is_tape, tape_path
from engine.camera.tape_source import TapeSource
from engine.camera.video_file import VideoFileSource
from engine.camera.webcam import WebcamSource
from engine.cancel import Cancel
from engine.config import CameraSettings
from engine.errors import SourceNotFound, SourceTimeout
from engine.i18n import _
from engine.pictures import is_picture_name

__all__ = ["STREAM_SCHEMES", "kind_of", "mask_credentials", "open_source"]

STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https")
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def open_source(
    text: str,
    settings: CameraSettings,
    report: Report = ignore,
    cancel: Cancel | None = None,
) -> Source:
    """Open a webcam (`0`, `/dev/video0`), file, folder, stream URL, recording or `demo:NAME`.

    Webcams and streams have delivered a first picture when this returns, and may take
    `settings.open_timeout` seconds. `report` hears of pictures that a folder skips and of files
    that end early. Raises SourceNotFound, SourceDenied, SourceBusy, SourceUnreadable or
    SourceTimeout, each with cause and cure, and Cancelled.
    """
    text = text.strip()
    kind = kind_of(text)
    if kind == "demo":
        return DemoSource(text)
    if kind == "replay":
        return TapeSource(tape_path(text))
    if kind == "webcam":
        return _in_time(text, settings, cancel, lambda: WebcamSource(text, settings))
    if kind == "stream":
        return _in_time(text, settings, cancel, lambda: StreamSource(text, settings))
    path = _local_path(text)
    if kind == "folder":
        return FolderSource(path, report)
    return VideoFileSource(path, report)


def kind_of(text: str) -> Kind:
    """Which kind of source `text` names, without opening it. A single picture is a folder of
    one. Raises SourceNotFound for an empty text and for a URL of an unknown scheme."""
    text = text.strip()
    if not text:
        raise SourceNotFound(
            _("No source was given"),
            "",
            _("Give 0, /dev/video0, a file, a folder, a URL or demo:collins."),
        )
    if text.startswith("demo:"):
        return "demo"
    if is_tape(text):
        return "replay"
    if text.isascii() and text.isdigit():
        return "webcam"
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in STREAM_SCHEMES:
        return "stream"
    if scheme and scheme[1].lower() != "file":
        raise SourceNotFound(
            _("The source cannot be used"),
            _("{address} is a {scheme} address").format(
                address=mask_credentials(text), scheme=scheme[1]
            ),
            _("Streams are read by {schemes}.").format(schemes=", ".join(STREAM_SCHEMES)),
        )
    # /dev/shm holds no devices, it is a disk in memory.
    if text.startswith("/dev/") and not text.startswith("/dev/shm/"):
        return "webcam"
    path = _local_path(text)
    return "folder" if os.path.isdir(path) or is_picture_name(path) else "file"


def _local_path(text: str) -> Path:
    if text.lower().startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    return Path(os.path.expanduser(text))  # unlike Path.expanduser it never raises


def _in_time(
    text: str, settings: CameraSettings, cancel: Cancel | None, make: Callable[[], Source]
) -> Source:
    late = SourceTimeout(
        _("The source did not open in time"),
        _("{source} gave no picture in {open_timeout:g} s").format(
            source=mask_credentials(text), open_timeout=settings.open_timeout
        ),
        _("Check cable, address and network, or allow more time with camera.open_timeout."),
    )
    return within(settings.open_timeout, make, lambda source: source.close(), late, cancel)
