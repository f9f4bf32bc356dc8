"""One person: sessions, pictures with their quality, consent, and whom the model takes them for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Static

from engine.service.protocol import PersonFacts, PictureFacts, SessionFacts
from engine.settings import ConsentSettings
from engine.shown import many
from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.person_words import confusion_words, consent_words
from tui.screens.dialog import Dialog
from tui.text import clean, day, figure, shorten
from tui.widgets.key_line import KeyLine

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
