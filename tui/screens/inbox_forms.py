"""The forms over the unknown inbox: who a group is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from engine.settings import ConsentSettings
from engine.shown import many
from tui.keys.names import with_keys
from tui.screens.dialog import Form, Send
from tui.screens.forms import consent_field
from tui.widgets.fields import Field, Wrong


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
