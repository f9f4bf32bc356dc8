"""What an operator sees of a frame: OpenCV's window, and half blocks in the terminal.

A frame is scaled to the cells there are, quantised and merged into runs. Bandwidth is won
here: equal neighbours become one run, few colours make more of them equal, and a dead band keeps a
pixel as it was until it has changed by more than a camera's noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.camera.source import Frame
from engine.camera.window import PreviewWindow
from engine.contract import HALF_BLOCK_RUN, BoxTuple, Emit, Preview
from engine.contract.requests import Colours, PreviewWish, Wishes

DEAD_BAND = {"normal": 10, "low": 18}
"""Change in any channel (0..255) below which a pixel stays as it was shown."""
STEPS = {"normal": 15, "low": 7}
"""Levels a channel has in true colour, less one."""
COARSE = {"normal": 1, "low": 2}
"""Pixels each way that are shown as one: equal halves of a cell cost a fifth."""
FINEST = 480
"""Pixels across of a PNG at most: it crosses to the terminal several times a second."""
LONGEST_RUN = 255
CUBE = (0, 95, 135, 175, 215, 255)
"""Levels of a channel in the 6x6x6 part of xterm's 256 colours."""
GREYS = np.array((0x000, 0x555, 0xAAA, 0xFFF), np.uint16)
"""Codes of the greys among the 16 colours: the others would make a face look like a mask."""
DITHER = (np.array(((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))) + 0.5) / 16
"""Share of a step from which on a pixel takes the lighter grey, by its place (Bayer, 1973)."""
GREYISH = 24
"""Difference of the channels (0..255) below which a colour counts as grey in the palettes."""

Codes = NDArray[np.uint16]


@cache
def lookup(colours: Colours, level: str) -> Codes:
    """Code of every colour at 5 bits a channel: uint16 (32768,), indexed by `r << 10 | g << 5 | b`.

    A code is RGB at 4 bits a channel. Codes of the 256 colours lie next to the palette's, so that
    the terminal's own choice of the nearest one ends at the colour meant.
    """
    axis = (np.arange(32) * 255 + 15) // 31
    r, g, b = (
        grid.ravel().astype(np.float64) for grid in np.meshgrid(axis, axis, axis, indexing="ij")
    )
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    if colours == "true":
        steps = STEPS[level]
        chosen = np.stack([np.round(c * steps / 255) * (255 / steps) for c in (r, g, b)], 1)
    elif colours == "grey":
        chosen = np.repeat((np.round(luma * 15 / 255) * 17)[:, None], 3, axis=1)
    else:
        rgb = np.stack([r, g, b], 1)
        cube = np.array(CUBE, dtype=np.float64)
        chosen = cube[np.abs(rgb[:, :, None] - cube).argmin(axis=2)]
        grey = np.repeat((np.round(luma * 15 / 255) * 17)[:, None], 3, axis=1)
        greyish = rgb.max(axis=1) - rgb.min(axis=1) < GREYISH
        chosen = np.where(greyish[:, None], grey, chosen)
    nibbles = np.round(chosen / 17).astype(np.uint16)
    return (nibbles[:, 0] << 8 | nibbles[:, 1] << 4 | nibbles[:, 2]).astype(np.uint16)


