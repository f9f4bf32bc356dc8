"""Why: the faces in view, and what the decision about the selected one rests on.

The explanation of decisions: asks the engine, shows what it answers.

The questions about twins and second faces: asked while a capture is held, answered to it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import DataTable, Static

from engine.contract import (
    Event,
    FaceAnswer,
    JobEnded,
    LooksEnrolled,
    NothingToExplain,
    SecondFace,
    SetAside,
    TwinChoice,
    TwinSuspected,
    Why,
)
from engine.contract.errors import FacedeskError
from tui.link import in_thread
from tui.live import Sighting
from tui.screens.dialog import Dialog, TwinQuestion, evidence
from tui.screens.evaluation import EvaluationApp
from tui.screens.person import FaceQuestion
from tui.screens.person import evidence as face_evidence
from tui.widgets.crop import Crop
from tui.words.coach import sentences
from tui.words.figures import doubt_words
from tui.words.text import clean, decision_words

AGAIN = 1.0
"""Seconds between two looks while faces are watched."""
NEAR = 3
"""Enrolled crops shown beside the probe."""

Faces = Callable[[], tuple[Sighting, ...]]
"""The faces of the present or last recognition, newest last."""
Load = Callable[[str], Coroutine[Any, Any, bytes]]
"""A crop's PNG by its path; empty if it is gone."""


class WhyScreen(Dialog[None]):
    """Lists tracks and explains the selected one; follows the recognition while it is open.

    `ask` asks the engine about a track; the app hands the answer to `show`.
    """

    TITLE_TEXT = "Why"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self, faces: Faces, ask: Callable[[int], None], load: Load) -> None:
        super().__init__()
        self._faces, self._ask, self._load = faces, ask, load
        self._tracks: tuple[int, ...] = ()
        self._shown: Why | None = None

    def body(self) -> ComposeResult:
        """Tracks, words, then the probe and its nearest crops."""
        yield DataTable[Text](id="why-tracks", cursor_type="row", show_header=False)
        with VerticalScroll(id="why-words-box", can_focus=False):
            yield Static("Asking ...", id="why-words", markup=False)
        with Horizontal(id="why-crops"):
            yield Crop(id="why-probe")
            for place in range(NEAR):
                yield Crop(id=f"why-near-{place}")

    def on_mount(self) -> None:
        """List the faces, explain the newest, and look again now and then."""
        table = self.query_one(DataTable)
        table.add_column("")
        table.focus()
        self.look()
        self.set_interval(AGAIN, self.look)

    @property
    def selected(self) -> int | None:
        """The track under the cursor."""
        row = self.query_one(DataTable).cursor_row
        return self._tracks[row] if 0 <= row < len(self._tracks) else None

    def look(self) -> None:
        """List the faces as they are now, and ask about the selected one."""
        table, before = self.query_one(DataTable), self.selected
        faces = tuple(reversed(self._faces()))
        self._tracks = tuple(sighting.face.track for sighting in faces)
        with self.prevent(DataTable.RowHighlighted):
            table.clear()
            for sighting in faces:
                table.add_row(_line(sighting))
            if before in self._tracks:
                table.move_cursor(row=self._tracks.index(before))
        self._ask_selected()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another face was selected."""
        event.stop()
        self._ask_selected()

    def _ask_selected(self) -> None:
        track = self.selected
        if track is not None:
            self._ask(track)

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
            self.run_worker(self._show_near(answer), exclusive=True, exit_on_error=False)

    async def _show_near(self, why: Why) -> None:
        for place in range(NEAR):
            crop = self.query_one(f"#why-near-{place}", Crop)
            if place < len(why.nearest):
                person, path, likeness = why.nearest[place]
                crop.show(await self._load(path), f"{likeness:.2f} {clean(person)}")
            else:
                crop.show(b"")


def _line(sighting: Sighting) -> Text:
    """One face in one line."""
    face = sighting.face
    sign = "≥" if face.score >= face.threshold else "<"
    nearest = f"nearest {face.candidate}"
    decision = decision_words(face.decision).upper()
    track = f"face {face.track}"
    who = clean(face.person or nearest)
    score = f"{face.score:.2f} {sign} {face.threshold:.2f}"
    return Text(f"{track}  {decision:<8} {who}  {score}")


class WhyApp(EvaluationApp):
    """The action around `WhyScreen`."""

    def heard(self, event: Event) -> None:
        """Show an answer in the screen that asked, if it is still open."""
        super().heard(event)
        if isinstance(event, Why | NothingToExplain) and isinstance(self.screen, WhyScreen):
            self.screen.show(event)

    async def crop_at(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace; empty if it is gone."""
        try:
            return await in_thread(partial(self.desk.picture, path))
        except FacedeskError:
            return b""

    def action_why(self) -> None:
        """Explain the faces of the present recognition, or of the last one."""
        recognition = self.screen_desk.recognition
        if not recognition.sightings:
            self.explain("No face has been recognised yet: press r, then w explains a decision.")
            return
        self.push_screen(WhyScreen(lambda: recognition.sightings, self._ask_why, self.crop_at))

    def _ask_why(self, track: int) -> None:
        self.go(in_thread(partial(self.desk.why, track)))


class TwinApp(WhyApp):
    """Asks when the engine suspects that somebody is enrolled already, or is two people."""

    def heard(self, event: Event) -> None:
        """Ask; take the question back when its capture is over."""
        super().heard(event)
        match event:
            case TwinSuspected():
                self.tell(evidence(event), "warning")
                if self.board.camera_job == "enrol":
                    self.push_screen(TwinQuestion(event), self._answered)
            case SecondFace():
                self.tell(face_evidence(event), "warning")
                if event.asked and self.board.camera_job == "enrol":
                    self.push_screen(FaceQuestion(event, self.crop_at), self._face_answered)
            case SetAside() | LooksEnrolled():
                for sentence in doubt_words(event):
                    self.tell(sentence, "warning")
                    self.notify(sentence, severity="warning", timeout=8, markup=False)
            case JobEnded(job="enrol") if isinstance(self.screen, TwinQuestion | FaceQuestion):
                self.screen.dismiss(None)

    def _answered(self, choice: TwinChoice | None) -> None:
        if choice is not None:
            self.go(in_thread(partial(self.desk.answer_twin, choice)))

    def _face_answered(self, choice: FaceAnswer | None) -> None:
        if choice is not None:
            self.go(in_thread(partial(self.desk.answer_face, choice)))
