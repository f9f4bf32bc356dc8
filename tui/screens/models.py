"""The models screen: every stored model, put one into use, or go back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import DataTable, Footer, Static

from engine.service.protocol import ModelRow
from tui.keys import bindings_of
from tui.screens.dialog import Dialog
from tui.sheets import Sheet
from tui.text import clean, day

COLUMNS = (
    ("", 8),
    ("Trained", 17),
    ("Recipe", 8),
    ("People", 7),
    ("Best/epochs", 12),
    ("Val acc", 8),
    ("Threshold", 10),
)


class ModelsScreen(Dialog[None]):
    """A table of models, newest first. The app does what the keys ask for."""

    TITLE_TEXT = "Models"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("models")]

    class PromoteAsked(Message):
        """Put this model into use."""

        def __init__(self, model: str) -> None:
            super().__init__()
            self.model = model

    class RollbackAsked(Message):
        """Go back to the model before the current one."""

    def __init__(self, read: Callable[[], Awaitable[tuple[ModelRow, ...] | None]]) -> None:
        """`read` gives the models, or None if that failed, and has then said so."""
        super().__init__()
        self.rows: tuple[ModelRow, ...] = ()
        self._read = read
        self._reading = True

    def body(self) -> ComposeResult:
        """The table, or what to do first."""
        yield Static("Reading the models ...", id="models-empty", markup=False)
        yield DataTable[Text](id="models-table", cursor_type="row", cell_padding=0)
        yield Static(id="models-detail", classes="detail", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(DataTable)
        for title, width in COLUMNS:
            table.add_column(title, width=width)
        table.display = False
        table.focus()
        self.run_worker(self._fill(), exit_on_error=False)

    async def _fill(self) -> None:
        rows = await self._read()
        if not self.query(DataTable):
            return  # closed meanwhile
        if rows is None:
            self.dismiss(None)
        else:
            self.show(rows)
            self.query_one(DataTable).focus()

    def show(self, rows: tuple[ModelRow, ...]) -> None:
        """List these models."""
        table = self.query_one(DataTable)
        place = table.cursor_row
        self.rows, self._reading = rows, False
        table.clear()
        for row in rows:
            state, style = _state(row)
            table.add_row(
                Text(state, style),
                Text(day(row.created)),
                Text(clean(row.recipe)),
                Text(str(row.people)),
                Text(f"{row.best_epoch or 'start'}/{row.epochs}"),
                Text("-" if row.damaged else f"{row.val_accuracy:.2f}"),
                Text("-" if row.damaged else f"{row.threshold:.2f}"),
            )
        table.move_cursor(row=min(max(place, 0), max(0, len(rows) - 1)))
        table.display = bool(rows)
        empty = self.query_one("#models-empty", Static)
        empty.update("No model yet. Close this and press t to train one.")
        empty.display = not rows
        self._describe()

    def sheet(self) -> Sheet | None:
        """All models as listed."""
        rows = tuple(
            (
                row.id,
                _state(row)[0],
                row.created,
                row.recipe,
                str(row.people),
                str(row.best_epoch),
                str(row.epochs),
                f"{row.val_accuracy:.4f}",
                f"{row.threshold:.4f}",
            )
            for row in self.rows
        )
        header = ("id", "state", "trained", "recipe", "people", "best epoch", "epochs")
        return Sheet("models", (*header, "val accuracy", "threshold"), rows) if rows else None

    @property
    def selected(self) -> ModelRow | None:
        """The model under the cursor."""
        place = self.query_one(DataTable).cursor_row
        return self.rows[place] if 0 <= place < len(self.rows) else None

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Say more about the model under the cursor."""
        event.stop()
        self._describe()

    def _describe(self) -> None:
        row = self.selected
        about = f"Model {clean(row.id)}" if row else ""
        if row and row.aside:
            about += f"\nKept aside when it was trained. {clean(row.aside)}"
        self.query_one("#models-detail", Static).update(Text(about))

    def action_promote(self) -> None:
        """Ask the app to put the selected model into use."""
        row = self.selected
        if self._reading:
            self.notify("The models are still being read.")
        elif row is None:
            self.notify("There is no model to put into use.", severity="warning")
        elif row.damaged:
            self.notify(
                "This model is damaged and cannot be used. Train again with t.", severity="warning"
            )
        elif row.current:
            self.notify("This model is in use already.")
        else:
            self.app.post_message(self.PromoteAsked(row.id))

    def action_rollback(self) -> None:
        """Ask the app to go back."""
        self.app.post_message(self.RollbackAsked())


def _state(row: ModelRow) -> tuple[str, str]:
    """A word about a model, and its style."""
    if row.damaged:
        return "damaged", "bold red"
    if row.current:
        return "in use", "bold green"
    return ("aside", "bold yellow") if row.aside else ("", "")
