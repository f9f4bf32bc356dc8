"""What an operator sees of a frame: OpenCV's window and the small preview for the terminal."""

from __future__ import annotations

import time

import cv2
import numpy as np

from engine.camera.frame import Frame
from engine.camera.window import PreviewWindow
from engine.events import BoxTuple, Emit, Preview

PREVIEW_WIDTH = 96
PREVIEW_INTERVAL = 0.2
"""Seconds between previews: five a second is smooth enough and light over SSH."""


class Viewer:
    """Shows frames where asked; costs nothing where not."""

    def __init__(self, emit: Emit, *, title: str, window: bool, preview: bool) -> None:
        """Raises NoDisplay if a window is wanted where there is no screen."""
        self._emit = emit
        self._preview = preview
        self._window = PreviewWindow(title) if window else None
        self._next = 0.0

    def show(
        self, frame: Frame, box: BoxTuple | None, lines: tuple[str, ...], dropped: int
    ) -> bool:
        """Show one frame with the face's box and lines of text; False if the user closed it."""
        if self._preview and time.monotonic() >= self._next:
            self._next = time.monotonic() + PREVIEW_INTERVAL
            self._emit(preview_of(frame, box, dropped))
        return self._window.show(frame, box, lines) if self._window else True

    def close(self) -> None:
        """Close the window, if any."""
        if self._window:
            self._window.close()


def preview_of(frame: Frame, box: BoxTuple | None, dropped: int) -> Preview:
    """The frame reduced to PREVIEW_WIDTH, with the box drawn, as RGB bytes."""
    height, width = frame.image.shape[:2]
    scale = PREVIEW_WIDTH / width
    size = (PREVIEW_WIDTH, max(2, round(height * scale / 2) * 2))
    small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
    if box is not None:
        x, y, w, h = (round(value * scale) for value in box)
        cv2.rectangle(small, (x, y), (x + w, y + h), (80, 220, 80), 1)
    pixels = np.ascontiguousarray(small[:, :, ::-1]).tobytes()
    return Preview(
        width=size[0],
        height=size[1],
        pixels=pixels,
        sequence=frame.sequence,
        dropped=dropped,
    )
