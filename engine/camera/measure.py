"""Watch a source for a moment: how fast pictures come, how bright and sharp, and whether they move.

A source that hangs raises SourceTimeout; every wait here is bounded by the camera's settings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.camera.opencv import cv2
from engine.camera.reader import Reader
from engine.camera.source import Frame, Image
from engine.cancel import Cancel
from engine.contract import CameraMeasured, Emit
from engine.contract.errors import SourceUnreadable
from engine.settings import CameraSettings

SECONDS = 2.0
"""How long a source is watched."""
MOST_FRAMES = 300
DARK, LIGHT = 2, 253
"""Luma at or beyond which a pixel is clipped."""
STILL_WIDTH = 96
"""Width of the picture that is shown, pixels."""


def measure(
    text: str, settings: CameraSettings, cancel: Cancel, emit: Emit, seconds: float = SECONDS
) -> CameraMeasured:
    """Measure a source; `emit` hears what the reader reports.

    The rate is counted by the source's own clock, dropped pictures included; a folder has none.
    Raises SourceError where it delivers nothing, Cancelled.
    """
    tally = _Tally()
    with Reader(text, settings, "own", emit, cancel) as reader:
        for frame in reader.frames(cancel):
            tally.take(frame)
            if tally.seconds >= seconds or tally.frames >= MOST_FRAMES:
                break
        info = reader.info
    cancel.check()
    if tally.last is None:
        raise SourceUnreadable(
            "The source delivers no picture", info.text, "Check it with its own player."
        )
    image = tally.last.image
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = grey.shape
    small = _small(image)
    return CameraMeasured(
        source=info.text,
        detail=info.detail,
        width=width,
        height=height,
        seconds=round(tally.seconds, 3),
        frames=tally.frames,
        fps=round(tally.rate, 2) if info.kind != "folder" else 0.0,
        promised=info.fps,
        brightness=round(float(grey.mean()), 1),
        clipped=round(float(((grey <= DARK) | (grey >= LIGHT)).mean()), 4),
        sharpness=round(float(cv2.Laplacian(half, cv2.CV_32F).var()), 1),
        identical=tally.identical,
        across=small.shape[1],
        down=small.shape[0],
        pixels=small[:, :, ::-1].tobytes(),
    )


class _Tally:
    """What is counted while frames come."""

    def __init__(self) -> None:
        self.first: Frame | None = None
        self.last: Frame | None = None
        self.frames = self.identical = 0

    def take(self, frame: Frame) -> None:
        if self.last is not None:
            self.identical += np.array_equal(frame.image, self.last.image)
        self.first = self.first or frame
        self.last = frame
        self.frames += 1

    def _span(self, of: Callable[[Frame], float]) -> float:
        return of(self.last) - of(self.first) if self.first and self.last else 0.0

    @property
    def seconds(self) -> float:
        return self._span(lambda frame: frame.seconds)

    @property
    def rate(self) -> float:
        return self._span(lambda frame: frame.sequence) / self.seconds if self.seconds > 0 else 0.0


def _small(image: Image) -> Image:
    """The picture at STILL_WIDTH and an even height, BGR."""
    height, width = image.shape[:2]
    size = (STILL_WIDTH, max(2, min(192, round(height * STILL_WIDTH / width / 2) * 2)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
