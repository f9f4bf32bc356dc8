"""The unknown inbox: groups of strangers, one key for each decision about them.

One group of unknowns: a picture of each sighting, of which some can be told from the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import DataTable, Static

from engine.contract.requests import InboxView, UnknownGroup
from engine.text import many
from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.screens.dialog import Dialog
from tui.widgets.bars import KeyLine
from tui.widgets.crop import Cell, ContactSheet, Crop, Load
from tui.words.text import clean, day, shorten


class GroupScreen(Dialog[None]):
    """The contact sheet of a group. The app does what the keys ask for, then calls `show`."""

    HELP = "group"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("group")]

    def __init__(self, group: UnknownGroup, load: Load) -> None:
        super().__init__()
        self.group = group
        self._load = load

    def title_text(self) -> str:
        """Who is nearest to whom."""
        count = many(len(self.group.rows), "sighting")
        near = shorten(self.group.candidate, 40)
        return f"{count}, nearest {near}"

    def body(self) -> ComposeResult:
        """The pictures, and what the keys are about."""
        yield ContactSheet(self._load, id="group-sheet")
        yield Static(id="group-chosen", classes="detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Show the group that the screen was opened for."""
        self.query_one(ContactSheet).focus()
        self._fill()

    @property
    def chosen(self) -> UnknownGroup:
        """The group with the marked sightings alone, else with the one under the cursor."""
        sheet = self.query_one(ContactSheet)
        return self.group.only(sheet.marked or {sheet.key})

    def show(self, view: InboxView) -> None:
        """Show what the group is now: that which has most of the sightings not marked. Closes if
        nobody of it waits any more."""
        own = set(self.group.sightings)
        rest = own - self.query_one(ContactSheet).marked
        found = max(
            (group for group in view.groups if own.intersection(group.sightings)),
            key=lambda group: (len(rest & set(group.sightings)), len(own & set(group.sightings))),
            default=None,
        )
        if found is not None:
            self.group = found
            self._fill()
        elif self.is_current:
            self.dismiss(None)

    def action_mark(self) -> None:
        """Mark the picture, or take its mark away."""
        self.query_one(ContactSheet).toggle()

    def _fill(self) -> None:
        self.query_one(".dialog").border_title = Text(clean(self.title_text()))
        self.query_one(ContactSheet).show(
            [Cell(row.id, row.picture, day(row.at)) for row in self.group.rows]
        )

    @on(ContactSheet.Changed)
    def _describe(self) -> None:
        marked, chosen = self.query_one(ContactSheet).marked, self.chosen
        crops = many(chosen.crops, "crop")
        if marked:
            text = "{marked} of {all} marked, {crops}. {key[group.inbox_split]} splits them off."
        else:
            text = "{day}, {crops}. {key[group.mark]} marks whoever is somebody else."
        about = with_keys(
            text, marked=len(marked), all=len(self.group.rows), crops=crops, day=day(chosen.last)
        )
        self.query_one("#group-chosen", Static).update(Text(about))


COLUMNS = (
    ("Last seen", 17),
    ("Seen", 5),
    ("Crops", 6),
    ("Score", 15),
    ("Nearest", 0),
)
EMPTY_ON = (
    "Nobody waits. Strangers seen while recognising come here.\n"
    "Press esc, then {key.recognise} to watch."
)
EMPTY_OFF = (
    "Nobody waits, and strangers are not kept.\n"
    "Press {key[inbox.inbox_switch]} to keep those seen while recognising."
)


