"""Jump mode: a letter on every pane and field in view; the letter goes there, Esc stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Static

from tui.link import EngineApp
from tui.panes.base import Empty, Pane
from tui.screens.desk import DeskScreen
from tui.screens.dialog import Dialog

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The keys under the fingers first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Something to jump to. `at` is the cell its letter covers."""

    target: Widget
    at: Offset


class JumpScreen(Dialog[Widget]):
    """Lays letters over the screen below; ends with the place that was chosen, or None."""

    DEFAULT_CSS = """
    JumpScreen { background: transparent; align: left top; layers: labels; }
    JumpScreen Static {
        width: auto; height: 1; position: absolute; layer: labels;
        background: $warning; color: $background; text-style: bold;
    }
    JumpScreen:ansi Static {
        background: ansi_default; color: ansi_default; text-style: reverse bold;
    }
    """

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.places = dict(zip(LETTERS, places, strict=False))

    def compose(self) -> ComposeResult:
        """A label a place."""
        for letter, place in self.places.items():
            label = Static(Text(f" {letter} "), markup=False)
            label.styles.offset = (place.at.x, place.at.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """A letter chooses; Esc is the dialog's, and other keys do nothing here."""
        place = self.places.get(event.key)
        if event.is_printable:
            event.stop()
        if place is not None:
            self.dismiss(place.target)


def jump_places(panes: Iterable[Pane]) -> list[Place]:
    """The panes in view, each with the fields in it that take the focus."""
    places = []
    for pane in panes:
        if not pane.region.area or not pane.is_on_screen:
            continue
        places.append(Place(pane, pane.region.offset + Offset(1, 0)))
        for field in pane.query("*").results(Widget):
            stands_for_pane = isinstance(field, Empty) or f"#{field.id}" == pane.MAIN
            if field.focusable and field.region.area and not stands_for_pane:
                places.append(Place(field, field.region.offset))
    return places


class Jump:
    """The key for jump mode."""

    def __init__(self, app: EngineApp, screen: DeskScreen) -> None:
        self.app, self.screen = app, screen

    def action_jump(self) -> None:
        """Letters on panes and fields."""

        def chosen(target: Widget | None) -> None:
            if isinstance(target, Pane):
                self.screen.show_pane(target.NAME)
            elif target is not None:
                target.focus()

        self.app.push_screen(JumpScreen(jump_places(self.screen.query(Pane))), chosen)
