"""The unknown list: groups of strangers, one key for each decision about them.

A group opens as a contact sheet, a picture of each sighting; marked ones are decided about alone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from engine.contract import UnknownChanged
from engine.contract.requests import UnknownGroup, UnknownView
from engine.text import many
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.screens.dialog import Dialog, confirm
from tui.screens.people_forms import FACES, NewFromUnknownForm, Who, WhoForm
from tui.screens.questions import newest_face
from tui.screens.stills import Still, StillScreen
from tui.widgets.bars import KeyLine, TitleBar
from tui.widgets.crop import Cell, ContactSheet, Crop
from tui.widgets.lists import Row, Rows
from tui.words.figures import matched
from tui.words.text import clean, day, shorten

STRANGER_HINT = "The threshold takes it in when recognition starts next."
TRAIN_HINT = "Train with {key.train}, so that the model learns them."


class UnknownDialog(Dialog[None]):
    """What the list and the contact sheet share: the decisions about a group. `reload` reads
    the list again and calls `show`."""

    def __init__(self, link: EngineApp, reload: Callable[[], object]) -> None:
        super().__init__()
        self.link, self._reload = link, reload

    @property
    @abstractmethod
    def chosen(self) -> UnknownGroup | None:
        """The group that is decided about."""

    @abstractmethod
    def show(self, view: UnknownView) -> None:
        """Show the unknown list as it is now."""

    def no_group(self) -> None:
        """Say why there is nothing to decide about."""

    @property
    def _group(self) -> UnknownGroup | None:
        group = self.chosen
        if group is None:
            self.no_group()
        return group

    def action_unknown_assign(self) -> None:
        """The form for who the group is."""
        if (group := self._group) is not None:
            self.link.go(self._ask_who(group))

    async def _ask_who(self, group: UnknownGroup) -> None:
        near, people = group.candidate, await in_thread(self.link.desk.people)
        names = sorted((person.name for person in people), key=lambda name: name != near)
        # Enter alone puts a stranger's face into nobody's folder.
        sure = near in names and group.score >= group.threshold
        self.link.push_screen(self._form(WhoForm, group, near if sure else "", names))

    def action_unknown_new(self) -> None:
        """The form for a new person's name."""
        if (group := self._group) is not None:
            self.link.push_screen(self._form(NewFromUnknownForm, group))

    def _form(
        self, kind: type[WhoForm], group: UnknownGroup, name: str = "", names: Sequence[str] = ()
    ) -> WhoForm:
        return kind(
            partial(self._assign, group, kind is NewFromUnknownForm),
            faces=partial(self._faces, group),
            crops=group.crops,
            consent=self.link.desk.settings.consent,
            name=name,
            names=names,
        )

    async def _faces(self, group: UnknownGroup) -> list[bytes]:
        return [await self.link.picture(row.picture) for row in reversed(group.rows[-FACES:])]

    def action_still_here(self) -> None:
        """The newest picture of the group, as large as fits."""
        if (group := self._group) is not None:
            self.link.go(self._show_still(group))

    async def _show_still(self, group: UnknownGroup) -> None:
        stills = [
            Still(await self.link.picture(row.picture), f"seen {day(row.at)}")
            for row in reversed(group.rows)
        ]
        self.link.push_screen(StillScreen(self.title or "", tuple(stills)))

    async def _assign(self, group: UnknownGroup, new: bool, who: Who) -> None:
        desk = self.link.desk
        call = partial(desk.unknown_assign, group.sightings, who.name, new=new, consent=who.consent)
        self._done(await in_thread(call), with_keys(TRAIN_HINT))

    def action_unknown_not(self) -> None:
        """The group is not the person nearest."""
        if (group := self._group) is not None:
            call = partial(self.link.desk.unknown_stranger, group.sightings, group.candidate)
            self.choose(call, STRANGER_HINT)

    def action_unknown_ignore(self) -> None:
        """The group is a stranger."""
        if (group := self._group) is not None:
            self.choose(partial(self.link.desk.unknown_stranger, group.sightings), STRANGER_HINT)

    def action_unknown_delete(self) -> None:
        """Delete the group."""
        if (group := self._group) is not None:
            self.choose(partial(self.link.desk.unknown_delete, group.sightings))

    def action_unknown_undo(self) -> None:
        """Undo the last choice."""
        self.choose(lambda: f"Undone: {self.link.desk.unknown_undo()}", undo=False)

    def choose(self, call: Callable[[], str], hint: str = "", *, undo: bool = True) -> None:
        """Carry a decision out, and say what was done."""

        async def choose() -> None:
            self._done(await in_thread(call), hint, undo=undo)

        self.link.go(choose())

    def _done(self, text: str, hint: str = "", *, undo: bool = True) -> None:
        """Say what was done, and show what it changed."""
        more = with_keys("{key[unknown.unknown_undo]} undoes it.") if undo else ""
        self.link.tell(text, "good", hint)
        self.link.notify(" ".join(filter(None, (f"{clean(text)}.", hint, more))), markup=False)
        self._reload()
        self.link.reload()


