"""The roster: who is still to come, Enter enrols, the next one is selected afterwards.

Working through the roster: one capture after the other, training once at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import DataTable, Input, Static

from engine.contract import Event, JobEnded
from engine.contract.desk import Desk
from engine.contract.people import Added, RosterRow
from engine.contract.requests import EnrolRequest
from engine.text import many
from tui.desk.quick import QuickEnrolmentApp
from tui.screens.dialog import Dialog
from tui.widgets.fields import Field, Tick
from tui.words.text import clean, shorten

EMPTY = "The roster is empty. Give a CSV file with a column `name`, or a folder, and press Enter."


class RosterScreen(Dialog[None]):
    """Names with waiting or done, a field to add more, and whether training follows the last."""

    TITLE_TEXT = "Roster"

    class EnrolAsked(Message):
        """Enrol this person now. `last`: nobody else waits."""

        def __init__(self, name: str, *, last: bool, then_train: bool) -> None:
            super().__init__()
            self.name, self.last, self.then_train = name, last, then_train

    def __init__(
        self,
        read: Callable[[], Awaitable[tuple[RosterRow, ...] | None]],
        add: Callable[[str], Awaitable[Added | None]],
        *,
        source: str,
        then_train: bool,
    ) -> None:
        """`read` and `add` give None if they failed, and have then said so."""
        super().__init__()
        self.rows: tuple[RosterRow, ...] = ()
        self._read, self._add = read, add
        self._source, self._then_train = source, then_train

    def body(self) -> ComposeResult:
        """The table, the field, the tick."""
        yield Static("Reading the roster ...", id="roster-state", markup=False)
        yield DataTable[Text](id="roster-table", cursor_type="row", cell_padding=0)
        yield Field("Add from", Input(id="roster-path", placeholder="names.csv", compact=True))
        yield Field(
            "At the end",
            Tick("split, train and recognise", self._then_train, id="roster-train"),
        )
        yield Static(
            f"Enter enrols from {clean(self._source)} (the source used last).",
            classes="hint",
            markup=False,
        )

    def on_mount(self) -> None:
        """Columns; then the rows."""
        table = self.query_one(DataTable)
        for title, width in (("", 9), ("Name", 36), ("Pictures", 9)):
            table.add_column(title, width=width)
        table.styles.height = "auto"
        table.styles.max_height = 10
        self.run_worker(self._fill(), exit_on_error=False)

    async def _fill(self) -> None:
        rows = await self._read()
        if rows is None or not self.query(DataTable):
            return
        self.rows = rows
        table = self.query_one(DataTable)
        table.clear()
        for row in rows:
            table.add_row(
                Text(
                    f"✓ {'done'}" if row.done else f"○ {'waits'}",
                    "dim" if row.done else "bold",
                ),
                Text(shorten(row.name, 35)),
                Text(str(row.pictures) if row.done else ""),
            )
        waiting = [place for place, row in enumerate(rows) if not row.done]
        table.display = bool(rows)
        state = EMPTY
        if rows:
            names = many(len(waiting), "name")
            state = f"{names} of {len(rows)} waiting"
        self.query_one("#roster-state", Static).update(Text(state))
        if waiting:
            table.move_cursor(row=waiting[0])
        (table if rows else self.query_one("#roster-path")).focus()

    @on(DataTable.RowSelected)
    def _chosen(self, event: DataTable.RowSelected) -> None:
        """Enter on a name: the app captures, and opens this again afterwards."""
        event.stop()
        row = self.rows[event.cursor_row]
        others = any(not other.done for other in self.rows if other is not row)
        tick = self.query_one("#roster-train", Tick).value
        self.app.post_message(self.EnrolAsked(row.name, last=not others, then_train=tick))
        self.dismiss(None)

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        """Enter in the field: more names."""
        event.stop()
        if not event.value.strip():
            return
        added = await self._add(event.value.strip())
        if added is not None and self.query(DataTable):
            self.query_one("#roster-path", Input).value = ""
            await self._fill()

    def action_confirm(self) -> None:
        """Enter on the tick: back to the names."""
        self.query_one(DataTable).focus()


class RosterApp(QuickEnrolmentApp):
    """`l`, and the way back to the roster after each capture."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.roster_trains = True
        self._from_roster = False
        """Whether the capture under way was started from the roster, and others wait."""

    def action_roster(self) -> None:
        """Open the roster."""
        if self.can("new_person"):
            self.push_screen(
                RosterScreen(
                    lambda: self.ask(self.desk.roster),
                    self._add_names,
                    source=self.source,
                    then_train=self.roster_trains,
                )
            )

    async def _add_names(self, source: str) -> Added | None:
        added = await self.ask(partial(self.desk.add_to_roster, source))
        if added is not None:
            self.tell(
                "{names} added to the roster".format(names=many(len(added.names), "name")),
                "good",
            )
            for note in added.notes:
                self.explain(note)
        return added

    @on(RosterScreen.EnrolAsked)
    def _enrol_next(self, message: RosterScreen.EnrolAsked) -> None:
        """Capture without further questions, with the source and count used last."""
        self.roster_trains = message.then_train
        request = EnrolRequest(
            person=message.name, source=self.source, count=self.count, window=self.window
        )
        self._from_roster = not message.last
        self.go(self.enrol_quickly(request, train=message.last and message.then_train))

    def heard(self, event: Event) -> None:
        """After a capture from the roster: back to it, with the next one selected."""
        super().heard(event)
        if isinstance(event, JobEnded) and event.job == "enrol" and self._from_roster:
            self._from_roster = False
            if self.screen is self.screen_desk:
                self.action_roster()
