"""The questions about twins and second faces: asked while a capture is held, answered to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from engine.contract import (
    FaceAnswer,
    JobEnded,
    LooksEnrolled,
    SecondFace,
    SetAside,
    TwinChoice,
    TwinSuspected,
)
from engine.contract.errors import FacedeskError
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.screens.dialog import Answer, Choice
from tui.widgets.crop import Crop
from tui.words.figures import doubt_words
from tui.words.text import clean


def twin_evidence(event: TwinSuspected) -> str:
    """What the question rests on."""
    return (
        f"{event.pictures} of the first {event.of} pictures of {clean(event.person)} "
        f"are named {clean(event.other)}."
    )


SHOWN = 2
"""Pictures of each of two people that are compared."""


async def newest_pictures(app: EngineApp, name: str, count: int) -> list[bytes]:
    """So many pictures of a person as PNG, the newest first; none of somebody unknown."""
    try:
        rows = await in_thread(partial(app.desk.pictures, name))
    except FacedeskError:
        return []
    return [await app.picture(row.path) for row in reversed(rows[-count:])]


async def newest_face(app: EngineApp, name: str) -> bytes:
    """A person's newest picture as PNG; empty if there is none."""
    return next(iter(await newest_pictures(app, name, 1)), b"")


class HeldQuestion(Choice[Answer]):
    """A question that holds the capture: what it rests on, faces, what the answers do. Esc decides
    nothing, for any answer moves pictures."""

    CROPS: ClassVar[int]
    """Faces that are shown side by side."""

    @abstractmethod
    def faces(self) -> AsyncIterator[tuple[int, bytes, str]]:
        """The place, the picture as PNG and the caption of each face."""

    def body(self) -> ComposeResult:
        """The faces stand between the lines."""
        evidence, answers = self._lines
        yield Static(evidence, markup=False)
        with Horizontal(classes="faces"):
            for _place in range(self.CROPS):
                yield Crop()
        yield Static(answers, markup=False)
        yield from self.buttons()

    def on_mount(self) -> None:
        """Show the faces."""
        self._show()

    @work(exit_on_error=False)
    async def _show(self) -> None:
        crops = self.query(Crop)
        async for place, png, caption in self.faces():
            crops[place].show(png, caption)

    def action_dismiss_dialog(self) -> None:
        """Say that an answer is needed."""
        answers = ", ".join(with_keys(label) for _answer, label in self.ANSWERS)
        self.notify(f"The capture waits for an answer: {answers}.", timeout=5, markup=False)


class TwinQuestion(HeldQuestion[TwinChoice]):
    """The newest faces of both people, and three answers."""

    ANSWERS = (
        ("same", "Same person ({key[twin.twin-same]})"),
        ("different", "Different ({key[twin.twin-different]})"),
        ("stop", "Stop ({key[twin.twin-stop]})"),
    )
    AUTO_FOCUS = "#twin-different"  # Enter alone changes nobody's pictures
    HELP = "twin"
    CROPS = 2 * SHOWN

    def __init__(self, app: EngineApp, event: TwinSuspected) -> None:
        other = clean(event.other)
        answers = f"Same: the pictures go to {other}. Stop: to the trash."
        super().__init__(f"Looks like {other}: same person?", (twin_evidence(event), answers))
        self._app, self._event = app, event

    async def faces(self) -> AsyncIterator[tuple[int, bytes, str]]:
        """Those of the person who is captured, then those of the other."""
        for first, name in ((0, self._event.person), (SHOWN, self._event.other)):
            for place, png in enumerate(await newest_pictures(self._app, name, SHOWN), first):
                yield place, png, name

    action_twin = HeldQuestion.action_answer


def face_evidence(event: SecondFace) -> str:
    """What the question rests on, in a sentence."""
    than = "the earlier ones" if event.earlier else f"the other {event.first}"
    new = "new " if event.earlier else ""
    whose = f": that of {clean(event.other_is)}" if event.other_is else ""
    person = clean(event.person)
    return f"{event.others} {new}pictures of {person} show another face than {than}{whose}."


class FaceQuestion(HeldQuestion[FaceAnswer]):
    """Both faces and four answers."""

    ANSWERS = (
        ("first", "First ({key[face.face-first]})"),
        ("other", "Other ({key[face.face-other]})"),
        ("both", "Both ({key[face.face-both]})"),
        ("stop", "Discard ({key[face.face-stop]})"),
    )
    AUTO_FOCUS = "#face-first"  # Enter alone lets no second face in
    HELP = "face"
    CROPS = 2

    def __init__(self, app: EngineApp, event: SecondFace) -> None:
        answers = "What is not kept goes to the trash, and undo brings it back. Discard: all."
        super().__init__("Two faces: which one is kept?", (face_evidence(event), answers))
        self._app, self._event = app, event

    async def faces(self) -> AsyncIterator[tuple[int, bytes, str]]:
        """The first face, then the other."""
        event = self._event
        first = "enrolled before" if event.earlier else "the first"
        yield 0, await self._app.picture(event.first_picture), first
        other = clean(event.other_is) or "the other"
        yield 1, await self._app.picture(event.other_picture), other

    action_face = HeldQuestion.action_answer


class CaptureQuestions:
    """Asks when the engine suspects that somebody is enrolled already, or is two people."""

    def __init__(self, app: EngineApp) -> None:
        self.app = app
        app.listen(
            {
                TwinSuspected: self._ask_twin,
                SecondFace: self._ask_face,
                SetAside: self._warn,
                LooksEnrolled: self._warn,
                JobEnded: self._withdraw,
            }
        )

    def _ask_twin(self, event: TwinSuspected) -> None:
        self.app.tell(twin_evidence(event), "warning")
        self._ask(TwinQuestion(self.app, event), self.app.desk.answer_twin)

    def _ask_face(self, event: SecondFace) -> None:
        self.app.tell(face_evidence(event), "warning")
        if event.asked:
            self._ask(FaceQuestion(self.app, event), self.app.desk.answer_face)

    def _ask(self, question: HeldQuestion[Answer], call: Callable[[Answer], object]) -> None:
        def answered(choice: Answer | None) -> None:
            if choice is not None:
                self.app.call(call, choice)

        if self.app.board.camera_job == "enrol":
            self.app.push_screen(question, answered)

    def _warn(self, event: SetAside | LooksEnrolled) -> None:
        for sentence in doubt_words(event):
            self.app.tell(sentence, "warning")
            self.app.notify(sentence, severity="warning", timeout=8, markup=False)

    def _withdraw(self, event: JobEnded) -> None:
        """The capture is over, and so is the question about it."""
        if event.job == "enrol" and isinstance(self.app.screen, TwinQuestion | FaceQuestion):
            self.app.screen.dismiss(None)