class GroupScreen(UnknownDialog):
    """The contact sheet of a group."""

    HELP = "group"

    def __init__(self, link: EngineApp, reload: Callable[[], object], group: UnknownGroup) -> None:
        super().__init__(link, reload)
        self.group = group

    def body(self) -> ComposeResult:
        """The pictures, and what the keys are about."""
        yield ContactSheet(self.link.picture, id="group-sheet")
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

    def show(self, view: UnknownView) -> None:
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
        elif self.is_active:
            self.dismiss(None)

    def action_unknown_split(self) -> None:
        """The chosen sightings are nobody whom the others of their group show."""
        chosen, group = self.chosen.sightings, self.group.sightings
        if len(chosen) == len(group):
            self.notify("Leave one picture without a mark: all of them are the group.")
            return
        call = partial(self.link.desk.unknown_split, chosen, group)
        self.choose(call, "They are not grouped together again.")

    def action_mark(self) -> None:
        """Mark the picture, or take its mark away."""
        self.query_one(ContactSheet).toggle()

    def _fill(self) -> None:
        near = shorten(self.group.candidate, 40)
        self.title = f"{many(len(self.group.rows), 'sighting')}, nearest {near}"
        self.query_one(".dialog").border_title = Text(clean(self.title))
        self.query_one(ContactSheet).show(
            [Cell(row.id, row.picture, day(row.at)) for row in self.group.rows]
        )

    @on(ContactSheet.Changed)
    def _describe(self) -> None:
        marked, chosen = self.query_one(ContactSheet).marked, self.chosen
        crops = many(chosen.crops, "crop")
        if marked:
            text = "{marked} of {all} marked, {crops}. {key[group.unknown_split]} splits them off."
        else:
            text = "{day}, {crops}. {key[group.mark]} marks whoever is somebody else."
        about = with_keys(
            text, marked=len(marked), all=len(self.group.rows), crops=crops, day=day(chosen.last)
        )
        self.query_one("#group-chosen", Static).update(Text(about))


COLUMNS = (("Last seen", 17), ("Seen", 5), ("Crops", 6), ("Nearest", 0))
EMPTY_ON = (
    "No unknown faces. Strangers seen while recognising come here.\n"
    "Press esc, then {key.recognise} to watch."
)
EMPTY_OFF = (
    "No unknown faces, and strangers are not kept.\n"
    "Press {key[unknown.unknown_switch]} to keep those seen while recognising."
)


