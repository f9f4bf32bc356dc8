"""Whether a live source's pictures are what a camera in order would send.

A camera that hangs often sends its last picture for ever, and one behind a lens cap sends black:
pictures come, so that nothing counts as lost, and whoever was last in view would be named for
hours.
"""

from __future__ import annotations

import numpy as np

from engine.camera.opencv import cv2
from engine.camera.source import Frame, Image
from engine.contract import PictureDoubted, PictureTrouble

STILL_AFTER = 3.0
"""Seconds of the very same picture. No sensor is without noise: two pictures of a wall differ."""
BLANK_AFTER = 2.0
"""Seconds of nothing but an even surface."""
EVEN = 4.0
"""Standard deviation of its cells' luma below which a picture is an even surface."""
BLACK = 24.0
"""Mean luma below which that surface is called black."""
_CELLS = 32, 24
_LUMA = np.array([0.114, 0.587, 0.299], np.float32)
_COARSE = 8
"""Every so many pixels are compared first."""


class PictureWatch:
    """Looks at the frames of a live source from one opening to the next. For one thread."""

    def __init__(self) -> None:
        self._last: Image | None = None
        self._moved = self._seen_something = 0.0
        self._blank = False
        self.still = False
        """Whether the picture stands still, and for so long that nothing in it is live."""

    def take(self, frame: Frame) -> tuple[PictureDoubted, ...]:
        """What is to be said now, at most once for each change. `frame.seconds` is the clock."""
        image, now, source = frame.image, frame.seconds, frame.label
        last, self._last = self._last, image
        if last is None:
            self._moved = self._seen_something = now
            return ()
        said = []
        if image.shape != last.shape:
            text = f"the picture is {_size(image)} from now on (was {_size(last)})"
            said.append(_doubt(source, "size", text))
        if not _same(image, last):
            self._moved = now
        if not (level := _even(image)):
            self._seen_something = now
        still = now - self._moved >= STILL_AFTER
        blank = now - self._seen_something >= BLANK_AFTER
        # A black picture without noise stands still as well; the cause is said, not both.
        if blank != self._blank:
            text = _blank(level or 0.0) if blank else "there is something to see again"
            said.append(_doubt(source, "blank", text, over=not blank))
        if still != self.still and (not still or not blank):
            text = "the picture moves again"
            if still:
                text = (
                    f"the picture stands still, the very same for {now - self._moved:.0f} s. "
                    "Nothing is taken from it. Restart the camera."
                )
            said.append(_doubt(source, "still", text, over=not still))
        self._blank, self.still = blank, still
        return tuple(said)


def _same(one: Image, other: Image) -> bool:
    if one.shape != other.shape:
        return False
    few = np.array_equal(one[::_COARSE, ::_COARSE], other[::_COARSE, ::_COARSE])
    return few and np.array_equal(one, other)


def _even(image: Image) -> float | None:
    """Mean luma of an even surface, at least 1; None if there is something in the picture."""
    # Averaged over cells, so that the noise of a sensor in the dark is none.
    cells = np.asarray(cv2.resize(image, _CELLS, interpolation=cv2.INTER_AREA), np.float32)
    luma = cells @ _LUMA
    return max(1.0, float(luma.mean())) if float(luma.std()) < EVEN else None


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _blank(level: float) -> str:
    if level < BLACK:
        return "the picture is black. Check lens cap, privacy shutter and light."
    return (
        "the picture is one even surface. Check what is before the lens, and the camera's signal."
    )


def _doubt(
    source: str, trouble: PictureTrouble, text: str, *, over: bool = False
) -> PictureDoubted:
    told, level = f"{source}: {text}", "info" if over else "warning"
    return PictureDoubted(text=told, level=level, source=source, trouble=trouble, over=over)
