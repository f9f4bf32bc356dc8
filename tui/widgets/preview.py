"""A frame in half blocks: the camera process has computed it, only changed lines are drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from engine.contract import HALF_BLOCK_RUN, Preview
from tui.terminal.line import Account, crowded

BLANK = Style.null()
"""Not None: Textual's filter for NO_COLOR looks into every style."""
MOVE = 8
"""Bytes that move the cursor to a line."""


class Look(NamedTuple):
    """How a cell is drawn, and the bytes that it costs: once a run, and for each cell."""

    style: Style
    text: str
    once: int
    each: int


@lru_cache(maxsize=16384)
def _look(upper: int, lower: int, system: ColorSystem) -> Look:
    """A cell of two codes. Two equal halves are a blank, which needs one colour and one byte."""
    if upper == lower:
        style, text = Style(bgcolor=_colour(lower)), " "
    else:
        style, text = Style(color=_colour(upper), bgcolor=_colour(lower)), "▀"
    once = len(Strip.render_style(style, "", system))
    return Look(style, text, once, len(text.encode()))


def _colour(code: int) -> Color:
    return Color.from_rgb((code >> 8) * 17, (code >> 4 & 15) * 17, (code & 15) * 17)


class Line(NamedTuple):
    """One line of cells: its runs as they came, how they are drawn, and what that costs."""

    runs: bytes
    strip: Strip
    cost: int


class FramePreview(Widget):
    """The newest frame, as many cells as it has; blank around it.

    What is drawn is entered into `account`; a frame that exceeds the budget waits until the
    next one comes. While the terminal has not taken in what was written before, nothing is added.
    """

    DEFAULT_CSS = """
    FramePreview { width: 28; height: 100%; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.frame: Preview | None = None
        self.account = Account()
        self.clock: Callable[[], float] = time.monotonic
        self._lines: list[Line] = []

    def show(self, frame: Preview | None) -> None:
        """Take a frame, or None to clear."""
        if frame is self.frame:
            return
        if frame is None:
            self.frame, self._lines = None, []
            self.refresh()
            return
        now = self.clock()
        if crowded(self.app) or not self.account.may_draw(now):
            return
        same_size = self.frame is not None and self.frame.columns == frame.columns
        before = self._lines if same_size else []
        self.frame = frame
        self._lines = self._read(frame, before)
        if len(before) != len(self._lines):
            self.refresh()
            cost = sum(line.cost + MOVE for line in self._lines)
        else:
            changed = [y for y, line in enumerate(self._lines) if line is not before[y]]
            if changed:
                self.refresh(*(Region(0, y, frame.columns, 1) for y in changed))
            cost = sum(self._lines[y].cost + MOVE for y in changed)
        self.account.drawn(now, cost)

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, BLANK)
        return self._lines[y].strip.adjust_cell_length(width, BLANK)

    def _read(self, frame: Preview, before: list[Line]) -> list[Line]:
        """The lines of a frame; a line that has not changed is the very one of before."""
        system = self.app.console._color_system or ColorSystem.TRUECOLOR
        lines: list[Line] = []
        size, cells = HALF_BLOCK_RUN.size, frame.cells
        start = place = 0
        for y in range(frame.rows):
            columns = 0
            while columns < frame.columns:
                if place + size > len(cells) or not cells[place]:
                    return lines  # cut short: draw what there is
                columns += cells[place]
                place += size
            runs, start = cells[start:place], place
            same = y < len(before) and before[y].runs == runs
            lines.append(before[y] if same else _line(runs, columns, system))
        return lines


def _line(runs: bytes, columns: int, system: ColorSystem) -> Line:
    segments, cost = [], 0
    for length, upper, lower in HALF_BLOCK_RUN.iter_unpack(runs):
        look = _look(upper, lower, system)
        segments.append(Segment(look.text * length, look.style))
        cost += look.once + length * look.each
    return Line(runs, Strip(segments, columns), cost)
