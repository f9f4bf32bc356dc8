"""Who is enrolled: search, sort and mark; pictures, sessions, and whether the model knows them."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from engine.contract.requests import PersonRow
from engine.text import many
from tui.keys import OPENERS, bindings_of
from tui.keys.keymap import with_keys
from tui.panes.base import Empty, Pane, line
from tui.widgets.lists import FilterLine, search_key
from tui.words.figures import IN_MODEL
from tui.words.tables import COLUMNS, SORTS, Sheet
from tui.words.text import clean, day, shorten

FIGURES = tuple(column for column in COLUMNS if column.width)
"""The columns after the name."""
MARK = "✓"
AWAY = "~"
"""Before the name of somebody not seen for `retention.people_days`."""


class PeoplePane(Pane):
    """The list of people. The keys work on the marked rows, or on the selected one."""

    NAME = "people"
    NUMBER = 1
    TITLE = "People"
    MAIN = "#people-table"
    EMPTY = (
        "Nobody is enrolled yet.\n\n"
        "Press {key.new_person} to enrol a person from a camera, a clip or a stream, "
        "or {key.import_folder} to import a folder with one sub-folder a person."
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("people")]

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[PersonRow, ...] = ()
        """Everybody, by name."""
        self.shown: tuple[PersonRow, ...] = ()
        """Those listed: found and sorted."""
        self.marked: set[str] = set()
        """Slugs of the marked people."""
        self._keys: dict[str, str] = {}
        self._sort = 0
        self._room = 6

    def compose(self) -> ComposeResult:
        """The search line, the table, or what to do first."""
        yield FilterLine(self._search, self.focus_main, id="people-search", hint="part of a name")
        yield DataTable[Text](
            id="people-table", cursor_type="row", cell_padding=0, zebra_stripes=True
        )
        yield Empty(with_keys(self.EMPTY), id="people-empty")
        yield line("people-detail", "detail")

    def on_mount(self) -> None:
        """Start empty."""
        self.show(())

    def show(self, rows: tuple[PersonRow, ...]) -> None:
        """List these people; the selection stays on the same person if still there."""
        if rows == self.rows and rows:
            return
        chosen = self.selected
        self.rows = rows
        self._keys = {row.slug: search_key(row.name) for row in rows}
        self.marked &= self._keys.keys()
        self._list(chosen.slug if chosen else "")
        self.main_appeared()

    @property
    def selected(self) -> PersonRow | None:
        """The person under the cursor."""
        table = self.query_one(DataTable)
        return self.shown[table.cursor_row] if 0 <= table.cursor_row < len(self.shown) else None

    @property
    def chosen(self) -> tuple[PersonRow, ...]:
        """The marked people by name, those not listed too; else the selected one."""
        if self.marked:
            return tuple(row for row in self.rows if row.slug in self.marked)
        selected = self.selected
        return (selected,) if selected else ()

    @property
    def searching(self) -> bool:
        """Whether what is typed goes into the search line."""
        return self.is_mounted and isinstance(self.screen.focused, FilterLine)

    # --- what the keys do ----------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters belong to the name that is searched for."""
        return None if action in OPENERS and self.searching else True

    async def start_filter(self) -> None:
        """Open the search line."""
        if self.rows:
            self.query_one(FilterLine).begin()

    def action_sort_people(self) -> None:
        """Sort the next way."""
        chosen = self.selected
        self._sort = (self._sort + 1) % len(SORTS)
        self._list(chosen.slug if chosen else "")

    def action_mark_person(self) -> None:
        """Mark or unmark the selected person and go on to the next."""
        selected = self.selected
        if selected is None:
            return
        self.marked ^= {selected.slug}
        table = self.query_one(DataTable)
        row = table.cursor_row
        table.update_cell_at(Coordinate(row, 0), self._cell(selected))
        table.move_cursor(row=min(row + 1, len(self.shown) - 1))
        self._count()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marked.clear()
        selected = self.selected
        self._list(selected.slug if selected else "")

    def _search(self, _text: str) -> None:
        chosen = self.selected
        before = self.shown
        self._find()
        if self.shown != before:  # filling is what costs time with hundreds of people
            self._fill(chosen.slug if chosen else "")
        self._count()

    # --- the table -----------------------------------------------------------------------

    def sheet(self) -> Sheet | None:
        """Everybody who is listed and can be read."""
        lines = tuple(tuple(c.value(row) for c in COLUMNS) for row in self.rows if not row.trouble)
        return Sheet("people", tuple(column.name for column in COLUMNS), lines) if lines else None

    def on_resize(self, _event: events.Resize) -> None:
        """The name column takes the room that is left."""
        chosen = self.selected
        self._fill(chosen.slug if chosen else "")

    def _list(self, slug: str) -> None:
        self._find()
        self._fill(slug)
        self._count()

    def _find(self) -> None:
        wanted = search_key(self.query_one(FilterLine).value)
        found = [row for row in self.rows if wanted in self._keys[row.slug]]
        _words, key, down = SORTS[self._sort]
        self.shown = tuple(sorted(found, key=key, reverse=down))

    def _count(self) -> None:
        total = sum(row.pictures for row in self.rows)
        people = many(len(self.rows), "person", "people")
        self.summary = f"{people}, {many(total, 'picture')}"
        count = f"{len(self.rows)}"
        if len(self.shown) < len(self.rows):
            count = f"{len(self.shown)} of {count}"
        marked = f"{len(self.marked)} marked"
        parts = [count, marked if self.marked else many(total, "picture")]
        troubled = sum(bool(row.trouble) for row in self.rows)
        parts.append(f"{troubled} cannot be read" if troubled else "")
        parts.append(SORTS[self._sort][0])
        self.border_subtitle = " · ".join(filter(None, parts)) if self.rows else ""

    def _fill(self, slug: str) -> None:
        table = self.query_one(DataTable)
        row_before = table.cursor_row
        table.display = bool(self.rows)
        self.query_one("#people-empty").display = not self.rows
        table.clear(columns=True)
        self._room = max(6, self.content_size.width - sum(column.width for column in FIGURES) - 1)
        table.add_column("Name", width=self._room)
        for column in FIGURES:
            table.add_column(Text(column.title, justify="right"), width=column.width)
        for row in self.shown:
            cells = [(column.value(row), column.style) for column in FIGURES]
            if row.trouble:
                cells = [*(("", {}) for _column in FIGURES[1:]), ("!", {"!": "red"})]
            table.add_row(
                self._cell(row),
                *(Text(cell, style.get(cell, ""), justify="right") for cell, style in cells),
            )
        places = [index for index, row in enumerate(self.shown) if row.slug == slug]
        # Where the person is gone, the cursor stays in its line.
        table.move_cursor(row=places[0] if places else min(row_before, len(self.shown) - 1))
        self._describe()

    def _cell(self, row: PersonRow) -> Text:
        marked = row.slug in self.marked
        name = f"{AWAY} {row.name}" if row.unseen else row.name
        name = f"{MARK} {name}" if marked else name
        return Text(shorten(name, self._room - 1), "bold" if marked else "")

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._describe()

    def _describe(self) -> None:
        row = self.selected
        if row is None:
            nobody = "Nobody of this name: esc shows all."
            self.write("#people-detail", nobody if self.rows else "")
            return
        if row.trouble:
            self.write("#people-detail", clean(row.trouble))
            return
        todo = "" if row.in_model == "yes" else with_keys(IN_MODEL[row.in_model])
        added = f"Added {day(row.created)[:10]}."
        unseen = f"{AWAY} Not seen since {row.unseen}." if row.unseen else ""
        consent = with_keys(CONSENT.get(row.consent, ""))
        about = " ".join(filter(None, (added, unseen, consent)))
        lines = (clean(row.name), about, todo)
        self.write("#people-detail", "\n".join(filter(None, lines)))


CONSENT = {
    "none": "No consent recorded. Press {key[people.consent]}.",
    "outdated": "Consent is to an older text. Press {key[people.consent]}.",
    "withdrawn": "Consent withdrawn.",
}
"""What the line about a person adds where consent does not stand as it should."""
