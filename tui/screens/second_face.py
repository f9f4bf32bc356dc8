"""Two faces in one capture: whose is it? The capture is held until this is answered."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from engine.events import FaceAnswer, SecondFace
from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.screens.dialog import Dialog
from tui.text import clean
from tui.widgets.crop import Crop

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