def dithered(image: NDArray[np.int16]) -> Codes:
    """Codes of the four greys that a picture (BGR 0..255, HxWx3) looks like from a distance."""
    luma = image @ np.array((0.114, 0.587, 0.299)) / 85
    height, width = luma.shape
    steps = np.tile(DITHER, (-(-height // 4), -(-width // 4)))[:height, :width]
    codes: Codes = GREYS[np.clip(np.floor(luma + 1 - steps), 0, 3).astype(np.intp)]
    return codes


def encode(codes: Codes) -> bytes:
    """Codes (2 * rows, columns) as runs of equal cells, row by row; see `events.Preview`."""
    columns = codes.shape[1]
    upper, lower = codes[0::2], codes[1::2]
    pairs = (upper.astype(np.uint32) << 16 | lower).ravel()
    starts = np.ones(len(pairs), dtype=bool)
    starts[1:] = pairs[1:] != pairs[:-1]
    starts[::columns] = True  # no run goes over the end of a row
    if columns > LONGEST_RUN:
        starts.reshape(-1, columns)[:, ::LONGEST_RUN] = True
    places = np.flatnonzero(starts)
    runs = np.empty(len(places), dtype=[("length", "u1"), ("upper", "<u2"), ("lower", "<u2")])
    runs["length"] = np.diff(places, append=len(pairs))
    runs["upper"], runs["lower"] = pairs[places] >> 16, pairs[places] & 0xFFFF
    assert runs.dtype.itemsize == HALF_BLOCK_RUN.size
    return runs.tobytes()


class HalfBlocks:
    """Turns the frames of one source into cells; remembers what was shown for the dead band."""

    def __init__(self) -> None:
        self._shown: NDArray[np.int16] | None = None
        self._level = ""

    def cells(self, image: NDArray[np.uint8], wish: PreviewWish) -> tuple[int, int, bytes]:
        """Columns, rows and runs of a frame (BGR uint8 HxWx3), proportions kept."""
        height, width = image.shape[:2]
        scale = min(wish.columns / width, wish.rows * 2 / height)
        columns = max(1, round(width * scale))
        rows = max(1, round(height * scale / 2))
        coarse = COARSE[wish.level]
        size = (-(-columns // coarse), -(-rows * 2 // coarse))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        shown = self._steady(small.astype(np.int16), wish.level)
        if wish.colours == "16":
            codes = dithered(shown)
        else:
            five = shown >> 3
            index = five[:, :, 2] << 10 | five[:, :, 1] << 5 | five[:, :, 0]
            codes = lookup(wish.colours, wish.level)[index]
        codes = codes.repeat(coarse, axis=0).repeat(coarse, axis=1)[: rows * 2, :columns]
        return columns, rows, encode(codes)

    def _steady(self, small: NDArray[np.int16], level: str) -> NDArray[np.int16]:
        """The picture with every pixel kept that has not changed by more than noise."""
        before = self._shown
        if before is not None and before.shape == small.shape and self._level == level:
            changed = np.abs(small - before).max(axis=2) > DEAD_BAND[level]
            small = np.where(changed[:, :, None], small, before)
        self._shown, self._level = small, level
        return small


def png(image: NDArray[np.uint8], wish: PreviewWish) -> tuple[int, int, bytes]:
    """Columns, rows and PNG of a frame (BGR uint8 HxWx3), proportions kept, never enlarged."""
    height, width = image.shape[:2]
    across, down = wish.cell
    scale = min(wish.columns * across / width, wish.rows * down / height)
    columns = max(1, round(width * scale / across))
    rows = max(1, round(height * scale / down))
    finest = min(1.0, scale, FINEST / width)
    size = max(1, round(width * finest)), max(1, round(height * finest))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".png", small, (cv2.IMWRITE_PNG_COMPRESSION, 1))
    return columns, rows, encoded.tobytes()


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
        self,
        frame: Frame,
        boxes: Sequence[BoxTuple],
        lines: tuple[str, ...],
        dropped: int,
        searched: int | None = None,
    ) -> bool:
        """Show one frame with the faces' boxes and lines of text; False if the user closed it.

        `searched` is the number of the frame in which the faces were found, if it is another."""
        if self._wishes is not None:
            found = frame.sequence if searched is None else searched
            self._preview(self._wishes, frame, tuple(boxes), found, dropped)
        box = boxes[0] if boxes else None
        return self._window.show(frame, box, lines) if self._window else True

    def close(self) -> None:
        """Close the window, if any."""
        if self._window:
            self._window.close()

    def _preview(
        self, wishes: Wishes, frame: Frame, boxes: tuple[BoxTuple, ...], searched: int, dropped: int
    ) -> None:
        wish, now = wishes.now, self._clock()
        if not wish.wanted or now - self._last < 1 / wish.rate:
            return
        self._last = now
        draw = png if wish.form == "png" else self._blocks.cells
        columns, rows, cells = draw(frame.image, wish)
        self._emit(
            Preview(
                columns=columns,
                rows=rows,
                cells=cells,
                sequence=frame.sequence,
                dropped=dropped,
                source=frame.label,
                width=frame.image.shape[1],
                height=frame.image.shape[0],
                boxes=boxes,
                searched=searched,
                form=wish.form,
            )
        )
