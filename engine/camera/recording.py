"""Recording the frames that a job took, as they went into it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from pathlib import Path

from engine.camera.opencv import cv2
from engine.camera.reader import Reader
from engine.camera.recording_file import AviWriter
from engine.camera.recording_folder import FRAMES, LINES
from engine.camera.source import Frame, Image, SourceInfo
from engine.cancel import Cancel
from engine.contract import Emit, Notice
from engine.contract.errors import UsageError
from engine.text import mask_credentials
from engine.workspace.files import FILE_MODE

MEGABYTE = 1_000_000
FAST = [
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_PAETH,
]
"""Lossless as every PNG. Of OpenCV's settings this one is both fast and small: 640x480 with a
sensor's noise takes two thirds of the default's time and 400 instead of 464 kB."""


class FrameRecording:
    """Writes frames into a recording's folder. Methods raise OSError."""

    def __init__(self, folder: Path, source: SourceInfo) -> None:
        self._folder = folder
        self._source = source
        self._video: AviWriter | None = None
        handle = os.open(
            folder / LINES, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE
        )
        self._lines = os.fdopen(handle, "w", encoding="utf-8")
        self.frames = 0
        about = {
            "source": mask_credentials(source.text),
            "kind": source.kind,
            "demo": source.demo,
            "live": source.live,
            "fps": source.fps,
        }
        self._line(about)

    @property
    def bytes(self) -> int:
        """Size of the video so far."""
        return self._video.length if self._video else 0

    def add(self, frame: Frame) -> None:
        """Append one frame: the picture first, so that a line always has its picture."""
        if self._video is None:
            height, width = frame.image.shape[:2]
            self._video = AviWriter(self._folder / FRAMES, width, height, self._source.fps)
        self._video.add(encoded(frame.image))
        self.frames += 1
        self._line(
            {
                "sequence": frame.sequence,
                "seconds": frame.seconds,
                "label": mask_credentials(frame.label),
            }
        )

    def close(self) -> None:
        """Finish both files. May be called twice."""
        try:
            if self._video is not None:
                self._video.close()
        finally:
            self._lines.close()

    def _line(self, value: dict[str, object]) -> None:
        self._lines.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._lines.flush()


def encoded(image: Image) -> bytes:
    """A frame (BGR uint8 HxWx3) as a lossless PNG."""
    good, data = cv2.imencode(".png", image, FAST)
    if not good:
        raise OSError("OpenCV could not encode a frame")
    return data.tobytes()


def recorded_frames(
    reader: Reader,
    cancel: Cancel,
    folder: str | None,
    most_megabytes: int,
    emit: Emit,
    wanted: Callable[[Frame], bool] = lambda frame: True,
) -> Generator[Frame, None, None]:
    """The reader's frames that are `wanted`, each recorded in `folder` (if any) before it is
    passed on. What is not wanted is as good as dropped by the camera.

    A full disk or a recording of `most_megabytes` ends the recording with a Notice, never the
    job. Raises UsageError for a folder of pictures, which is its own recording.
    """
    if folder is None:
        yield from filter(wanted, reader.frames(cancel))
        return
    if reader.info.kind == "folder":
        raise UsageError(
            "A folder of pictures is not recorded",
            reader.info.text,
            "It is its own recording: leave --record out, and keep the folder.",
        )
    try:
        recording: FrameRecording | None = FrameRecording(Path(folder), reader.info)
    except OSError as error:
        recording = None
        _warn(None, f"Nothing is recorded: {error}", emit)
    try:
        for frame in filter(wanted, reader.frames(cancel)):
            if recording is not None:
                recording = _add(recording, frame, most_megabytes, emit)
            yield frame
    finally:
        if recording is not None:
            try:
                recording.close()
            except OSError as error:
                emit(
                    Notice(
                        text=f"The recording lacks its end: {error}",
                        level="warning",
                    )
                )


def _add(
    recording: FrameRecording, frame: Frame, most_megabytes: int, emit: Emit
) -> FrameRecording | None:
    """Record one frame; None once the recording has ended."""
    if recording.bytes >= most_megabytes * MEGABYTE:
        text = (
            f"The recording ended after {recording.frames} frames: it has {most_megabytes} "
            "MB (record.most_megabytes). "
            "The session goes on"
        )
        _warn(recording, text, emit)
        return None
    try:
        recording.add(frame)
    except OSError as error:
        _warn(
            recording,
            f"The recording ended after {recording.frames} frames: {error}",
            emit,
        )
        return None
    return recording


def _warn(recording: FrameRecording | None, text: str, emit: Emit) -> None:
    """Close the recording and say why it is over."""
    if recording is not None:
        try:
            recording.close()
        except OSError as error:
            text = f"{text}; it lacks its end: {error}"
    emit(Notice(text=text, level="warning"))
