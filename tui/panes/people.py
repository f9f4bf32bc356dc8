"""Who is enrolled: pictures, sessions, and whether the model in use knows them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable

from engine.service.protocol import PersonRow
from tui.keys import keys_of
from tui.panes.base import Empty, Pane, line
from tui.sheets import Sheet
from tui.text import clean, day, many, shorten

FIGURES = (("Pics", 5), ("Ses", 4), ("Model", 6))
"""Columns after the name, with their widths in cells; the name takes the rest."""


class PeoplePane(Pane):
    """The list of people. The keys for renaming and deleting work on the selected row."""

    NAME = "people"
    NUMBER = 1
    TITLE = "People"
    MAIN = "#people-table"
    EMPTY = (
        "Nobody is enrolled yet.\n\n"
        "Press n to enrol a person from a camera, a clip or a stream, "
        "or i to import a folder with one sub-folder a person."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(key.binding(), action=f"app.{key.action}") for key in keys_of("people")
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[PersonRow, ...] = ()

    def compose(self) -> ComposeResult:
        """The table, or what to do first."""
        yield DataTable[Text](
            id="people-table", cursor_type="row", cell_padding=0, zebra_stripes=True
        )
        yield Empty(self.EMPTY, id="people-empty")
        yield line("people-detail", "detail")

    def on_mount(self) -> None:
        """Start empty."""
        self.show(())

    def show(self, rows: tuple[PersonRow, ...]) -> None:
        """List these people; the selection stays on the same person if still there."""
        chosen = self.selected
        self.rows = rows
        self._fill(chosen.slug if chosen else "")
        self.main_appeared()
        total = sum(row.pictures for row in rows)
        self.border_subtitle = f"{len(rows)} · {many(total, 'picture')}" if rows else ""

    @property
    def selected(self) -> PersonRow | None:
        """The person under the cursor."""
        table = self.query_one(DataTable)
        return self.rows[table.cursor_row] if 0 <= table.cursor_row < len(self.rows) else None

    def sheet(self) -> Sheet | None:
        """Everybody who is listed."""
        rows = tuple(
            (row.name, str(row.pictures), str(row.sessions), row.in_model, row.created)
            for row in self.rows
        )
        header = ("name", "pictures", "sessions", "in model", "enrolled since")
        return Sheet(self.NAME, header, rows) if rows else None

    def on_resize(self, _event: events.Resize) -> None:
        """The name column takes the room that is left."""
        chosen = self.selected
        self._fill(chosen.slug if chosen else "")

    def _fill(self, slug: str) -> None:
        table = self.query_one(DataTable)
        table.display = bool(self.rows)
        self.query_one("#people-empty").display = not self.rows
        table.clear(columns=True)
        room = max(6, self.content_size.width - sum(width for _, width in FIGURES) - 1)
        table.add_column("Name", width=room)
        for title, width in FIGURES:
            table.add_column(Text(title, justify="right"), width=width)
        for row in self.rows:
            table.add_row(
                Text(shorten(row.name, room - 1)),
                Text(str(row.pictures), justify="right"),
                Text(str(row.sessions), justify="right"),
                Text(row.in_model, justify="right", style=_MODEL_STYLES[row.in_model]),
            )
        places = [index for index, row in enumerate(self.rows) if row.slug == slug]
        if places:
            table.move_cursor(row=places[0])
        self._describe()

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._describe()

    def _describe(self) -> None:
        row = self.selected
        if row is None:
            self.write("#people-detail", "")
            return
        todo = {
            "stale": "\nPictures changed since training: t",
            "no": "\nNot in the model yet: t",
        }.get(row.in_model, "")
        self.write("#people-detail", f"{clean(row.name)}\nsince {day(row.created)}{todo}")


_MODEL_STYLES = {"yes": "green", "stale": "yellow", "no": "dim"}
