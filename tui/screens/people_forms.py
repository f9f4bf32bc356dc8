"""The forms about people: another name, merge, move, consent, export, and who an unknown is."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual import work
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from engine.contract.people import Consent
from engine.settings import ConsentSettings
from engine.text import many
from tui.keys.keymap import with_keys
from tui.screens.dialog import Form, Send
from tui.screens.forms import consent_field
from tui.widgets.crop import Crop
from tui.widgets.fields import Field, Tick, hint
from tui.words.figures import consent_words
from tui.words.text import clean


class RenameForm(Form[str]):
    """Another name for a person; the one they have is ready to be edited."""

    TITLE = "Rename"
    GO = "Rename"

    def __init__(self, send: Send[str], *, name: str) -> None:
        super().__init__(
            send,
            Label(f"Pictures and model stay valid for {clean(name)}.", markup=False),
            Field("New name", Input(name, id="form-name", compact=True)),
        )

    def request(self) -> str:
        """The engine checks the name."""
        return self.needed("#form-name", "A person needs a name.")


class OtherPersonForm(Form[str]):
    """Asks for another person by name, and completes it; `what` is what happens then."""

    def __init__(
        self, send: Send[str], *, title: str, what: str, names: Sequence[str], to: str = ""
    ) -> None:
        suggest = SuggestFromList(names, case_sensitive=False)
        super().__init__(
            send,
            Label(clean(what), markup=False),
            Field("Person", Input(to, id="form-name", suggester=suggest, compact=True)),
            hint(with_keys("Right completes a name. {key.undo} takes it back later.")),
        )
        self.title = title

    def request(self) -> str:
        """A name of the list, whatever its case; the engine knows the rest."""
        return self.needed("#form-name", "Say which person.")


class MergeForm(OtherPersonForm):
    """Asks who is to be both people."""

    GO = "Merge"


class MoveForm(OtherPersonForm):
    """Asks whose pictures these are."""

    GO = "Move"


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What to note: who asked, for which text; or that it was taken back."""

    by: str
    text_version: str
    withdraw: bool


class ConsentForm(Form[ConsentRequest]):
    """Who asked the person, and which text they agreed to, below what is noted so far."""

    GO = "Note"

    def __init__(self, send: Send[ConsentRequest], *, name: str, settings: ConsentSettings) -> None:
        version = settings.text_version
        super().__init__(
            send,
            Label("", id="form-consent", markup=False),
            hint(f"Text {clean(version)}: {clean(settings.text)}"),
            Field("Noted by", Input(id="form-by", placeholder="your name", compact=True)),
            Field("Version", Input(version, id="form-version", compact=True)),
            Field("Withdrawn", Tick("it was taken back", False, id="form-withdraw", disabled=True)),
        )
        self.title = f"Consent of {name}"
        self._settings = settings

    def show(self, now: Consent | None) -> None:
        """Say what is noted so far; only what was given can be taken back."""
        if not self.query("#form-consent"):
            return  # closed meanwhile
        self.query_one("#form-consent", Label).update(
            Text(clean(consent_words(now, self._settings)))
        )
        self.query_one("#form-withdraw", Tick).disabled = now is None or not now.given

    def request(self) -> ConsentRequest:
        """Somebody must have asked; taking it back needs no more than the tick."""
        if self.query_one("#form-withdraw", Tick).value:
            return ConsentRequest(self.value("#form-by"), self.value("#form-version"), True)
        by = self.needed("#form-by", "Say who asked the person.")
        version = self.needed("#form-version", "Say which text they agreed to.")
        return ConsentRequest(by, version, False)


class ExportForm(Form[str]):
    """The file that all that is held on a person is written to."""

    TITLE = "All that is held"
    GO = "Write"

    def __init__(self, send: Send[str], *, name: str) -> None:
        what = (
            f"Pictures, consent, features and model entries of {clean(name)}, as one zip. "
            "It is not encrypted; an existing file is never overwritten."
        )
        offered = re.sub(r"[^\w-]+", "-", name).strip("-")
        super().__init__(
            send,
            Label(what, markup=False),
            Field("File", Input(f"~/{offered}.zip", id="form-file", compact=True)),
        )

    def request(self) -> str:
        """The engine knows whether it can be written."""
        return self.needed("#form-file", "Say which file.")


@dataclass(frozen=True, slots=True)
class Who:
    """A name, and who asked the person and notes that they agreed; empty if nobody says so now."""

    name: str
    consent: str


FACES = 4
"""Pictures of an unknown person that the form for their name shows."""
Faces = Callable[[], Coroutine[Any, Any, list[bytes]]]
"""Reads pictures, as PNG."""


class WhoForm(Form[Who]):
    """The name of an enrolled person, below the faces that get it; `name` stands there already."""

    TITLE = "This is"
    GO = "Add"
    ABOUT = "{crops} join this person's pictures. Then train with {key.train}."

    def __init__(
        self,
        send: Send[Who],
        *,
        faces: Faces,
        crops: int,
        consent: ConsentSettings,
        name: str,
        names: Sequence[str],
    ) -> None:
        given = Input(
            name,
            id="form-name",
            placeholder=f"such as {clean(names[0])}, who is nearest" if names else "",
            compact=True,
            select_on_focus=True,
            suggester=SuggestFromList(names, case_sensitive=False),
        )
        super().__init__(
            send,
            Horizontal(*(Crop() for _place in range(FACES)), classes="faces"),
            Label(with_keys(self.ABOUT, crops=many(crops, "crop")), markup=False),
            Field("Name", given),
            consent_field(consent),
        )
        self._faces = faces

    def on_mount(self) -> None:
        """Show the faces."""
        self._show_faces()

    @work(exit_on_error=False)
    async def _show_faces(self) -> None:
        for crop, png in zip(self.query(Crop), await self._faces(), strict=False):
            crop.show(png)

    def request(self) -> Who:
        """The engine knows who is enrolled."""
        name = self.needed("#form-name", "A person needs a name.")
        return Who(name, self.value("#form-consent-by"))


class NewFromUnknownForm(WhoForm):
    """The name of somebody who is enrolled by it."""

    TITLE = "A new person"
    GO = "Enrol"
    ABOUT = "{crops} are this person's first. Enrol who agreed to it."
