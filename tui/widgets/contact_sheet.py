"""A contact sheet: crops side by side, one under the cursor, some marked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from tui.widgets.crop import Crop

Load = Callable[[str], Coroutine[Any, Any, bytes]]
"""A crop's PNG by its path; empty if it is gone."""

CELL = 18, 9
"""Columns and rows of one picture with its caption."""
MARK, CURSOR = "✓", "▸"


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture: what it stands for, its path, and up to 16 letters about it."""

    key: str
    picture: str
    caption: str


class ContactSheet(VerticalScroll, can_focus=True):
    """Arrow keys move the cursor. Posts `Changed` when cursor or marks are others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"go('{key}')", show=False)
        for key in ("left", "right", "up", "down", "home", "end")
    ]
    DEFAULT_CSS = f"""
    ContactSheet {{
        layout: grid;
        grid-size: 4;
        grid-columns: {CELL[0]};
        grid-rows: {CELL[1]};
        grid-gutter: 0 1;
        & > Crop {{ width: {CELL[0]}; height: {CELL[1]}; }}
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
        self.run_worker(self._read(), exclusive=True, exit_on_error=False)

    @property
    def key(self) -> str:
        """What is under the cursor; empty without pictures."""
        return self._cells[self._cursor].key if self._cells else ""

    def toggle(self) -> None:
        """Mark what is under the cursor, or take its mark away, and go on to the next."""
        if self._cells:
            self.marked ^= {self.key}
            self._go_to(self._cursor + 1)

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
        self._across = max(1, (event.size.width + 1) // (CELL[0] + 1))
        self.styles.grid_size_columns = self._across

    def on_click(self, event: events.Click) -> None:
        """A click goes to a picture."""
        if event.widget in self._crops:
            self._go_to(self._crops.index(event.widget))

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
