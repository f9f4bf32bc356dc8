"""Input fields: numbers that let letters through, and a labelled line for forms."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label


class Wrong(Exception):
    """A field's content cannot be right. `field` is its selector, or empty."""

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why)
        self.field = field


class NumberInput(Input):
    """A compact field for a number. Letters pass through, so that the app's keys keep working."""

    class Left(Message):
        """Esc was pressed in a field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave field", key_display="esc", tooltip="Leave the field")
    ]

    def __init__(self, value: str, *, whole: bool, id: str, tooltip: str) -> None:
        super().__init__(
            value,
            id=id,
            compact=True,
            restrict=r"[0-9]*" if whole else r"[0-9.]*",
            max_length=10 if whole else 6,
            select_on_focus=True,
            tooltip=tooltip,
        )

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Only digits and the point belong to the field."""
        return character is not None and character in "0123456789."

    async def _on_key(self, event: events.Key) -> None:
        """Type digits only; anything else goes on to the bindings."""
        if not event.is_printable or self.check_consume_key(event.key, event.character):
            await super()._on_key(event)
        else:
            event.prevent_default()

    def action_leave(self) -> None:
        """Give the focus back to the pane around the field."""
        self.post_message(self.Left())


class Tick(Checkbox):
    """A box to tick with Space. Enter does what the form offers, as in its other fields."""

    DEFAULT_CSS = """
    Tick, Tick:focus { border: none !important; padding: 0; background: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_button", "Tick", tooltip="Tick the box, or take the tick away"),
        Binding("enter", "screen.confirm", "OK", show=False),
    ]

    def __init__(self, label: str, value: bool, *, id: str, disabled: bool = False) -> None:
        super().__init__(Content(label), value, id=id, disabled=disabled, compact=True)
        self.BUTTON_INNER = "X" if value else " "

    def watch_value(self) -> None:
        """The cross itself comes and goes: its colour alone is not for every terminal."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class Field(Horizontal):
    """A label and its input on one line."""

    DEFAULT_CSS = """
    Field {
        height: 1;
        margin-bottom: 1;
        & > Label { width: 12; color: $foreground 70%; }
        Input, Select { width: 1fr; }
    }
    """

    def __init__(self, label: str, widget: Widget, id: str | None = None) -> None:
        super().__init__(Label(label, markup=False), widget, id=id)


def hint(text: str) -> Label:
    """A faint line of a form that helps to fill it in."""
    return Label(text, classes="hint", markup=False)
