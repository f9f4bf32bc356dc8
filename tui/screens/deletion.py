"""What the deletion of people is to be: into the trash, or every trace at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from tui.keys import bindings_of
from tui.keys.names import with_keys
from tui.screens.dialog import Dialog
from tui.text import clean

Deletion = Literal["trash", "erase", "keep"]

ANSWERS: tuple[tuple[str, str], ...] = (
    ("keep", "Keep ({key[deletion.answer-keep]})"),
    ("trash", "To the trash ({key[deletion.answer-trash]})"),
    ("erase", "Erase at once ({key[deletion.answer-erase]})"),
)


class DeletionQuestion(Dialog[Deletion]):
    """Three answers; the one that loses nothing has the focus. Esc keeps everything."""

    AUTO_FOCUS = "#deletion-keep"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("deletion")]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._question, self._lines = title, lines

    def title_text(self) -> str:
        """The question."""
        return self._question

    def body(self) -> ComposeResult:
        """The lines, then the answers."""
        for text in self._lines:
            yield Static(clean(text), markup=False)
        with Horizontal(classes="buttons"):
            for answer, label in ANSWERS:
                variant: Literal["default", "error"] = "error" if answer == "erase" else "default"
                yield Button(
                    with_keys(label), id=f"deletion-{answer}", variant=variant, compact=True
                )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(cast(Deletion, (event.button.id or "").removeprefix("deletion-")))

    def action_answer(self, answer: Deletion) -> None:
        """Answered by a key."""
        self.dismiss(answer)
