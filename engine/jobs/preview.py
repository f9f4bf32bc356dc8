"""What an operator sees of a frame: OpenCV's window, and half blocks in the terminal.

A frame is scaled to the cells there are, quantised and merged into runs. Bandwidth is won
here: equal neighbours become one run, few colours make more of them equal, and a dead band keeps a
pixel as it was until it has changed by more than a camera's noise.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from engine.camera.opencv import cv2
from engine.camera.source import Frame, Image
from engine.contract import HALF_BLOCK_RUN, BoxTuple, Emit, Preview
from engine.contract.errors import NoDisplay
from engine.contract.requests import Colours, PreviewWish, Wishes
from engine.machine import display_available, environment, python

STOP_KEYS = frozenset({10, 13, 27})
"""Enter (of both kinds) and Escape."""
BOX_COLOUR = (80, 220, 80)
PROBE_SECONDS = 20.0
_PROBE = "import cv2; cv2.namedWindow('facedesk', cv2.WINDOW_AUTOSIZE); cv2.waitKey(1)"


class PreviewWindow:
    """A window that shows frames, the face's box and some lines of text.

    Raises NoDisplay where there is no display or it refuses a window.
    """

    def __init__(self, title: str) -> None:
        if not display_available():
            said = "neither DISPLAY nor WAYLAND_DISPLAY is set"
            hint = "Leave out the window, or log in with ssh -X."
            raise NoDisplay("There is no display for a preview window", said, hint)
        _probe()
        self._title = title
        self._size: tuple[int, int] | None = None
        self._font = _font(18)
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise _refused(error.err) from error
        self._open = True

    def show(self, frame: Frame, box: BoxTuple | None, lines: tuple[str, ...]) -> bool:
        """Draw one frame. False once Enter or Escape was pressed or the window was closed."""
        if self._size is not None and not self._visible():
            self.close()  # imshow would open it again
        if not self._open:
            return False
        picture = annotate(frame.image, box, lines, self._font)
        if self._size is None:
            self._size = (picture.shape[1], picture.shape[0])
            cv2.resizeWindow(self._title, *self._size)
        cv2.imshow(self._title, picture)
        key = cv2.waitKey(1) & 0xFF
        if key in STOP_KEYS or not self._visible():
            self.close()
        return self._open

    def close(self) -> None:
        """Close the window; may be called twice."""
        if self._open:
            self._open = False
            if self._visible():
                cv2.destroyWindow(self._title)
            cv2.waitKey(1)  # lets the window system do it

    def _visible(self) -> bool:
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:
            return False


def annotate(
    image: Image, box: BoxTuple | None, lines: tuple[str, ...], font: ImageFont.FreeTypeFont
) -> Image:
    """A copy of `image` (BGR) with box, and lines of white text on a dark band at the top."""
    picture = image.copy()
    if box is not None:
        x, y, width, height = box
        cv2.rectangle(picture, (x, y), (x + width, y + height), (0, 0, 0), 4)
        cv2.rectangle(picture, (x, y), (x + width, y + height), BOX_COLOUR, 2)
    if not lines:
        return picture
    step = round(font.size * 1.4)
    band = picture[: min(step * len(lines) + 8, picture.shape[0])]
    band[:] = band // 4
    # Pillow draws the text, as OpenCV knows ASCII only and names are of all scripts.
    drawn = PillowImage.fromarray(np.ascontiguousarray(band[:, :, ::-1]))
    pen = ImageDraw.Draw(drawn)
    for number, line in enumerate(lines):
        pen.text((8, 4 + number * step), line, fill=(255, 255, 255), font=font)
    band[:] = np.asarray(drawn)[:, :, ::-1]
    return picture


def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans as shipped with OpenCV (Latin, Greek, Cyrillic), else Pillow's own font."""
    file = Path(cv2.__file__).parent / "qt" / "fonts" / "DejaVuSans.ttf"
    if file.is_file():
        return ImageFont.truetype(str(file), size)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise NoDisplay("There is no font for the preview window", "Pillow lacks FreeType")
    return font


def _probe() -> None:
    """Open a window in another process first: Qt ends the process where the display refuses."""
    try:
        ended = subprocess.run(
            python("-c", _PROBE),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(str(error)) from error
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        raise _refused(said[-1] if said else "no reason given")


def _refused(why: str) -> NoDisplay:
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    hint = "Leave out the window, or check DISPLAY and xauth."
    return NoDisplay("The display refused the preview window", f"{shown}: {why}", hint)


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


def _fitted(
    image: NDArray[np.uint8], wish: PreviewWish, across: int, down: int
) -> tuple[int, int, float]:
    """Columns and rows that a frame takes in cells of so many pixels, and its scale there."""
    height, width = image.shape[:2]
    scale = min(wish.columns * across / width, wish.rows * down / height)
    return max(1, round(width * scale / across)), max(1, round(height * scale / down)), scale


class HalfBlocks:
    """Turns the frames of one source into cells; remembers what was shown for the dead band."""

    def __init__(self) -> None:
        self._shown: NDArray[np.int16] | None = None
        self._level = ""

    def cells(self, image: NDArray[np.uint8], wish: PreviewWish) -> tuple[int, int, bytes]:
        """Columns, rows and runs of a frame (BGR uint8 HxWx3), proportions kept."""
        columns, rows, _scale = _fitted(image, wish, 1, 2)
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
    columns, rows, scale = _fitted(image, wish, *wish.cell)
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
