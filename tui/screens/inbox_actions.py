"""What the keys of the unknown inbox do.

The forms over the unknown inbox: who a group is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual import work
from textual.app import ComposeResult
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from engine.contract import Event, InboxChanged
from engine.contract.requests import UnknownGroup
from engine.settings import ConsentSettings
from engine.text import many
from tui.keys.keymap import with_keys
from tui.link import in_thread
from tui.screens.dialog import Confirm, Form, Send
from tui.screens.forms import consent_field
from tui.screens.inbox import GroupScreen, InboxScreen
from tui.screens.why import WhyApp
from tui.widgets.bars import TitleBar
from tui.widgets.fields import Field, Wrong
from tui.words.text import clean


@dataclass(frozen=True, slots=True)
class Who:
    """A name, and who asked the person and notes that they agreed; empty if nobody says so now."""

    name: str
    consent: str


class WhoForm(Form[Who]):
    """The name of an enrolled person; the one nearest is offered."""

    TITLE_TEXT = "This is"
    GO = "Add"

    def __init__(
        self,
        send: Send[Who],
        *,
        crops: int,
        name: str = "",
        names: Sequence[str] = (),
        consent: ConsentSettings | None = None,
    ) -> None:
        super().__init__(send)
        self._consent = consent or ConsentSettings()
        self._crops, self._name_given, self._names = crops, name, tuple(names)

    def form_fields(self) -> ComposeResult:
        """The name, with what it means."""
        yield Label(self._about(), markup=False)
        yield Field(
            "Name",
            Input(
                self._name_given,
                id="form-name",
                compact=True,
                select_on_focus=True,
                suggester=SuggestFromList(self._names, case_sensitive=False),
            ),
        )
        yield consent_field(self._consent)

    def _about(self) -> str:
        text = "{crops} join this person's pictures. Then train with {key.train}."
        return with_keys(text, crops=many(self._crops, "crop"))

    def request(self) -> Who:
        """The engine knows who is enrolled."""
        name = self.value("#form-name")
        if not name:
            raise Wrong("A person needs a name.", "#form-name")
        return Who(name, self.value("#form-consent-by"))


class NewFromInboxForm(WhoForm):
    """The name of somebody who is enrolled by it."""

    TITLE_TEXT = "A new person"
    GO = "Enrol"

    def _about(self) -> str:
        return "{crops} are this person's first. Enrol who agreed to it.".format(
            crops=many(self._crops, "crop")
        )


STRANGER_HINT = "The threshold takes it in when recognition starts next."


class InboxApp(WhyApp):
    """The actions around `InboxScreen`."""

    @property
    def screen_inbox(self) -> InboxScreen | None:
        """The inbox if it is open, perhaps under a form."""
        return next((s for s in self.screen_stack if isinstance(s, InboxScreen)), None)

    @property
    def screen_group(self) -> GroupScreen | None:
        """A group's contact sheet if it is open, perhaps under a form."""
        return next((s for s in self.screen_stack if isinstance(s, GroupScreen)), None)

    def heard(self, event: Event) -> None:
        """Somebody was kept, or could not be."""
        super().heard(event)
        if isinstance(event, InboxChanged):
            self.screen_desk.query_one(TitleBar).unknown = event.waiting
            if event.why:
                self.tell(
                    f"A stranger was not kept ({event.skipped} so far): {event.why}",
                    "warning",
                )
            if self.screen_inbox is not None:
                self.reload_inbox()

    @work(exclusive=True, group="inbox", exit_on_error=False)
    async def reload_inbox(self) -> None:
        """Read the inbox again, and show it where it is shown."""
        view = await self.ask(self.desk.inbox)
        if view is None:
            return
        self.screen_desk.query_one(TitleBar).unknown = view.waiting
        screen = self.screen_inbox
        if screen is not None and screen.is_mounted:
            screen.show(view)
        if self.screen_group is not None and self.screen_group.is_mounted:
            self.screen_group.show(view)

    def action_inbox(self) -> None:
        """Open the inbox. It opens first and reads then: keys that follow are for it."""
        self.push_screen(InboxScreen(self.reload_inbox, self.crop_at))

    # --- choices -------------------------------------------------------------------------

    def action_inbox_assign(self) -> None:
        """The form for who the selected group is."""
        group = self._group()
        if group is None:
            return

        async def assign(who: Who) -> None:
            call = partial(
                self.desk.inbox_assign, group.sightings, who.name, new=False, consent=who.consent
            )
            self._done(await in_thread(call), "Train with t, so that the model learns them.")

        async def ask() -> None:
            people = await in_thread(self.desk.people)
            names = [person.name for person in people]
            name = group.candidate if group.candidate in names else ""
            self.push_screen(
                WhoForm(
                    assign,
                    crops=group.crops,
                    name=name,
                    names=names,
                    consent=self.desk.settings.consent,
                )
            )

        self.go(ask())

    def action_inbox_new(self) -> None:
        """The form for a new person's name."""
        group = self._group()
        if group is None:
            return

        async def enrol(who: Who) -> None:
            call = partial(
                self.desk.inbox_assign, group.sightings, who.name, new=True, consent=who.consent
            )
            self._done(await in_thread(call), "Train with t, so that the model learns them.")

        self.push_screen(
            NewFromInboxForm(enrol, crops=group.crops, consent=self.desk.settings.consent)
        )

    def action_inbox_not(self) -> None:
        """The selected group is not the person nearest."""
        group = self._group()
        if group is not None:
            call = partial(self.desk.inbox_stranger, group.sightings, group.candidate)
            self._choose(call, STRANGER_HINT)

    def action_inbox_ignore(self) -> None:
        """The selected group is a stranger."""
        group = self._group()
        if group is not None:
            self._choose(partial(self.desk.inbox_stranger, group.sightings), STRANGER_HINT)

    def action_inbox_delete(self) -> None:
        """Delete the selected group."""
        group = self._group()
        if group is not None:
            self._choose(partial(self.desk.inbox_delete, group.sightings))

    def action_inbox_split(self) -> None:
        """The chosen sightings are nobody whom the others of their group show."""
        screen = self.screen_group
        if screen is None:
            return
        chosen, group = screen.chosen.sightings, screen.group.sightings
        if len(chosen) == len(group):
            self.notify("Leave one picture without a mark: all of them are the group.")
            return
        call = partial(self.desk.inbox_split, chosen, group)
        self._choose(call, "They are not grouped together again.")

    def action_inbox_delete_all(self) -> None:
        """Ask, then delete all groups."""
        screen = self.screen_inbox
        view = screen.view if screen is not None else None
        if view is None or not view.groups:
            self.notify("Nobody waits here.")
            return
        ids = [id for group in view.groups for id in group.sightings]

        def answered(yes: bool | None) -> None:
            if yes:
                self._choose(partial(self.desk.inbox_delete, ids))

        lines = [
            "{groups} with {sightings}.".format(
                groups=many(len(view.groups), "group"), sightings=many(len(ids), "sighting")
            ),
            "u brings them back, for {days} at most.".format(days=many(view.days, "day")),
        ]
        ask = Confirm("Delete all unknown?", lines, yes="Delete (y)", no="Keep (n)")
        self.push_screen(ask, answered)

    def action_inbox_undo(self) -> None:
        """Undo the last choice."""

        async def undo() -> None:
            title = await in_thread(self.desk.inbox_undo)
            self._done(f"Undone: {title}", undo=False)

        self.go(undo())

    def action_inbox_switch(self) -> None:
        """Keep strangers from now on, after saying what that means; or no longer."""
        screen = self.screen_inbox
        view = screen.view if screen is not None else None
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
        ask = Confirm("Keep strangers?", lines, yes="Keep them (y)", no="No (n)")
        self.push_screen(
            ask,
            lambda yes: self._switch(True, f"Strangers are kept for {days}") if yes else None,
        )

    # --- help for the actions ------------------------------------------------------------

    def _group(self) -> UnknownGroup | None:
        """The selected group, in its contact sheet the chosen part; says so where there is none."""
        if self.screen_group is not None:
            return self.screen_group.chosen
        screen = self.screen_inbox
        group = screen.selected if screen is not None else None
        if screen is not None and group is None:
            self.notify("Nobody waits here." if screen.view else "The inbox is still being read.")
        return group

    def _choose(self, call: Callable[[], str], hint: str = "") -> None:
        async def choose() -> None:
            self._done(await in_thread(call), hint)

        self.go(choose())

    def _switch(self, on: bool, text: str) -> None:
        async def switch() -> None:
            await in_thread(partial(self.desk.inbox_switch, on))
            self._done(text, undo=False)

        self.go(switch())

    def _done(self, text: str, hint: str = "", *, undo: bool = True) -> None:
        """Say what was done, and show what it changed."""
        more = "u undoes it." if undo else ""
        self.tell(text, "good", hint)
        self.notify(" ".join(filter(None, (f"{clean(text)}.", hint, more))), markup=False)
        self.reload_inbox()
        self.reload()
