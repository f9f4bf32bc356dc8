"""A frame in half blocks: the camera process has computed it, only changed lines are drawn.

Over it the boxes of the faces, each with its decision in colour and in words.
"""

from __future__ import annotations

import base64
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from engine.contract import HALF_BLOCK_RUN, BoxTuple, Preview
from tui.terminal.line import Account, crowded, send
from tui.words.text import clean, shorten

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


CLEAR = Look(BLANK, " ", 0, 1)


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


class Tag(NamedTuple):
    """A face on the frame: its box (x, y, width, height in pixels of the source), what is written
    on it, and the decision that gives it its colour."""

    box: BoxTuple
    text: str
    decision: str


INKS = {"known": "green", "unsure": "yellow", "unknown": "red"}
"""Colour of a box and its label by the decision."""


class Ink(NamedTuple):
    """A character drawn over a cell. A label has the colour behind it, an edge the picture."""

    column: int
    character: str
    colour: str
    label: bool


Inks = tuple[Ink, ...]


def inks(frame: Preview, tags: Sequence[Tag]) -> dict[int, Inks]:
    """The boxes and labels of a frame as characters, by line. A label is cut at the frame's edge
    and moved to stay in it."""
    made: defaultdict[int, dict[int, Ink]] = defaultdict(dict)
    if not (frame.width and frame.height and frame.columns > 1 and frame.rows > 1):
        return {}
    across, down = frame.columns / frame.width, frame.rows / frame.height
    for tag in tags:
        colour = INKS.get(tag.decision, "white")
        x, y, width, height = tag.box
        left, right = (_within(round(at * across), frame.columns) for at in (x, x + width))
        top, bottom = (_within(round(at * down), frame.rows) for at in (y, y + height))

        for row in range(top + 1, bottom):
            made[row][left] = Ink(left, "│", colour, False)
            made[row][right] = Ink(right, "│", colour, False)
        for row, first, last in ((top, "┌", "┐"), (bottom, "└", "┘")):
            for column in range(left + 1, right):
                made[row][column] = Ink(column, "─", colour, False)
            made[row][left] = Ink(left, first, colour, False)
            made[row][right] = Ink(right, last, colour, False)
        text = shorten(f" {clean(tag.text)} ", frame.columns)
        column = max(0, min(left, frame.columns - cell_len(text)))
        for character in text:
            if width := cell_len(character):
                made[top][column] = Ink(column, character, colour, True)
                column += width
    return {row: tuple(line[c] for c in sorted(line)) for row, line in made.items()}


def _within(place: int, size: int) -> int:
    return max(0, min(place, size - 1))


class Line(NamedTuple):
    """One line of cells: its runs as they came, what is drawn over them, how, and its cost."""

    runs: bytes
    inks: Inks
    strip: Strip
    cost: int


FIRST_PICTURE = 7001
"""Number of a picture in the terminal; the next one has the next number, and so on in turn."""
UNDER_CELLS = -(1 << 30) - 1
"""Kitty's layer below every cell that has a background: dialogs and labels cover the picture."""
CHUNK = 4096
"""Characters of a picture that one of kitty's commands may carry."""


def kitty_frame(png: bytes, number: int, place: Region) -> str:
    """What shows a PNG as picture `number` on a region of the screen.

    https://sw.kovidgoyal.net/kitty/graphics-protocol
    """
    text = base64.b64encode(png).decode()
    chunks = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    size = f"c={place.width},r={place.height}"
    first = f"a=T,f=100,t=d,q=2,C=1,i={number},p=1,{size},z={UNDER_CELLS},"
    parts = "".join(
        f"\x1b_G{'' if index else first}m={int(index < len(chunks) - 1)};{chunk}\x1b\\"
        for index, chunk in enumerate(chunks)
    )
    return f"\x1b7\x1b[{place.y + 1};{place.x + 1}H{parts}\x1b8"


def kitty_delete(number: int) -> str:
    """What takes picture `number` out of the terminal."""
    return f"\x1b_Ga=d,d=I,q=2,i={number}\x1b\\"


