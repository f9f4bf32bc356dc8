"""Lists: rows that a line of text filters, and the keys that move in whatever has the focus."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, ScrollableContainer
from textual.coordinate import Coordinate
from textual.dom import DOMNode
from textual.widget import Widget
from textual.widgets import DataTable, Input, RichLog

from engine.text import JOINERS

Where = Literal["down", "up", "first", "last", "home", "end"]
"""Where a key moves to in a list. Home and end are first and last, but in a table of
cells they move along the row."""
ENDS: dict[str, Literal["home", "end"]] = {"first": "home", "last": "end"}
CURSOR = {"down": "cursor_down", "up": "cursor_up", "home": "scroll_top", "end": "scroll_bottom"}
"""Textual's actions that move the cursor of a table."""


def search_key(text: str) -> str:
    """What lines are searched by: case folded, accents taken off."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(JOINERS))
    return "".join(c for c in folded if not unicodedata.combining(c)).casefold()


class FilterLine(Input):
    """What a list is filtered by. Enter goes to the list; Esc shows all lines again."""

    DEFAULT_CSS = """
    FilterLine { display: none; }
    FilterLine.-above { dock: top; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "All", key_display="esc", tooltip="Show all lines again"),
        Binding("down", "leave", "List", show=False),
    ]

    def __init__(
        self, apply: Callable[[str], None], leave: Callable[[], object], *, id: str, hint: str
    ) -> None:
        """`apply` shows what has the text; `leave` gives the focus to the list."""
        super().__init__(id=id, placeholder=hint, compact=True)
        self._apply, self._leave = apply, leave

    def begin(self) -> None:
        """Let the operator type. At once: the next key is a letter."""
        self.display = True
        self.screen.set_focus(self)

    def action_clear_filter(self) -> None:
        """Show all lines again."""
        self.value = ""
        self.display = False
        self._leave()

    def action_leave(self) -> None:
        """Go to the list."""
        self._leave()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._apply(event.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        """Enter is no answer to the dialog around the list."""
        event.stop()
        self._leave()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list. `also` is text by which the filter finds it, beside its cells; `value` is
    what it stands for, and `key` what stays the same while the value changes."""

    cells: tuple[Text, ...]
    also: str = ""
    value: Any = None
    key: str = ""

    @property
    def text(self) -> str:
        """What the line is searched by."""
        return search_key(" ".join((*(cell.plain for cell in self.cells), self.also)))


Column = tuple[str | Text, int]
"""A title, and how many cells wide; 0 is as wide as what is in it."""


class Rows(DataTable[Text]):
    """A table of lines. What is typed after the filter key hides the lines without it."""

    def __init__(
        self,
        *,
        id: str,
        header: bool = True,
        zebra: bool = False,
        moved: Callable[[], object] = lambda: None,
        entered: Callable[[], object] = lambda: None,
    ) -> None:
        """`moved` is called when another line is under the cursor, `entered` at Enter."""
        super().__init__(
            id=id, cursor_type="row", cell_padding=0, show_header=header, zebra_stripes=zebra
        )
        self._moved, self._entered = moved, entered
        self._columns: Sequence[Column] = ()
        self._all: tuple[Row, ...] = ()
        self._shown: list[int] = []
        self._wanted = ""
        self._line: FilterLine | None = None

    def fill(self, columns: Sequence[Column], rows: Iterable[Row], at: int | None = None) -> None:
        """Show these rows, with the cursor on row `at` of all; without `at` it stays with the row
        of its key, or in its place if there is none any more."""
        row, place = self._row, max(0, self.place)
        self._all = tuple(rows)
        if columns != self._columns:
            self._columns = columns
            self.clear(columns=True)
            for title, width in columns:
                self.add_column(title, width=width or None)
        if at is None:
            at = self._place_of(row.key if row else "", place)
        with self.prevent(DataTable.RowHighlighted):
            self._list(at)

    @property
    def place(self) -> int:
        """The place among all rows of the one under the cursor; -1 if there is none."""
        row = self.cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else -1

    @property
    def _row(self) -> Row | None:
        return self._all[self.place] if self.place >= 0 else None

    @property
    def selected(self) -> Any:
        """What the row under the cursor stands for; None if there is none."""
        return self._row.value if self._row else None

    @on(DataTable.RowHighlighted)
    def _row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._moved()

    @on(DataTable.RowSelected)
    def _row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self._entered()

    async def start_filter(self) -> None:
        """Open the line above the list."""
        if self._line is None:
            line = FilterLine(self._filter, self.focus, id=f"{self.id}-filter", hint="filter")
            box = self.parent
            assert isinstance(box, Widget)  # a table always stands in something
            line.set_class(isinstance(box, Horizontal), "-above")
            await box.mount(line, before=None if isinstance(box, Horizontal) else self)
            self._line = line
        self._line.begin()

    def go_to(self, key: str) -> None:
        """Put the cursor on the row of this key, if there is one."""
        self._go_to(self._place_of(key, self.place))

    def _place_of(self, key: str, otherwise: int) -> int:
        places = (place for place, row in enumerate(self._all) if key and row.key == key)
        return next(places, otherwise)

    def _go_to(self, place: int) -> None:
        """Put the cursor on the row at this place among all, or on the nearest that is shown."""
        shown = self._shown
        self.move_cursor(row=min(range(len(shown)), key=lambda n: abs(shown[n] - place), default=0))

    def _filter(self, text: str) -> None:
        place = max(0, self.place)
        self._wanted = search_key(text)
        self._list(place)
        if self._shown:  # another row may be under the cursor, though it did not move
            key = self.coordinate_to_cell_key(Coordinate(self.cursor_row, 0)).row_key
            self.post_message(DataTable.RowHighlighted(self, self.cursor_row, key))

    def _list(self, at: int) -> None:
        self._shown = [place for place, row in enumerate(self._all) if self._wanted in row.text]
        self.clear()
        for place in self._shown:
            self.add_row(*self._all[place].cells)
        self._go_to(at)


@runtime_checkable
class Moves(Protocol):
    """A widget or screen with a way of its own to move."""

    def move_to(self, where: Where) -> None:
        """Go to the next, the one before, the first or the last."""


@runtime_checkable
class Filtered(Protocol):
    """A widget or screen whose lines can be filtered."""

    async def start_filter(self) -> None:
        """Let the operator type what to look for."""


def move(node: DOMNode, where: Where) -> bool:
    """Move in the list that has the focus; whether the key is one of the list's."""
    if where in ENDS.values() and isinstance(node, DataTable) and node.cursor_type == "cell":
        return False  # Textual's own
    where = ENDS.get(where, where)
    if isinstance(node, Moves):
        node.move_to(where)
    elif isinstance(node, DataTable):
        getattr(node, f"action_{CURSOR[where]}")()
    elif isinstance(node, ScrollableContainer | RichLog):
        getattr(node, f"action_scroll_{where}")()
    else:
        return False
    return True


def filtered(node: DOMNode) -> Filtered | None:
    """What the filter key means: the node with the focus, or what it stands in."""
    return next((n for n in node.ancestors_with_self if isinstance(n, Filtered)), None)
