"""The forms about people: another name, merge, move, consent, export, and who an unknown is."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
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
from tui.widgets.fields import Field, Tick, Wrong
from tui.words.figures import consent_words
from tui.words.text import clean


class RenameForm(Form[str]):
    """Another name for a person."""

    TITLE_TEXT = "Rename"
    GO = "Rename"

    def __init__(self, send: Send[str], *, name: str) -> None:
        super().__init__(send)
        self._old = name

    def form_fields(self) -> ComposeResult:
        """The name as it is, ready to be edited."""
        about = f"Pictures and model stay valid for {clean(self._old)}."
        yield Label(about, markup=False)
        yield Field("New name", Input(self._old, id="form-name", compact=True))

    def request(self) -> str:
        """The engine checks the name."""
        name = self.value("#form-name")
        if not name:
            raise Wrong("A person needs a name.", "#form-name")
        return name


class OtherPersonForm(Form[str]):
    """Asks for another person by name, and completes it."""

    def __init__(
        self, send: Send[str], *, title: str, what: str, names: Sequence[str], to: str = ""
    ) -> None:
        super().__init__(send)
        self._title, self._what, self._names, self._to = title, what, names, to

    def title_text(self) -> str:
        """What is done."""
        return self._title

    def form_fields(self) -> ComposeResult:
        """What happens, and to whom."""
        yield Label(clean(self._what), markup=False)
        suggest = SuggestFromList(self._names, case_sensitive=False)
        yield Field("Person", Input(self._to, id="form-name", suggester=suggest, compact=True))
        hint = with_keys("Right completes a name. {key.undo} takes it back later.")
        yield Label(hint, classes="hint", markup=False)

    def request(self) -> str:
        """A name of the list, whatever its case; the engine knows the rest."""
        name = self.value("#form-name")
        if not name:
            raise Wrong("Say which person.", "#form-name")
        return name


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
    """Who asked the person, and which text they agreed to."""

    GO = "Note"

    def __init__(self, send: Send[ConsentRequest], *, name: str, settings: ConsentSettings) -> None:
        super().__init__(send)
        self._name_of, self._settings = name, settings
        self._version, self._text = settings.text_version, settings.text

    def title_text(self) -> str:
        """Whose consent."""
        return f"Consent of {self._name_of}"

    def form_fields(self) -> ComposeResult:
        """What is noted so far, the text, and what to note."""
        yield Label("", id="form-consent", markup=False)
        text = "Text {version}: {text}"
        text = text.format(version=clean(self._version), text=clean(self._text))
        yield Label(text, classes="hint", markup=False)
        by = Input(id="form-by", placeholder="your name", compact=True)
        yield Field("Noted by", by)
        yield Field("Version", Input(self._version, id="form-version", compact=True))
        withdraw = Tick("it was taken back", False, id="form-withdraw", disabled=True)
        yield Field("Withdrawn", withdraw)

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
        by, version = self.value("#form-by"), self.value("#form-version")
        withdraw = self.query_one("#form-withdraw", Tick).value
        if not by and not withdraw:
            raise Wrong("Say who asked the person.", "#form-by")
        if not version and not withdraw:
            raise Wrong("Say which text they agreed to.", "#form-version")
        return ConsentRequest(by, version, withdraw)


class ExportForm(Form[str]):
    """The file that all that is held on a person is written to."""

    TITLE_TEXT = "All that is held"
    GO = "Write"

    def __init__(self, send: Send[str], *, name: str) -> None:
        super().__init__(send)
        self._name_of = name

    def form_fields(self) -> ComposeResult:
        """What is written, and where."""
        yield Label(
            (
                "Pictures, consent, features and model entries of "
                f"{clean(self._name_of)}, as one zip. It is not "
                "encrypted; an existing file is never overwritten."
            ),
            markup=False,
        )
        offered = re.sub(r"[^\w-]+", "-", self._name_of).strip("-")
        yield Field("File", Input(f"~/{offered}.zip", id="form-file", compact=True))

    def request(self) -> str:
        """The engine knows whether it can be written."""
        file = self.value("#form-file")
        if not file:
            raise Wrong("Say which file.", "#form-file")
        return file


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
    """The name of an enrolled person, below the faces that get it; the one nearest is offered."""

    TITLE_TEXT = "This is"
    GO = "Add"

    def __init__(
        self,
        send: Send[Who],
        *,
        faces: Faces,
        crops: int,
        name: str = "",
        names: Sequence[str] = (),
        consent: ConsentSettings | None = None,
    ) -> None:
        super().__init__(send)
        self._consent = consent or ConsentSettings()
        self._faces = faces
        self._crops, self._name_given, self._names = crops, name, tuple(names)

    def form_fields(self) -> ComposeResult:
        """The faces, the name, with what it means."""
        with Horizontal(classes="faces"):
            for place in range(FACES):
                yield Crop(id=f"who-face-{place}")
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

    def on_mount(self) -> None:
        """Show the faces."""
        self.run_worker(self._show_faces(), exit_on_error=False)

    async def _show_faces(self) -> None:
        for place, png in enumerate((await self._faces())[:FACES]):
            self.query_one(f"#who-face-{place}", Crop).show(png)

    def _about(self) -> str:
        text = "{crops} join this person's pictures. Then train with {key.train}."
        return with_keys(text, crops=many(self._crops, "crop"))

    def request(self) -> Who:
        """The engine knows who is enrolled."""
        name = self.value("#form-name")
        if not name:
            raise Wrong("A person needs a name.", "#form-name")
        return Who(name, self.value("#form-consent-by"))


class NewFromUnknownForm(WhoForm):
    """The name of somebody who is enrolled by it."""

    TITLE_TEXT = "A new person"
    GO = "Enrol"

    def _about(self) -> str:
        return "{crops} are this person's first. Enrol who agreed to it.".format(
            crops=many(self._crops, "crop")
        )
