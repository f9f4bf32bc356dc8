"""The roster: who is still to come, Enter enrols, the next one is selected afterwards.

One capture follows the other, and training once at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Input, Static

from engine.contract import JobEnded
from engine.contract.people import RosterRow
from engine.contract.requests import EnrolRequest
from engine.text import many
from tui.link import EngineApp
from tui.screens.dialog import Dialog
from tui.screens.sources import SourceField
from tui.widgets.fields import Field, Tick
from tui.widgets.lists import Row, Rows
from tui.words.text import shorten

COLUMNS = (("", 9), ("Name", 36), ("Pictures", 9))
EMPTY = "The roster is empty. Give a CSV file with a column `name`, or a folder, and press Enter."


class Roster:
    """The key that opens the roster, and the way back to it after each capture."""

    def __init__(
        self,
        app: EngineApp,
        enrol: Callable[[EnrolRequest, bool], Coroutine[Any, Any, None]],
        show: Callable[[str], None],
    ) -> None:
        """`enrol` captures and, if the second argument is true, trains; raises FacedeskError.
        `show` shows a person's pictures."""
        self.app, self._enrol, self.show = app, enrol, show
        self.then_train = True
        """Whether training follows the last capture; offered again."""
        self._others_wait = False
        """Whether the capture under way was started from the roster, and others wait."""
        app.listen({JobEnded: self._ended})

    def action_roster(self) -> None:
        """Open the roster."""
        if self.app.can("new_person"):
            self.app.push_screen(RosterScreen(self))

    def enrol(self, name: str, source: str, *, last: bool, then_train: bool) -> None:
        """Capture without further questions, with the count used last."""
        self.then_train, self._others_wait = then_train, not last
        used = self.app.last_used
        request = EnrolRequest(person=name, source=source, count=used.count, window=used.window)
        self.app.go(self._enrol(request, last and then_train))

    def _ended(self, event: JobEnded) -> None:
        """After a capture from the roster: back to it, with the next one selected."""
        if event.job == "enrol" and self._others_wait:
            self._others_wait = False
            if len(self.app.screen_stack) == 1:
                self.action_roster()


class RosterScreen(Dialog[None]):
    """Names with waiting or done, a field to add more, and whether training follows the last."""

    TITLE = "Roster"
    HELP = "roster"

    def __init__(self, roster: Roster) -> None:
        super().__init__()
        self.rows: tuple[RosterRow, ...] = ()
        self._roster = roster

    def body(self) -> ComposeResult:
        """The table, the field, the tick."""
        yield Static("Reading the roster ...", id="roster-state", markup=False)
        yield Rows(id="roster-table", entered=self._enrol)
        yield Field("Add from", Input(id="roster-path", placeholder="names.csv", compact=True))
        yield SourceField(self._roster.app.last_used.source)
        yield Field(
            "At the end",
            Tick("split, train and recognise", self._roster.then_train, id="roster-train"),
        )
        yield Static("Enter on a name enrols from this source.", classes="hint", markup=False)

    def on_mount(self) -> None:
        """The table is as high as what is in it; then the rows."""
        table = self.query_one(Rows)
        table.styles.height = "auto"
        table.styles.max_height = 10
        self._fill()

    @work(exit_on_error=False)
    async def _fill(self) -> None:
        rows = await self._roster.app.ask(self._roster.app.desk.roster)
        if rows is None or not self.query(Rows):
            return
        self.rows = rows
        table = self.query_one(Rows)
        waiting = [place for place, row in enumerate(rows) if not row.done]
        table.fill(COLUMNS, map(_line, rows), waiting[0] if waiting else 0)
        table.display = bool(rows)
        state = EMPTY
        if rows:
            names = many(len(waiting), "name")
            state = f"{names} of {len(rows)} waiting"
        self.query_one("#roster-state", Static).update(Text(state))
        (table if rows else self.query_one("#roster-path")).focus()

    def _enrol(self) -> None:
        """Enter on a name: the capture begins, and this opens again afterwards."""
        row = self.query_one(Rows).selected
        others = any(not other.done for other in self.rows if other is not row)
        tick = self.query_one("#roster-train", Tick).value
        source = self.query_one("#form-source", Input).value.strip()
        self.dismiss(None)
        self._roster.enrol(row.name, source, last=not others, then_train=tick)

    @on(Input.Submitted, "#form-source")
    def _source_chosen(self, event: Input.Submitted) -> None:
        """Enter in the source: back to the names."""
        event.stop()
        self.query_one(Rows).focus()

    @on(Input.Submitted, "#roster-path")
    async def _submitted(self, event: Input.Submitted) -> None:
        """Enter in the field: more names."""
        event.stop()
        if not event.value.strip():
            return
        app = self._roster.app
        added = await app.ask(partial(app.desk.add_to_roster, event.value.strip()))
        if added is None:
            return  # why is shown
        app.tell(f"{many(len(added.names), 'name')} added to the roster", "good")
        for note in added.notes:
            app.explain(note)
        if self.query(Rows):
            self.query_one("#roster-path", Input).value = ""
            self._fill()

    def action_still_here(self) -> None:
        """The pictures of the selected person."""
        if row := self.query_one(Rows).selected:
            self._roster.show(row.name)

    def action_confirm(self) -> None:
        """Enter on the tick: back to the names."""
        self.query_one(Rows).focus()


def _line(row: RosterRow) -> Row:
    cells = (
        Text("✓ done" if row.done else "○ waits", "dim" if row.done else "bold"),
        Text(shorten(row.name, 35)),
        Text(str(row.pictures) if row.done else ""),
    )
    return Row(cells, value=row)