class UnknownScreen(UnknownDialog):
    """A table of groups, newest first."""

    TITLE = "Unknown people"
    HELP = "unknown"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self, link: EngineApp, reload: Callable[[], object]) -> None:
        super().__init__(link, reload)
        self.view: UnknownView | None = None

    def body(self) -> ComposeResult:
        """What is kept, the groups, the selected one's newest crop beside the person nearest."""
        yield Static("Reading the unknown ...", id="unknown-state", markup=False)
        yield Rows(id="unknown-table", moved=self._describe, entered=self.action_group)
        with Horizontal(id="unknown-below"):
            yield Crop(id="unknown-crop")
            yield Crop(id="unknown-nearest")
            yield Static(id="unknown-detail", classes="detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Ready for the groups: have them read."""
        self.query_one(Rows).focus()
        self._reload()

    @property
    def chosen(self) -> UnknownGroup | None:
        """The group under the cursor."""
        group: UnknownGroup | None = self.query_one(Rows).selected
        return group

    def show(self, view: UnknownView) -> None:
        """List these groups; the cursor stays with its group, else where it was."""
        self.view = view
        self.query_one(Rows).fill(COLUMNS, map(_row, view.groups))
        self.query_one("#unknown-state", Static).update(Text(_state(view)))
        self._describe()

    def no_group(self) -> None:
        """The unknown list is empty, or not read yet."""
        self.notify("No unknown faces here." if self.view else "The list is still being read.")

    def action_unknown_delete_all(self) -> None:
        """Ask, then delete all groups."""
        view = self.view
        if view is None or not view.groups:
            self.notify("No unknown faces here.")
            return
        ids = [id for group in view.groups for id in group.sightings]
        lines = [
            f"{many(len(view.groups), 'group')} with {many(len(ids), 'sighting')}.",
            with_keys(
                "{key[unknown.unknown_undo]} brings them back, for {days} at most.",
                days=many(view.days, "day"),
            ),
        ]
        delete = partial(self.choose, partial(self.link.desk.unknown_delete, ids))
        confirm(self.link, "Delete all unknown?", lines, "Delete (y)", "Keep (n)", delete)

    def action_unknown_switch(self) -> None:
        """Keep strangers from now on, after saying what that means; or no longer."""
        view = self.view
        if view is None:
            return
        if view.keeping:
            self._switch(False, "Strangers are not kept any more; those here stay until deleted.")
            return
        days = many(view.days, "day")
        lines = [
            (
                "While recognising, a few pictures of each face that stays unknown are "
                "kept in this workspace, with the time, the source and who was nearest."
            ),
            f"They are removed for good after {days}. Nothing leaves this computer.",
            "Faces are biometric data: tell the people who pass this camera.",
        ]
        switch = partial(self._switch, True, f"Strangers are kept for {days}")
        confirm(self.link, "Keep strangers?", lines, "Keep them (y)", "No (n)", switch)

    def _switch(self, on: bool, text: str) -> None:
        def switch() -> str:
            self.link.desk.unknown_switch(on)
            return text

        self.choose(switch, undo=False)

    def action_group(self) -> None:
        """Show a picture of each sighting of the selected group."""
        group = self.chosen
        if group is not None and self.is_active:
            self.link.push_screen(GroupScreen(self.link, self._reload, group))

    def _describe(self) -> None:
        group, view = self.chosen, self.view
        about = Text()
        if group is not None:
            question = f"Is this {shorten(group.candidate, 40)}?"
            about.append(f"{question}\n", "bold")
            needed = f"Match {matched(group.score, group.threshold)} of 100; 50 names a face."
            count = f"{many(len(group.sightings), 'sighting')}, {many(group.crops, 'crop')}"
            seen = f"{count}, first {day(group.first)}\nfrom {clean(group.source)}"
            about.append(f"{needed}\n{seen}\n")
            if len(group.rows) > 1:
                about.append(with_keys("{key[unknown.group]} shows each of them.") + "\n")
        elif view is not None:
            about.append(with_keys(EMPTY_ON if view.keeping else EMPTY_OFF))
        if view is not None and view.undo:
            undo = with_keys("{key[unknown.unknown_undo]} undoes: {what}", what=clean(view.undo))
            about.append(f"\n{undo}", "dim")
        self.query_one("#unknown-detail", Static).update(about)
        self._picture(group)

    @work(exclusive=True, exit_on_error=False, description="pictures")
    async def _picture(self, group: UnknownGroup | None) -> None:
        crops = self.query_one("#unknown-crop", Crop), self.query_one("#unknown-nearest", Crop)
        for crop in crops:
            crop.display = group is not None
            crop.show(b"")
        if group is not None:
            crops[0].show(await self.link.picture(group.picture), "newest crop")
            crops[1].show(await newest_face(self.link, group.candidate), group.candidate)


class Unknown:
    """The key that opens the unknown list, and the count in the title."""

    def __init__(self, app: EngineApp, title: TitleBar) -> None:
        self.app, self.title = app, title
        app.listen({UnknownChanged: self._changed})

    def action_unknown(self) -> None:
        """Open the unknown list. It opens first and reads then: keys that follow are for it."""
        self.app.push_screen(UnknownScreen(self.app, self.reload))

    def _changed(self, event: UnknownChanged) -> None:
        """Somebody was kept, or could not be."""
        self.title.unknown = event.waiting
        if event.why:
            text = f"A stranger was not kept ({event.skipped} so far): {event.why}"
            self.app.tell(text, "warning")
        if self.app.open_screen(UnknownScreen) is not None:
            self.reload()

    def reload(self) -> None:
        """Read the unknown list again, and show it where it is shown."""
        self.app.run_worker(self._read(), group="unknown", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        view = await self.app.ask(self.app.desk.unknown)
        if view is None:
            return
        self.title.unknown = view.waiting
        for screen in self.app.screen_stack:
            if isinstance(screen, UnknownDialog) and screen.is_mounted:
                screen.show(view)


def _state(view: UnknownView) -> str:
    if view.keeping:
        days = many(view.days, "day")
        return f"Keeping strangers: ON. They are removed for good after {days}."
    off = (
        "Keeping strangers: OFF. Nobody new comes here; {key[unknown.unknown_switch]} turns it on."
    )
    return with_keys(off)


def _row(group: UnknownGroup) -> Row:
    cells = (
        Text(day(group.last)),
        Text(str(len(group.sightings))),
        Text(str(group.crops)),
        Text(clean(group.candidate)),
    )
    return Row(cells, group.source, group, group.id)