class FramePreview(Widget):
    """The newest frame, as many cells as it has; blank around it.

    What is drawn is entered into `account`; a frame that exceeds the budget waits until the
    next one comes. While the terminal has not taken in what was written before, nothing is added.
    """

    DEFAULT_CSS = """
    FramePreview { width: 28; height: 100%; display: none; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.frame: Preview | None = None
        self.account = Account()
        self.clock: Callable[[], float] = time.monotonic
        self._lines: list[Line] = []
        self._tags: tuple[Tag, ...] = ()
        self._picture = 0
        """Number of the picture that the terminal holds; 0 without one."""

    def show(self, frame: Preview | None, tags: tuple[Tag, ...] = ()) -> None:
        """Take a frame with the faces on it, or None to clear."""
        if frame is self.frame and tags == self._tags:
            return
        if frame is None:
            self.clear_picture()
            self.frame, self._lines, self._tags = None, [], ()
            self.refresh()
            return
        now = self.clock()
        if crowded(self.app) or not self.account.may_draw(now):
            return
        same_size = self.frame is not None and self.frame.columns == frame.columns
        before = self._lines if same_size else []
        self.frame, self._tags = frame, tags
        drawn = inks(frame, tags)
        if frame.form == "png":
            self._lines = [
                _line(b"", drawn.get(y, ()), frame.columns, ColorSystem.TRUECOLOR)
                for y in range(frame.rows)
            ]
            self.refresh()
            self.account.drawn(now, self._send(frame))
            return
        self.clear_picture()
        self._lines = self._read(frame, drawn, before)
        if len(before) != len(self._lines):
            self.refresh()
            cost = sum(line.cost + MOVE for line in self._lines)
        else:
            changed = [y for y, line in enumerate(self._lines) if line is not before[y]]
            if changed:
                self.refresh(*(Region(0, y, frame.columns, 1) for y in changed))
            cost = sum(self._lines[y].cost + MOVE for y in changed)
        self.account.drawn(now, cost)

    def _send(self, frame: Preview) -> int:
        """Write a picture to the terminal, then take the one before out; how many bytes."""
        before = self._picture
        self._picture = FIRST_PICTURE + (before == FIRST_PICTURE)
        place = Region(*self.content_region.offset, frame.columns, frame.rows)
        text = kitty_frame(frame.cells, self._picture, place)
        send(self.app, text + (kitty_delete(before) if before else ""))
        return len(text)

    def clear_picture(self) -> None:
        """Take the picture out of the terminal, if there is one."""
        if self._picture:
            send(self.app, kitty_delete(self._picture))
            self._picture = 0

    def on_unmount(self) -> None:
        """Leave no picture behind."""
        self.clear_picture()

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, BLANK)
        return self._lines[y].strip.adjust_cell_length(width, BLANK)

    def _read(self, frame: Preview, drawn: Mapping[int, Inks], before: list[Line]) -> list[Line]:
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
            runs, start, over = cells[start:place], place, drawn.get(y, ())
            same = y < len(before) and before[y][:2] == (runs, over)
            lines.append(before[y] if same else _line(runs, over, columns, system))
        return lines


def _line(runs: bytes, over: Inks, columns: int, system: ColorSystem) -> Line:
    segments, cost, column, end = [], 0, 0, 0
    waiting = list(reversed(over))
    cells = HALF_BLOCK_RUN.iter_unpack(runs)
    looks = [(n, lower, _look(upper, lower, system)) for n, upper, lower in cells]
    # Without cells a picture lies behind: the terminal's own background lets it through.
    for length, lower, look in looks or [(columns, -2, CLEAR)]:
        cost += look.once + length * look.each
        end += length
        while waiting and waiting[-1].column < end:
            ink = waiting.pop()
            if ink.column < column:
                continue  # covered by the second half of a wide character
            if ink.column > column:
                segments.append(Segment(look.text * (ink.column - column), look.style))
            drawn = _ink(ink.colour, -1 if ink.label else lower, ink.character, system)
            segments.append(Segment(drawn.text, drawn.style))
            cost += drawn.once + drawn.each
            column = ink.column + cell_len(drawn.text)
        if end > column:
            segments.append(Segment(look.text * (end - column), look.style))
            column = end
    return Line(runs, over, Strip(segments, columns), cost)


@lru_cache(maxsize=4096)
def _ink(colour: str, behind: int, character: str, system: ColorSystem) -> Look:
    """An edge over the picture's colour `behind` (a code), with -2 over a picture; with -1 a
    letter of a label."""
    if behind == -2:
        style = Style(color=colour, bold=True)
    elif behind == -1:
        style = Style(color="black", bgcolor=colour, bold=True)
    else:
        style = Style(color=colour, bgcolor=_colour(behind), bold=True)
    once = len(Strip.render_style(style, "", system))
    return Look(style, character, once, len(character.encode()))
