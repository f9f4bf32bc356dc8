"""One person: sessions, pictures with their quality, consent, and whom the model takes them for.

The forms about people: whom to merge with, whom pictures belong to, consent.

Two faces in one capture: whose is it? The capture is held until this is answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widgets import Button, DataTable, Input, Label, Static

from engine.contract import FaceAnswer, SecondFace
from engine.contract.people import Consent
from engine.contract.requests import PersonFacts, PictureFacts, SessionFacts
from engine.settings import ConsentSettings
from engine.text import many
from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.screens.dialog import Dialog, Form, Send
from tui.widgets.bars import KeyLine
from tui.widgets.crop import Crop
from tui.widgets.fields import Field, Tick, Wrong
from tui.words.figures import confusion_words, consent_words
from tui.words.text import clean, day, figure, shorten

COLUMNS = (
    ("", 2),
    ("Session, picture", 34),
    ("Bright", 7),
    ("Sharp", 7),
    ("Eyes", 6),
)
MARK = "✓"
IN_MODEL = {
    "yes": "The model in use knows these pictures.",
    "no": "Not in the model yet: {key.train} trains.",
    "stale": "Pictures changed since training: {key.train} trains.",
}


class PersonScreen(Dialog[None]):
    """A table of sessions that unfold into pictures. The app does what the other keys ask for.

    What is chosen is named by "<session>" or "<session>/<file>", as the desk wants it.
    """

    HELP = "person"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("person")]

    def __init__(self, name: str, consent: ConsentSettings) -> None:
        super().__init__()
        self._consent = consent
        self.person = name
        self.facts: PersonFacts | None = None
        """None until they are read."""
        self.marked: set[str] = set()
        self._unfolded: set[str] = set()
        self._keys: list[str] = []

    def title_text(self) -> str:
        """The person's name."""
        return self.person

    def body(self) -> ComposeResult:
        """Facts, the table, what is chosen."""
        yield Static(id="person-facts", markup=False)
        yield DataTable[Text](id="person-table", cursor_type="row", cell_padding=0)
        yield Static(id="person-chosen", classes="detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Empty until the facts come."""
        table = self.query_one(DataTable)
        for title, width in COLUMNS:
            table.add_column(Text(title), width=width)
        table.focus()

    def show(self, facts: PersonFacts) -> None:
        """Show the person as they are now; marks on pictures that are gone are dropped."""
        if self.facts is None:
            self._unfolded = {session.id for session in facts.sessions[-1:]}
        self.facts, self.person = facts, facts.name
        self.query_one(".dialog").border_title = Text(clean(facts.name))
        there = {s.id for s in facts.sessions}
        there |= {f"{s.id}/{p.file}" for s in facts.sessions for p in s.pictures}
        self.marked &= there
        self._fill()

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked sessions and pictures, else the selected one; none without pictures."""
        if self.marked:
            return tuple(sorted(self.marked))
        key = self._selected
        return (key,) if key else ()

    @property
    def pictures(self) -> int:
        """How many pictures are chosen."""
        return len(self._files(self.chosen))

    @property
    def _sessions(self) -> tuple[SessionFacts, ...]:
        return self.facts.sessions if self.facts else ()

    @property
    def _selected(self) -> str:
        place = self.query_one(DataTable).cursor_row
        return self._keys[place] if 0 <= place < len(self._keys) else ""

    def _files(self, chosen: Sequence[str]) -> set[str]:
        wanted = set(chosen)
        return {
            key
            for session in self._sessions
            for picture in session.pictures
            if (key := f"{session.id}/{picture.file}") in wanted or session.id in wanted
        }

    def _fill(self) -> None:
        facts = self.facts
        if facts is None:
            return
        enrolled = "{pictures} in {sessions}, enrolled {day}.".format(
            pictures=many(facts.pictures, "picture"),
            sessions=many(len(facts.sessions), "session"),
            day=day(facts.created),
        )
        lines = (
            f"{enrolled} {with_keys(IN_MODEL[facts.in_model])}",
            consent_words(facts.consent, self._consent),
            confusion_words(facts.confusion),
        )
        self.query_one("#person-facts", Static).update(Text("\n".join(map(clean, lines))))
        table = self.query_one(DataTable)
        place = table.cursor_row
        table.clear()
        self._keys = []
        for session in facts.sessions:
            self._add_session(table, session)
            if session.id in self._unfolded:
                for picture in session.pictures:
                    self._add_picture(table, session, picture)
        table.move_cursor(row=min(max(place, 0), max(0, len(self._keys) - 1)))
        self._describe()

    def _add_session(self, table: DataTable[Text], session: SessionFacts) -> None:
        self._keys.append(session.id)
        sign = "▾" if session.id in self._unfolded else "▸"
        name = f"{sign} {day(session.started)} {session.source}"
        table.add_row(
            Text(MARK if session.id in self.marked else "", "bold"),
            Text(shorten(name, COLUMNS[1][1] - 1), "bold"),
            Text(figure(session.brightness, ".0f")),
            Text(figure(session.sharpness, ".0f")),
            Text(figure(session.eyes, ".0%")),
        )

    def _add_picture(
        self, table: DataTable[Text], session: SessionFacts, picture: PictureFacts
    ) -> None:
        key = f"{session.id}/{picture.file}"
        self._keys.append(key)
        sign = MARK if key in self.marked or session.id in self.marked else ""
        flag = "! " if picture.others else ""
        name = f"    {flag}{picture.file} {picture.label}".rstrip()
        known = picture.brightness == picture.brightness  # NaN where nothing was written down
        table.add_row(
            Text(sign, "bold"),
            Text(shorten(name, COLUMNS[1][1] - 1)),
            Text(figure(picture.brightness, ".0f")),
            Text(figure(picture.sharpness, ".0f")),
            Text(("yes" if picture.eyes_found else "no") if known else "-"),
        )

    def _describe(self) -> None:
        key = self._selected
        if not key:
            empty = with_keys("No pictures: {key.new_person} enrols.")
            self.query_one("#person-chosen", Static).update(Text(empty))
            return
        session, _slash, file = key.partition("/")
        count = next(len(s.pictures) for s in self._sessions if s.id == session)
        about = f"{session}: {many(count, 'picture')}" if not file else f"{session}/{file}"
        others = {f"{s.id}/{p.file}": p.others for s in self._sessions for p in s.pictures}.get(key)
        if others:
            about += " · " + f"! other faces in its photograph: {others}"
        if self.marked:
            pictures = many(self.pictures, "picture")
            about += " · " + f"{pictures} marked"
        self.query_one("#person-chosen", Static).update(Text(clean(about)))

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        if self.facts is not None:
            self._describe()

    @on(DataTable.RowSelected)
    def _entered(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.action_unfold()

    def action_unfold(self) -> None:
        """Show or hide the pictures of the selected session."""
        session = self._selected.partition("/")[0]
        self._unfolded ^= {session}
        self._fill()
        if session in self._keys:
            self.query_one(DataTable).move_cursor(row=self._keys.index(session))

    def action_mark_picture(self) -> None:
        """Mark the row and go on to the next."""
        key = self._selected
        if not key:
            return
        self.marked ^= {key}
        self._fill()
        table = self.query_one(DataTable)
        table.move_cursor(row=min(table.cursor_row + 1, len(self._keys) - 1))


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


Load = Callable[[str], Coroutine[Any, Any, bytes]]
"""A crop's PNG by its path; empty if it is gone."""

ANSWERS: tuple[tuple[FaceAnswer, str], ...] = (
    ("first", "First ({key[face.face-first]})"),
    ("other", "Other ({key[face.face-other]})"),
    ("both", "Both ({key[face.face-both]})"),
    ("stop", "Discard ({key[face.face-stop]})"),
)


def evidence(event: SecondFace) -> str:
    """What the question rests on, in a sentence."""
    if event.earlier:
        text = "{others} new pictures of {person} show another face than the earlier ones"
    else:
        text = "{others} pictures of {person} show another face than the other {first}"
    told = text.format(others=event.others, person=clean(event.person), first=event.first)
    if event.other_is:
        return f"{told}: that of {clean(event.other_is)}."
    return f"{told}."


class FaceQuestion(Dialog[FaceAnswer]):
    """Both faces and four answers. Esc stops the capture too, for it cannot go on unanswered."""

    AUTO_FOCUS = "#face-first"  # Enter alone lets no second face in
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("face")]
    TITLE_TEXT = "Two faces: which one is kept?"

    def __init__(self, event: SecondFace, load: Load) -> None:
        super().__init__()
        self._event = event
        self._load = load

    def body(self) -> ComposeResult:
        """What it rests on, both faces, what the answers do, the answers."""
        yield Static(evidence(self._event), markup=False)
        with Horizontal(id="face-crops"):
            yield Crop(id="face-crop-first")
            yield Crop(id="face-crop-other")
        told = "What is not kept goes to the trash, and undo brings it back. Discard: all."
        yield Static(told, markup=False)
        with Horizontal(classes="buttons"):
            for choice, label in ANSWERS:
                yield Button(with_keys(label), id=f"face-{choice}", compact=True)

    def on_mount(self) -> None:
        """Show the faces."""
        self.run_worker(self._show(), exit_on_error=False)

    async def _show(self) -> None:
        event = self._event
        first = "enrolled before" if event.earlier else "the first"
        other = clean(event.other_is) or "the other"
        for place, path, caption in (
            ("first", event.first_picture, first),
            ("other", event.other_picture, other),
        ):
            self.query_one(f"#face-crop-{place}", Crop).show(await self._load(path), caption)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(cast(FaceAnswer, (event.button.id or "").removeprefix("face-")))

    def action_face(self, choice: FaceAnswer) -> None:
        """Answered by a key."""
        self.dismiss(choice)

    def action_dismiss_dialog(self) -> None:
        """Esc: the capture is given up."""
        self.dismiss("stop")
