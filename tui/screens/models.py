"""The models screen: every stored model, put one into use, or go back."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from engine.contract.requests import ModelRow
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.screens.dialog import Dialog
from tui.widgets.bars import KeyLine
from tui.widgets.curves import Curves, loss_and_accuracy
from tui.widgets.lists import Row, Rows
from tui.words.tables import Sheet, model_state
from tui.words.text import clean, day, figure

COLUMNS: tuple[tuple[str, int, Callable[[ModelRow], str]], ...] = (
    ("", 8, lambda row: model_state(row)[0]),
    ("Trained", 17, lambda row: day(row.created)),
    ("Recipe", 8, lambda row: clean(row.recipe)),
    ("People", 7, lambda row: str(row.people)),
    ("Best/of", 9, lambda row: f"{row.best_epoch or 'start'}/{row.epochs}"),
    ("Val acc", 8, lambda row: "-" if row.damaged else figure(row.val_accuracy, ".2f")),
    ("Rank-1", 7, lambda row: figure(row.rank1, ".2f")),
    ("TPIR", 6, lambda row: figure(row.tpir, ".2f")),
)
"""Title, width and cell of each column."""
ROOM = 30
"""Lines of the terminal from which the curves of the selected model are shown."""


class ModelsScreen(Dialog[None]):
    """A table of models, newest first, read after it has opened."""

    TITLE = "Models"
    HELP = "models"

    def __init__(self, link: EngineApp) -> None:
        super().__init__()
        self.rows: tuple[ModelRow, ...] = ()
        self.link = link
        self._reading = True

    def body(self) -> ComposeResult:
        """The table, or what to do first."""
        yield Static("Reading the models ...", id="models-empty", markup=False)
        yield Rows(id="models-table", moved=self._describe)
        yield Static(id="models-detail", classes="detail", markup=False)
        with Horizontal(id="models-curves"):
            yield from loss_and_accuracy("models", "in use")
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(Rows)
        table.display = False
        table.focus()
        self._fill()

    @work(exit_on_error=False)
    async def _fill(self) -> None:
        rows = await self.link.ask(self.link.desk.models)
        if not self.query(Rows):
            return  # closed meanwhile
        if rows is None:
            self.dismiss(None)
        else:
            self.show(rows)
            self.query_one(Rows).focus()

    def show(self, rows: tuple[ModelRow, ...]) -> None:
        """List these models."""
        table = self.query_one(Rows)
        self.rows, self._reading = rows, False
        table.fill([(title, width) for title, width, _cell in COLUMNS], map(_line, rows))
        table.display = bool(rows)
        empty = self.query_one("#models-empty", Static)
        empty.update(with_keys("No model yet. Close this and press {key.train} to train one."))
        empty.display = not rows
        self._describe()

    def sheet(self) -> Sheet | None:
        """All models as listed, with all digits."""
        rows = tuple(
            (
                *(row.id, model_state(row)[0], row.created, row.recipe),
                *map(str, (row.people, row.best_epoch, row.epochs)),
                *(figure(value, ".4f") for value in (row.val_accuracy, row.threshold, row.rank1)),
                *(figure(value, ".4f") for value in (row.tpir, row.fpir)),
            )
            for row in self.rows
        )
        counts = ("id", "state", "trained", "recipe", "people", "best epoch", "epochs")
        figures = ("val accuracy", "threshold", "rank-1", "TPIR", "FPIR")
        return Sheet("models", (*counts, *figures), rows) if rows else None

    @property
    def selected(self) -> ModelRow | None:
        """The model under the cursor."""
        row: ModelRow | None = self.query_one(Rows).selected
        return row

    def _describe(self) -> None:
        row = self.selected
        used = next((other for other in self.rows if other.current), None)
        lines = []
        if row is not None:
            value = figure(row.threshold, ".2f")
            lines.append(f"Model {clean(row.id)}, threshold {value}")
            if row.aside:
                lines.append(f"Kept aside when it was trained. {clean(row.aside)}")
            if used is not None and used is not row and not row.damaged:
                lines.append(compared(row, used))
            if row.damaged:
                lines.append(f"Damaged: {clean(row.damage)}")
            elif row.rank1 is None:
                how = "{key.evaluation} on the desk measures it."
                if not row.current:
                    how = "{key[models.promote]} puts it in use, then " + how
                lines.append(f"Not evaluated yet: {with_keys(how)}")
        self.query_one("#models-detail", Static).update(Text("\n".join(lines)))
        self._draw(row, used)

    def on_resize(self, event: events.Resize) -> None:
        """The curves show where there is room for them."""
        self.set_class(event.size.height >= ROOM, "-roomy")

    def _draw(self, row: ModelRow | None, used: ModelRow | None) -> None:
        """The training of the selected model; behind it faintly that of the one in use."""
        self.query_one("#models-curves").set_class(not (row and row.history), "-nothing")
        if row is None or not row.history:
            return
        behind = used.history if used is not None and used is not row else ()
        for curves in self.query(Curves):
            curves.show(row.history, behind, max(len(row.history), len(behind)), row.best_epoch)

    def action_promote(self) -> None:
        """Put the selected model into use."""
        row = self.selected
        if self._reading:
            self.notify("The models are still being read.")
        elif row is None:
            self.notify("There is no model to put into use.", severity="warning")
        elif row.damaged:
            self.notify(
                with_keys(
                    "This model is damaged and cannot be used. Train again with {key.train}."
                ),
                severity="warning",
                markup=False,
            )
        elif row.current:
            self.notify("This model is in use already.")
        else:
            self.link.go(self._promote(row.id), then=self.link.reload)

    async def _promote(self, model: str) -> None:
        await in_thread(partial(self.link.desk.promote, model))
        self.link.tell(f"Model {model} is in use", "good")

    def action_rollback(self) -> None:
        """Go back to the model before the one in use."""
        self.link.go(self._roll_back(), then=self.link.reload)

    async def _roll_back(self) -> None:
        model = await in_thread(self.link.desk.rollback)
        self.link.tell(f"Back to model {model}", "good")


def compared(row: ModelRow, used: ModelRow) -> str:
    """How a model's figures differ from those of the one in use."""
    parts = []
    for name, own, other in (
        ("val acc", row.val_accuracy, used.val_accuracy),
        ("rank-1", row.rank1, used.rank1),
        ("TPIR", row.tpir, used.tpir),
        ("threshold", row.threshold, used.threshold),
    ):
        if own is not None and other is not None and math.isfinite(own - other):
            parts.append(f"{name} {own - other:+.2f}")
    people = row.people - used.people
    if people:
        parts.append(f"{people:+d} {'person' if abs(people) == 1 else 'people'}")
    return f"Against the one in use: {', '.join(parts)}." if parts else ""


def _line(row: ModelRow) -> Row:
    state, *others = (cell(row) for _title, _width, cell in COLUMNS)
    return Row((Text(state, model_state(row)[1]), *map(Text, others)), row.id, row)
