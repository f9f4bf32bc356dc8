"""A still crop in half blocks, two pixels a cell, with a caption below it.

A contact sheet: crops side by side, one under the cursor, some marked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.lists import Where
from tui.words.text import shorten

if TYPE_CHECKING:
    from PIL.Image import Image

Picture = bytes | tuple[bytes, int, int]
"""A PNG, or RGB row by row with width and height."""


class Crop(Widget):
    """A picture at the largest size that fits, proportions kept; only the caption without one."""

    DEFAULT_CSS = """
    Crop { width: 16; height: 8; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture = b""
        self.caption = ""
        self._drawn: tuple[int, int, list[Strip]] | None = None

    def show(self, picture: Picture, caption: str = "") -> None:
        """Show a picture, empty for none, with a caption of one line below it."""
        if (picture, caption) == (self._picture, self.caption):
            return
        self._picture, self.caption = picture, caption
        self._drawn = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of cells: the picture, then the caption."""
        width, height = self.size.width, self.size.height
        if y == height - 1:
            text = shorten(self.caption, width)
            return Strip([Segment(text, self.rich_style)]).adjust_cell_length(
                width, self.rich_style
            )
        if self._drawn is None or self._drawn[:2] != (width, height):
            self._drawn = width, height, _strips(self._picture, width, height - 1, self.rich_style)
        strips = self._drawn[2]
        return strips[y] if y < len(strips) else Strip.blank(width, self.rich_style)


def _strips(picture: Picture, columns: int, rows: int, background: Style) -> list[Strip]:
    """The picture as lines of cells; none if there is no picture or it cannot be read."""
    if not picture or columns < 1 or rows < 1:
        return []
    import io  # here, as Pillow is not needed for the first paint

    from PIL import Image

    try:
        if isinstance(picture, tuple):
            whole = Image.frombytes("RGB", picture[1:], picture[0])
        else:
            whole = Image.open(io.BytesIO(picture), formats=("PNG",))
        with whole as opened:
            factor = min(columns / opened.width, 2 * rows / opened.height)
            across = max(1, int(opened.width * factor))
            down = max(2, int(opened.height * factor) // 2 * 2)
            small = opened.convert("RGB").resize((across, down), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return []
    return [
        Strip(line, across).adjust_cell_length(columns, background) for line in half_blocks(small)
    ]


def half_blocks(picture: Image) -> list[list[Segment]]:
    """An RGB picture as lines of half blocks, each a pixel above another one."""
    pixels = picture.tobytes()

    def colour(x: int, y: int) -> Color:
        start = (y * picture.width + x) * 3
        return Color.from_rgb(*pixels[start : start + 3])

    return [
        [
            Segment("▀", Style(color=colour(x, y), bgcolor=colour(x, y + 1)))
            for x in range(picture.width)
        ]
        for y in range(0, picture.height // 2 * 2, 2)
    ]


Load = Callable[[str], Coroutine[Any, Any, bytes]]
"""A crop's PNG by its path; empty if it is gone."""

CELL = 18, 9
"""Columns and rows of one picture with its caption."""
MARK, CURSOR = "✓", "▸"
SIDE_BY_SIDE = f"""
    layout: grid; grid-columns: {CELL[0]}; grid-rows: {CELL[1]}; grid-gutter: 0 1;
    & > Crop {{ width: {CELL[0]}; height: {CELL[1]}; }}
"""
"""How pictures lie in a widget that has several."""


def abreast(width: int) -> int:
    """How many pictures are side by side in so many cells."""
    return max(1, (width + 1) // (CELL[0] + 1))


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture: what it stands for, its path, and up to 16 letters about it."""

    key: str
    picture: str
    caption: str


class Faces(Container):
    """As many pictures side by side as fit, those around the chosen one; takes no keys."""

    DEFAULT_CSS = f"Faces {{ {SIDE_BY_SIDE} }}"

    def __init__(self, load: Load, id: str) -> None:
        super().__init__(id=id)
        self._load = load
        self._cells: tuple[Cell, ...] = ()
        self._chosen = ""
        self._marked: frozenset[str] = frozenset()

    def show(self, cells: Sequence[Cell], chosen: str, marked: Collection[str]) -> None:
        """Show these; `chosen` and `marked` are keys."""
        self._cells, self._chosen, self._marked = tuple(cells), chosen, frozenset(marked)
        self._fill()

    async def on_resize(self, event: events.Resize) -> None:
        """As many as fit."""
        self.styles.grid_size_columns = beside = abreast(event.size.width)
        room = beside * max(1, event.size.height // CELL[1])
        if room != len(self.children):
            await self.remove_children()
            await self.mount(*(Crop() for _place in range(room)))
            self._fill()

    @work(exclusive=True, exit_on_error=False)
    async def _fill(self) -> None:
        crops = list(self.query(Crop))
        at = next((n for n, cell in enumerate(self._cells) if cell.key == self._chosen), 0)
        first = at // max(1, len(crops)) * len(crops)
        shown = self._cells[first : first + len(crops)]
        for crop in crops[len(shown) :]:
            crop.show(b"")
        for cell, crop in zip(shown, crops, strict=False):
            here = CURSOR if cell.key == self._chosen else " "
            mark = MARK if cell.key in self._marked else " "
            crop.show(await self._load(cell.picture), f"{here}{mark}{cell.caption}")


class ContactSheet(VerticalScroll, can_focus=True):
    """Arrow keys move the cursor. Posts `Changed` when cursor or marks are others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"go('{key}')", show=False)
        for key in ("left", "right", "up", "down", "home", "end")
    ]
    DEFAULT_CSS = f"""
    ContactSheet {{
        {SIDE_BY_SIDE}
        & > Crop.-cursor {{ background: $accent 40%; text-style: bold; }}
    }}
    """

    class Changed(Message):
        """Another picture is under the cursor, or marks changed."""

    def __init__(self, load: Load, id: str | None = None) -> None:
        super().__init__(id=id)
        self._load = load
        self._cells: tuple[Cell, ...] = ()
        self._crops: tuple[Crop, ...] = ()
        self._pictures: dict[str, bytes] = {}
        self._cursor = 0
        self._across = 4
        self.marked: set[str] = set()

    def show(self, cells: Sequence[Cell]) -> None:
        """Lay out these pictures; marks and the cursor stay where their pictures stay."""
        before = self.key
        self.marked &= {cell.key for cell in cells}
        self._pictures = {c.picture: self._pictures.get(c.picture, b"") for c in cells}
        if len(cells) != len(self._crops):
            self.remove_children()
            self._crops = tuple(Crop() for _cell in cells)
            self.mount(*self._crops)
        self._cells = tuple(cells)
        same = [place for place, cell in enumerate(cells) if cell.key == before]
        self._go_to(same[0] if same else min(self._cursor, len(cells) - 1))
        self._read()

    @property
    def key(self) -> str:
        """What is under the cursor; empty without pictures."""
        return self._cells[self._cursor].key if self._cells else ""

    def toggle(self) -> None:
        """Mark what is under the cursor, or take its mark away, and go on to the next."""
        if self._cells:
            self.marked ^= {self.key}
            self._go_to(self._cursor + 1)

    def move_to(self, where: Where) -> None:
        """Go to the next picture, the one before, the first or the last."""
        self.action_go({"down": "right", "up": "left"}.get(where, where))

    def action_go(self, key: str) -> None:
        """Move the cursor as an arrow key, home or end says; it stops at the ends."""
        last = len(self._cells) - 1
        place = {
            "left": self._cursor - 1,
            "right": self._cursor + 1,
            "up": self._cursor - self._across,
            "down": self._cursor + self._across,
            "home": 0,
            "end": last,
        }[key]
        if 0 <= place <= last:
            self._go_to(place)

    def on_resize(self, event: events.Resize) -> None:
        """As many pictures side by side as fit."""
        self.styles.grid_size_columns = self._across = abreast(event.size.width)

    def on_click(self, event: events.Click) -> None:
        """A click goes to a picture."""
        if event.widget in self._crops:
            self._go_to(self._crops.index(event.widget))

    @work(exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        for cell in self._cells:
            if not self._pictures[cell.picture]:
                self._pictures[cell.picture] = await self._load(cell.picture)
                self._draw()

    def _go_to(self, place: int) -> None:
        self._cursor = max(0, min(place, len(self._cells) - 1))
        self._draw()
        if self._crops:
            self._crops[self._cursor].scroll_visible(animate=False)
        self.post_message(self.Changed())

    def _draw(self) -> None:
        for place, (cell, crop) in enumerate(zip(self._cells, self._crops, strict=True)):
            here = place == self._cursor
            signs = f"{CURSOR if here else ' '}{MARK if cell.key in self.marked else ' '}"
            crop.set_class(here, "-cursor")
            crop.show(self._pictures[cell.picture], f"{signs}{cell.caption}")
