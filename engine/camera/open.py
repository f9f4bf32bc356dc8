"""One `open_source` for every text an operator may give, and the masking of its credentials."""

from __future__ import annotations

from collections.abc import Callable

from engine.camera.deadline import MOST_GIVEN_UP, given_up, within
from engine.camera.demo import DemoSource
from engine.camera.folder import FolderSource
from engine.camera.recording_file import RecordingSource
from engine.camera.recording_folder import recording_path
from engine.camera.source import STREAM_SCHEMES, Report, Source, ignore, kind_of, local_path
from engine.camera.stream import open_stream
from engine.camera.video import VideoFileSource
from engine.camera.webcam import WebcamSource
from engine.cancel import Cancel
from engine.contract.errors import SourceTimeout
from engine.settings import CameraSettings
from engine.text import mask_credentials

__all__ = ["STREAM_SCHEMES", "kind_of", "mask_credentials", "open_source"]


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
        return RecordingSource(recording_path(text))
    if kind == "webcam":
        return _in_time(text, settings, cancel, lambda: WebcamSource(text, settings))
    if kind == "stream":
        return _in_time(text, settings, cancel, lambda: open_stream(text, settings))
    path = local_path(text)
    if kind == "folder":
        return FolderSource(path, report)
    return VideoFileSource(path, report, settings.picture_shape)


def _in_time(
    text: str, settings: CameraSettings, cancel: Cancel | None, make: Callable[[], Source]
) -> Source:
    late = SourceTimeout(
        "The source did not open in time",
        f"{mask_credentials(text)} gave no picture in {settings.open_timeout:g} s",
        (
            "Check address and network, and camera.rtsp_transport (auto, tcp or udp), or allow "
            "more time with camera.open_timeout."
        )
        if text.lower().startswith("rtsp")
        else "Check cable, address and network, or allow more time with camera.open_timeout.",
    )
    if given_up() >= MOST_GIVEN_UP:
        raise SourceTimeout(
            "Earlier attempts still hang",
            f"{mask_credentials(text)} is not opened before one of {given_up()} has ended",
            "Restart the camera; if that does not help, Facedesk.",
        )
    return within(settings.open_timeout, make, lambda source: source.close(), late, cancel)
