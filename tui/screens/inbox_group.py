"""One group of unknowns: a picture of each sighting, of which some can be told from the others."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from engine.service.inbox_rows import InboxView, UnknownGroup
from engine.shown import many
from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.screens.dialog import Dialog
from tui.text import clean, day, shorten
from tui.widgets.contact_sheet import Cell, ContactSheet, Load
from tui.widgets.key_line import KeyLine


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
