"""OpenCV's own window with the live picture, for a desk that has a screen.

It must live in its process's main thread, as the window systems ask.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from engine.camera.opencv import cv2
from engine.camera.source import Frame, Image
from engine.contract import BoxTuple
from engine.contract.errors import NoDisplay
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
