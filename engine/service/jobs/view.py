"""What an operator sees of a frame: OpenCV's window and the small preview for the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from engine.camera.frame import Frame
from engine.camera.window import PreviewWindow
from engine.events import BoxTuple, Emit, Preview
from engine.service.jobs.half_blocks import HalfBlocks
from engine.service.previewing import Wishes


class Viewer:
    """Shows frames where asked; costs nothing where not."""

    def __init__(
        self,
        emit: Emit,
        *,
        title: str,
        window: bool,
        preview: Wishes | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises NoDisplay if a window is wanted where there is no screen."""
        self._emit = emit
        self._wishes = preview
        self._window = PreviewWindow(title) if window else None
        self._clock = clock
        self._blocks = HalfBlocks()
        self._last = float("-inf")

    def show(
        self, frame: Frame, boxes: Sequence[BoxTuple], lines: tuple[str, ...], dropped: int
    ) -> bool:
        """Show one frame with the faces' boxes and lines of text; False if the user closed it."""
        if self._wishes is not None:
            self._preview(self._wishes, frame, boxes, dropped)
        box = boxes[0] if boxes else None
        return self._window.show(frame, box, lines) if self._window else True

    def close(self) -> None:
        """Close the window, if any."""
        if self._window:
            self._window.close()

    def _preview(
        self, wishes: Wishes, frame: Frame, boxes: Sequence[BoxTuple], dropped: int
    ) -> None:
        wish, now = wishes.now, self._clock()
        if not wish.wanted or now - self._last < 1 / wish.rate:
            return
        self._last = now
        columns, rows, cells = self._blocks.cells(frame.image, boxes, wish)
        self._emit(
            Preview(
                columns=columns,
                rows=rows,
                cells=cells,
                sequence=frame.sequence,
                dropped=dropped,
            )
        )
