"""A question with what will be lost, and the note shown while the app closes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.keys import bindings_of
from tui.screens.dialog import Dialog
from tui.text import clean


class Confirm(Dialog[bool]):
    """Asks before something is lost. The safe answer has the focus."""

    AUTO_FOCUS = "#confirm-no"  # Enter alone must lose nothing
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("question")]

    def __init__(self, title: str, lines: Sequence[str], yes: str, no: str) -> None:
        super().__init__()
        self._question, self._lines, self._yes, self._no = title, lines, yes, no

    def title_text(self) -> str:
        """The question."""
        return self._question

    def body(self) -> ComposeResult:
        """The lines, then the two answers."""
        for text in self._lines:
            yield Static(clean(text), markup=False)
        with Horizontal(classes="buttons"):
            yield Button(self._no, id="confirm-no", compact=True)
            yield Button(self._yes, variant="error", id="confirm-yes", compact=True)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "confirm-yes")

    def action_answer(self, yes: bool) -> None:
        """Answered by y or n."""
        self.dismiss(yes)


class Closing(ModalScreen[None]):
    """Shown while the engine ends; takes no keys."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def compose(self) -> ComposeResult:
        """One line."""
        with Vertical(classes="dialog"):
            yield Static("Closing: ending the camera and model processes ...", markup=False)
