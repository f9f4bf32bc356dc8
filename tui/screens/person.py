"""One person: sessions that unfold into pictures, and the keys that change them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from engine.contract.errors import PersonNotFound, PersonUnreadable
from engine.contract.requests import PersonFacts, PictureFacts, SessionFacts
from engine.text import many
from tui.keys.keymap import with_keys
from tui.link import in_thread
from tui.screens.dialog import Dialog
from tui.screens.people import People
from tui.screens.people_forms import ExportForm
from tui.screens.stills import show_pictures
from tui.widgets.bars import KeyLine
from tui.widgets.crop import Cell, Faces
from tui.widgets.lists import Row, Rows
from tui.words.figures import IN_MODEL, confusion_words, consent_words
from tui.words.text import clean, day, figure, shorten

NAME = 30
"""Cells of a session's or picture's name."""
COLUMNS = (("", 2), ("Session, picture", NAME))
MARK = "✓"


class PersonScreen(Dialog[None]):
    """A table of sessions that unfold into pictures.

    What is chosen is named by "<session>" or "<session>/<file>", as the desk wants it.
    """

    HELP = "person"

    def __init__(self, name: str, people: People) -> None:
        super().__init__()
        self._people, self._app, self._desk = people, people.app, people.app.desk
        self.person = self.title = name
        self.facts: PersonFacts | None = None
        """None until they are read."""
        self.marked: set[str] = set()
        self._unfolded: set[str] = set()
        self._paths: dict[str, str] = {}

    def body(self) -> ComposeResult:
        """Facts, the table, what is chosen."""
        yield Static(id="person-facts", markup=False)
        with Horizontal(id="person-body"):
            yield Rows(id="person-table", moved=self._describe, entered=self.action_unfold)
            yield Faces(self._app.picture, id="person-faces")
        yield Static(id="person-chosen", classes="detail", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Empty until the facts come."""
        self.query_one(Rows).focus()
        self._people.changed.subscribe(self, self._refresh)
        self._refresh("")

    def _refresh(self, name: str) -> None:
        """Read the person again, under the new `name` if there is one."""
        self._app.go(self._read(name or self.person))

    async def _read(self, name: str) -> None:
        try:
            facts = await in_thread(partial(self._desk.person_facts, name))
            rows = await in_thread(partial(self._desk.pictures, name))
        except (PersonNotFound, PersonUnreadable) as error:
            if self.is_active:
                self.dismiss(None)
            if isinstance(error, PersonNotFound):  # another process did it
                self._app.explain(f"{name} is not enrolled any more: the list is read again.")
                self._app.reload()
            if isinstance(error, PersonUnreadable):
                raise
        else:
            if self.is_mounted:
                self._paths = {f"{row.session}/{row.file}": row.path for row in rows}
                self.show(facts)

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
        chosen, sessions = set(self.chosen), self.facts.sessions if self.facts else ()
        return sum(
            session.id in chosen or f"{session.id}/{picture.file}" in chosen
            for session in sessions
            for picture in session.pictures
        )

    @property
    def _selected(self) -> str:
        return self.query_one(Rows).selected or ""

    def _fill(self) -> None:
        facts = self.facts
        if facts is None:
            return
        held = f"{many(facts.pictures, 'picture')} in {many(len(facts.sessions), 'session')}"
        enrolled = f"{held}, enrolled {day(facts.created)}."
        lines = (
            f"{enrolled} {with_keys(IN_MODEL[facts.in_model])}",
            consent_words(facts.consent, self._desk.settings.consent),
            confusion_words(facts.confusion),
        )
        self.query_one("#person-facts", Static).update(Text("\n".join(map(clean, lines))))
        rows: list[Row] = []
        for session in facts.sessions:
            pictures = session.pictures if session.id in self._unfolded else ()
            below = [self._picture_line(session, picture) for picture in pictures]
            rows += [self._session_line(session, below), *below]
        self.query_one(Rows).fill(COLUMNS, rows)
        self._describe()

    def _session_line(self, session: SessionFacts, below: Sequence[Row]) -> Row:
        """A session; the filter finds it by its unfolded pictures too."""
        sign = "▾" if session.id in self._unfolded else "▸"
        name = f"{sign} {day(session.started)} {session.source}"
        mark = Text(MARK if session.id in self.marked else "", "bold")
        cells = (mark, Text(shorten(name, NAME - 1), "bold"))
        return Row(cells, " ".join(row.text for row in below), session.id, session.id)

    def _picture_line(self, session: SessionFacts, picture: PictureFacts) -> Row:
        key = f"{session.id}/{picture.file}"
        sign = MARK if key in self.marked or session.id in self.marked else ""
        flag = "! " if picture.others else ""
        name = f"    {flag}{picture.file} {picture.label}".rstrip()
        cells = (Text(sign, "bold"), Text(shorten(name, NAME - 1)))
        return Row(cells, value=key, key=key)

    def _describe(self) -> None:
        key = self._selected
        facts = self.facts
        if facts is None or not key:
            empty = with_keys("No pictures: {key.new_person} enrols.")
            self.query_one("#person-chosen", Static).update(Text(empty))
            return
        session, _slash, file = key.partition("/")
        of = next(s for s in facts.sessions if s.id == session)
        picture = next((p for p in of.pictures if p.file == file), None)
        about = f"{file or session} · {measures(picture or of)}"
        if picture and picture.others:
            about += f" · ! other faces in its photograph: {picture.others}"
        if self.marked:
            about += f" · {many(self.pictures, 'picture')} marked"
        self.query_one("#person-chosen", Static).update(Text(clean(about)))
        cells = [
            Cell(f"{of.id}/{p.file}", self._paths.get(f"{of.id}/{p.file}", ""), p.file)
            for p in of.pictures
        ]
        self.query_one(Faces).show(cells, key, self.marked | ({session} & self.marked))

    def action_unfold(self) -> None:
        """Show or hide the pictures of the selected session."""
        session = self._selected.partition("/")[0]
        self._unfolded ^= {session}
        self.query_one(Rows).go_to(session)
        self._fill()

    def action_mark_picture(self) -> None:
        """Mark the row and go on to the next."""
        key = self._selected
        if not key:
            return
        self.marked ^= {key}
        self._fill()
        self.query_one(Rows).action_cursor_down()

    # --- what changes the person ---------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what cannot be done now."""
        return self._app.allows(action)

    def action_delete_pictures(self) -> None:
        """Ask; then delete the chosen pictures."""
        self._people.delete_pictures(self.person, self.chosen, self.pictures)

    def action_move_pictures(self) -> None:
        """The form for the person whose pictures these are."""
        self._people.move_pictures(self.person, self.chosen, self.pictures)

    def action_still_here(self) -> None:
        """The sheet of all pictures, at the selected one."""
        self._app.go(show_pictures(self._people, self.person, self._selected))

    def action_consent_here(self) -> None:
        """The form for this person's consent."""
        self._people.note_consent(self.person, "consent_here")

    def action_rename_here(self) -> None:
        """The form for this person's other name."""
        self._people.rename(self.person, "rename_here")

    def action_undo(self) -> None:
        """Undo the newest change."""
        self._people.action_undo()

    def action_export_here(self) -> None:
        """The form for the file of all that is held on this person."""
        name = self.person

        async def write(file: str) -> None:
            done = await in_thread(partial(self._desk.export_person, name, file))
            written = f"{name}: {many(done.files, 'file')} in {done.file}, not encrypted"
            self._app.tell(written, "good")
            self._app.notify(clean(written), timeout=8, markup=False)

        self._app.push_screen(ExportForm(write, name=name))


def measures(of: SessionFacts | PictureFacts) -> str:
    """Light, focus and eyes of a picture, or the medians of a session."""
    if isinstance(of, PictureFacts):
        eyes = "eyes found" if of.eyes_found else "no eyes found"
    else:
        eyes = f"eyes found in {figure(of.eyes, '.0%')}"
    if of.brightness != of.brightness:  # nothing was written down
        return "not measured"
    return f"light {figure(of.brightness, '.0f')}, focus {figure(of.sharpness, '.0f')}, {eyes}"