class InboxScreen(Dialog[None]):
    """A table of groups, newest first. The app does what the keys ask for, then calls `show`."""

    TITLE_TEXT = "Unknown inbox"
    HELP = "inbox"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("inbox")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self, read: Callable[[], object], load: Load) -> None:
        """`read` has the inbox read, and `show` called."""
        super().__init__()
        self._read = read
        self.view: InboxView | None = None
        self._load = load

    def body(self) -> ComposeResult:
        """What is kept, the groups, the selected one's newest crop."""
        yield Static("Reading the inbox ...", id="inbox-state", markup=False)
        yield DataTable[Text](id="inbox-table", cursor_type="row", cell_padding=0)
        with Horizontal(id="inbox-below"):
            yield Crop(id="inbox-crop")
            yield Static(id="inbox-detail", classes="detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Ready for the groups: have them read."""
        table = self.query_one(DataTable)
        for title, width in COLUMNS:
            table.add_column(title, width=width or None)
        table.focus()
        self._read()

    @property
    def selected(self) -> UnknownGroup | None:
        """The group under the cursor."""
        row = self.query_one(DataTable).cursor_row
        groups = self.view.groups if self.view else ()
        return groups[row] if 0 <= row < len(groups) else None

    def show(self, view: InboxView) -> None:
        """List these groups; the cursor stays with its group, else where it was."""
        table, before = self.query_one(DataTable), self.selected
        row = table.cursor_row
        self.view = view
        with self.prevent(DataTable.RowHighlighted):
            table.clear()
            for group in view.groups:
                table.add_row(*_cells(group))
            same = [n for n, g in enumerate(view.groups) if before and g.id == before.id]
            table.move_cursor(row=same[0] if same else max(0, min(row, len(view.groups) - 1)))
        self.query_one("#inbox-state", Static).update(Text(_state(view)))
        self._describe()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Say more about the group under the cursor."""
        event.stop()
        self._describe()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter opens the group."""
        event.stop()
        self.action_group()

    def action_group(self) -> None:
        """Show a picture of each sighting of the selected group."""
        group = self.selected
        if group is not None and self.is_current:
            self.app.push_screen(GroupScreen(group, self._load))

    def _describe(self) -> None:
        group, view = self.selected, self.view
        about = Text()
        if group is not None:
            question = f"Is this {shorten(group.candidate, 40)}?"
            about.append(f"{question}\n", "bold")
            needed = (
                f"{group.score:.2f} for the person nearest, "
                f"{group.threshold:.2f} is needed to be named."
            )
            seen = "{sightings}, {crops}, first {day}\nfrom {source}".format(
                sightings=many(len(group.sightings), "sighting"),
                crops=many(group.crops, "crop"),
                day=day(group.first),
                source=clean(group.source),
            )
            about.append(f"{needed}\n{seen}\n")
            if len(group.rows) > 1:
                about.append(with_keys("{key[inbox.group]} shows each of them.") + "\n")
        elif view is not None:
            about.append(with_keys(EMPTY_ON if view.keeping else EMPTY_OFF))
        if view is not None and view.undo:
            undo = with_keys("{key[inbox.inbox_undo]} undoes: {what}", what=clean(view.undo))
            about.append(f"\n{undo}", "dim")
        self.query_one("#inbox-detail", Static).update(about)
        self.run_worker(self._picture(group), exclusive=True, exit_on_error=False)

    async def _picture(self, group: UnknownGroup | None) -> None:
        crop = self.query_one("#inbox-crop", Crop)
        crop.display = group is not None
        if group is None:
            crop.show(b"")
        else:
            crop.show(await self._load(group.picture), "newest crop")


def _state(view: InboxView) -> str:
    if view.keeping:
        return "Keeping strangers: ON. They are removed for good after {days}.".format(
            days=many(view.days, "day")
        )
    off = "Keeping strangers: OFF. Nobody new comes here; {key[inbox.inbox_switch]} switches it on."
    return with_keys(off)


def _cells(group: UnknownGroup) -> tuple[Text, ...]:
    return (
        Text(day(group.last)),
        Text(str(len(group.sightings))),
        Text(str(group.crops)),
        Text(f"{group.score:.2f} < {group.threshold:.2f}"),
        Text(clean(group.candidate)),
    )
