"""Pictures at full quality: which protocol the terminal has, and textual-image used safely.

The protocol is read from the environment. Asking the terminal, as textual-image does when it is
imported, would take keys that the operator types meanwhile, and its answer would go to Textual,
which reads the terminal by then. So textual-image is imported with no terminal in its sight.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import io
import os
import struct
import sys
import termios
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from engine.service.protocol import Colours

if TYPE_CHECKING:
    from PIL.Image import Image

Protocol = Literal["kitty", "sixel", "cells"]

KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
KITTY_PROGRAMS = frozenset({"ghostty"})
SIXEL_TERMS = ("foot", "mlterm", "contour", "yaft", "xterm-sixel")
SIXEL_PROGRAMS = frozenset({"WezTerm", "mintty", "iTerm.app", "contour"})
SIXEL_KONSOLE = 220400
"""Konsole's first version with Sixel graphics."""
USUAL_CELL = (10, 20)
"""Pixels of a cell where the terminal does not tell."""


def protocol(environment: Mapping[str, str], colours: Colours) -> Protocol:
    """The best way to show a picture; half blocks inside tmux or screen, which would eat it.

    Without true colour too: Kitty's placeholders carry a picture's number in it.
    """
    if colours != "true":
        return "cells"
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")):
        return "cells"
    if (
        term.startswith(KITTY_TERMS)
        or program in KITTY_PROGRAMS
        or "KITTY_WINDOW_ID" in environment
    ):
        return "kitty"
    konsole = environment.get("KONSOLE_VERSION", "")
    if konsole.isdigit() and int(konsole) >= SIXEL_KONSOLE:
        return "sixel"
    return "sixel" if term.startswith(SIXEL_TERMS) or program in SIXEL_PROGRAMS else "cells"


class Cell(NamedTuple):
    """Size of a terminal cell in pixels."""

    width: int
    height: int


def cell() -> Cell:
    """The size of a cell as the terminal's driver knows it; asks the terminal nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))  # type: ignore[union-attr]
        rows, columns, width, height = struct.unpack("HHHH", answer)
        if rows and columns and width >= columns and height >= rows:
            return Cell(width // columns, height // rows)
    return Cell(*USUAL_CELL)


def fitted(picture: tuple[int, int], room: tuple[int, int], size: Cell) -> tuple[int, int]:
    """Columns and rows of a picture (pixels) in a room (cells), proportions kept."""
    width, height = picture[0] / size.width, picture[1] / size.height
    scale = min(room[0] / width, room[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


@contextlib.contextmanager
def _no_terminal() -> Iterator[io.StringIO]:
    """What is written to the standard output is held back; nothing finds a terminal there."""
    held, before = io.StringIO(), sys.__stdout__
    sys.__stdout__ = held  # type: ignore[misc, assignment]
    try:
        yield held
    finally:
        sys.__stdout__ = before  # type: ignore[misc]


def library() -> Any:
    """textual_image.widget, imported without a word to or from the terminal."""
    if "textual_image.widget" not in sys.modules:
        size = cell()
        told = {"TEXTUAL_CELL_WIDTH": str(size.width), "TEXTUAL_CELL_HEIGHT": str(size.height)}
        before = {name: os.environ.get(name) for name in told}
        os.environ.update(told)
        try:
            with _no_terminal():
                importlib.import_module("textual_image.widget")
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
    return sys.modules["textual_image.widget"]


class Drawn(NamedTuple):
    """A picture as Rich renders it, and what must reach the terminal before it and after it."""

    renderable: Any
    before: str = ""
    after: str = ""


def draw(image: Image, columns: int, rows: int, how: Protocol, console: Any) -> Drawn:
    """A picture in that many cells, as half blocks or by kitty's protocol."""
    library()
    from rich.segment import Segments
    from textual_image.renderable import HalfcellImage, TGPImage

    if how != "kitty":
        return Drawn(HalfcellImage(image, columns, rows))
    kitty = TGPImage(image, columns, rows)
    options = console.options.update(width=columns, height=rows)
    with _no_terminal() as sent:
        segments = Segments(console.render(kitty, options))
    with _no_terminal() as removal:
        kitty.cleanup()
    return Drawn(segments, sent.getvalue(), removal.getvalue())
