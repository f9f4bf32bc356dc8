"""Looks like somebody else: same person? The capture is held until this is answered."""

from __future__ import annotations

from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from engine.events import TwinChoice, TwinSuspected
from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.screens.dialog import Dialog
from tui.text import clean

ANSWERS: tuple[tuple[TwinChoice, str], ...] = (
    ("same", "Same person ({key[twin.twin-same]})"),
    ("different", "Different ({key[twin.twin-different]})"),
    ("stop", "Stop ({key[twin.twin-stop]})"),
)


def question(event: TwinSuspected) -> str:
    """The question in a few words."""
    return f"Looks like {clean(event.other)}: same person?"


def evidence(event: TwinSuspected) -> str:
    """What the question rests on."""
    return (
        f"{event.pictures} of the first {event.of} pictures of {clean(event.person)} "
        f"are named {clean(event.other)}: "
        f"score {event.score:.2f}, threshold {event.threshold:.2f}."
    )


class TwinQuestion(Dialog[TwinChoice]):
    """Three answers. Esc stops the capture too, for it cannot go on unanswered."""

    AUTO_FOCUS = "#twin-different"  # Enter alone changes nobody's pictures
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("twin")]

    def __init__(self, event: TwinSuspected) -> None:
        super().__init__()
        self._event = event

    def title_text(self) -> str:
        """The question."""
        return question(self._event)

    def body(self) -> ComposeResult:
        """What it rests on, what the answers do, the answers."""
        other = clean(self._event.other)
        yield Static(evidence(self._event), markup=False)
        answers = f"Same: the pictures go to {other}. Stop: to the trash."
        yield Static(answers, markup=False)
        with Horizontal(classes="buttons"):
            for choice, label in ANSWERS:
                yield Button(with_keys(label), id=f"twin-{choice}", compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(cast(TwinChoice, (event.button.id or "").removeprefix("twin-")))

    def action_twin(self, choice: TwinChoice) -> None:
        """Answered by a key."""
        self.dismiss(choice)

    def action_dismiss_dialog(self) -> None:
        """Esc: the capture is given up."""
        self.dismiss("stop")
