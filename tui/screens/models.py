"""The models screen: every stored model, put one into use, or go back."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import DataTable, Footer, Static

from engine.service.protocol import ModelRow
from tui.keys import bindings_of
from tui.screens.dialog import Dialog
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

    def __init__(self, rows: tuple[ModelRow, ...]) -> None:
        super().__init__()
        self.rows = rows

    def body(self) -> ComposeResult:
        """The table, or what to do first."""
        yield Static(
            "No model yet. Close this and press t to train one.", id="models-empty", markup=False
        )
        yield DataTable[Text](id="models-table", cursor_type="row", cell_padding=0)
        yield Static(id="models-detail", classes="detail", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(DataTable)
        for title, width in COLUMNS:
            table.add_column(title, width=width)
        self.show(self.rows)
        table.focus()

    def show(self, rows: tuple[ModelRow, ...]) -> None:
        """List these models."""
        table = self.query_one(DataTable)
        place = table.cursor_row
        self.rows = rows
        table.clear()
        for row in rows:
            state = "damaged" if row.damaged else "in use" if row.current else ""
            style = "bold red" if row.damaged else "bold green" if row.current else ""
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
        self.query_one("#models-empty").display = not rows
        self._describe()

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
        self.query_one("#models-detail", Static).update(Text(about))

    def action_promote(self) -> None:
        """Ask the app to put the selected model into use."""
        row = self.selected
        if row is None:
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
