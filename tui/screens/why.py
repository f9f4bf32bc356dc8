"""What happened and why: what the decision about a face in view rests on, and the activity log
line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from engine.contract import NothingToExplain, Why
from tui.keys.keymap import with_keys
from tui.link import EngineApp
from tui.live import Sighting
from tui.panes.base import ActivityPane, LogEntry
from tui.screens.desk import DeskScreen
from tui.screens.dialog import Dialog
from tui.screens.stills import Still, StillScreen
from tui.widgets.bars import KeyLine
from tui.widgets.crop import Crop
from tui.widgets.lists import Row, Rows
from tui.words.coach import sentences
from tui.words.tables import Sheet
from tui.words.text import clean

AGAIN = 1.0
"""Seconds between two looks while faces are watched."""
NEAR = 3
"""Enrolled crops shown beside the probe."""

Faces = Callable[[], tuple[Sighting, ...]]
"""The faces of the present or last recognition, newest last."""


class WhyScreen(Dialog[None]):
    """Lists tracks and explains the selected one; follows the recognition while it is open."""

    TITLE = "Why"
    HELP = "why"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self, link: EngineApp, faces: Faces) -> None:
        super().__init__()
        self.link, self._faces = link, faces
        self._shown: Why | None = None

    def body(self) -> ComposeResult:
        """Tracks, words, then the probe and its nearest crops."""
        yield Rows(id="why-tracks", header=False, moved=self._ask_selected)
        with VerticalScroll(id="why-words-box", can_focus=False):
            yield Static("Asking ...", id="why-words", markup=False)
        with Horizontal(id="why-crops"):
            yield Crop(id="why-probe")
            for place in range(NEAR):
                yield Crop(id=f"why-near-{place}")

    def on_mount(self) -> None:
        """List the faces, explain the newest, and look again now and then."""
        self.query_one(Rows).focus()
        self.look()
        self.set_interval(AGAIN, self.look)

    @property
    def selected(self) -> int | None:
        """The track under the cursor."""
        track: int | None = self.query_one(Rows).selected
        return track

    def look(self) -> None:
        """List the faces as they are now, and ask about the selected one."""
        rows = [_line(sighting) for sighting in reversed(self._faces())]
        kept = any(row.value == self.selected for row in rows)
        self.query_one(Rows).fill([("", 0)], rows, None if kept else 0)
        self._ask_selected()

    def _ask_selected(self) -> None:
        track = self.selected
        if track is not None:
            self.link.call(self.link.desk.why, track)

    def action_still_here(self) -> None:
        """The explained face, as large as fits."""
        if self._shown is not None:
            still = Still(self._shown.crop, "this face")
            self.link.push_screen(StillScreen("Why", (still,)))

    def show(self, answer: Why | NothingToExplain) -> None:
        """The engine's answer; one about a face that is not selected any more is left out."""
        if not self.is_mounted or answer.track != self.selected:
            return
        if isinstance(answer, NothingToExplain):
            text = "Nothing is kept about this face any more."
            self.query_one("#why-words", Static).update(Text(text))
            return
        before, self._shown = self._shown, answer
        words = Text("\n").join(
            Text(line, "bold" if place == 0 else "") for place, line in enumerate(sentences(answer))
        )
        self.query_one("#why-words", Static).update(words)
        self.query_one("#why-probe", Crop).show(answer.crop, "this face")
        if before is None or before.nearest != answer.nearest:
            self._show_near(answer)

    @work(exclusive=True, exit_on_error=False, description="nearest")
    async def _show_near(self, why: Why) -> None:
        for place in range(NEAR):
            crop = self.query_one(f"#why-near-{place}", Crop)
            if place < len(why.nearest):
                person, path, likeness = why.nearest[place]
                crop.show(await self.link.picture(path), f"{likeness:.2f} {clean(person)}")
            else:
                crop.show(b"")


def _line(sighting: Sighting) -> Row:
    """One face in one line."""
    face = sighting.face
    sign = "≥" if face.score >= face.threshold else "<"
    nearest = f"nearest {face.candidate}"
    decision = clean(face.decision).upper()
    track = f"face {face.track}"
    who = clean(face.person or nearest)
    score = f"{face.score:.2f} {sign} {face.threshold:.2f}"
    line = Text(f"{track}  {decision:<8} {who}  {score}")
    return Row((line,), value=face.track, key=track)


class Explanations:
    """The keys that ask why and open the log, and the way of the answers to who asked."""

    def __init__(self, app: EngineApp, screen: DeskScreen) -> None:
        self.app, self.screen = app, screen
        app.listen({Why: self._show, NothingToExplain: self._show})

    def action_why(self) -> None:
        """Explain the faces of the present recognition, or of the last one."""
        recognition = self.screen.recognition
        if recognition.sightings:
            self.app.push_screen(WhyScreen(self.app, lambda: recognition.sightings))
        else:
            self.app.explain(with_keys("No face has been recognised yet. Press {key.recognise}."))

    def action_log(self) -> None:
        """Show the log line by line."""
        self.app.push_screen(LogScreen(self.screen.activity))

    def _show(self, event: Why | NothingToExplain) -> None:
        if isinstance(self.app.screen, WhyScreen):
            self.app.screen.show(event)


class LogScreen(Dialog[None]):
    """All lines, the newest under the cursor; below them the selected one in full."""

    TITLE = "Activity"
    HELP = "activity"
    BINDINGS: ClassVar[list[BindingType]] = []  # the pane's key has brought one here

    def __init__(self, pane: ActivityPane) -> None:
        super().__init__()
        self._pane = pane
        self.entries: tuple[LogEntry, ...] = pane.entries

    def body(self) -> ComposeResult:
        """The lines, then the selected one."""
        yield Rows(id="log-lines", header=False, moved=self._describe)
        with VerticalScroll():
            yield Static(id="log-details", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the newest line that sums others up, else with the newest."""
        table = self.query_one(Rows)
        table.fill([("", 0)] * 3, map(_log_line, self.entries), len(self.entries) - 1)
        table.focus()
        self._describe()

    def sheet(self) -> Sheet | None:
        """All lines with their times."""
        return self._pane.sheet()

    def _describe(self) -> None:
        entry = self.query_one(Rows).selected or LogEntry("", "", ())
        text = Text(entry.text, "bold")
        for line in entry.details:
            text.append(f"\n{clean(line)}", "not bold")
        self.query_one("#log-details", Static).update(text)


def _log_line(entry: LogEntry) -> Row:
    count = str(len(entry.details)) if entry.details else ""
    cells = (Text(f"{entry.time} ", "dim"), Text(f"{count:>3} "), Text(entry.text))
    return Row(cells, " ".join(entry.details), entry)
