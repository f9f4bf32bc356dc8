"""What all panes share: a numbered title, one widget that takes the focus, an empty state.

The activity log: one line for everything that happened, newest last.
"""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import RichLog, Static

from tui.widgets.fields import NumberInput
from tui.words.tables import Sheet, lines_of
from tui.words.text import clean, clock

ROOMY = 56
"""Width in cells from which a pane shows a frame beside its words."""
WORDS = 44
"""Cells that the words beside a frame need, with borders and gaps."""


def frame_width(pane: int) -> int:
    """Cells for the frame in a pane so wide: under half, and what the words leave."""
    return max(12, min(round(pane * 0.45), pane - WORDS))


class Pane(Vertical):
    """A bordered part of the desk. `NAME` is its id, `NUMBER` its key."""

    NAME: ClassVar[str]
    NUMBER: ClassVar[int]
    TITLE: ClassVar[str]
    EMPTY: ClassVar[str]
    """What to do first, shown while there is nothing to show."""
    MAIN: ClassVar[str]
    """Selector of the widget that takes the focus."""

    def __init__(self) -> None:
        super().__init__(id=self.NAME, classes="pane")
        self.border_title = f"{self.NUMBER} {self.TITLE}"

    def focus_main(self) -> None:
        """Give the focus to the pane's main widget, or to the empty state while that is hidden."""
        main = self.query_one(self.MAIN, Widget)
        shown = all(node.display for node in main.ancestors_with_self if isinstance(node, Widget))
        # At once: a pane that hides meanwhile must not pass the focus on to a third one first.
        self.screen.set_focus(main if shown else self.query_one(Empty))

    def mark_front(self, front: bool) -> None:
        """Show by the frame whether this pane is in front."""
        self.set_class(front, "-front", update=False)
        # The frame alone: by itself Textual would style all that is in the pane anew.
        self.app.stylesheet.update_nodes([self])

    def main_appeared(self) -> None:
        """The main widget came (or went): the focus on its stand-in follows."""
        self.call_after_refresh(self._follow)

    def _follow(self) -> None:
        if isinstance(self.screen.focused, Empty) and self in self.screen.focused.ancestors:
            self.focus_main()

    def sheet(self) -> Sheet | None:
        """What the pane shows, to be copied; None if that is nothing."""
        return None

    def on_number_input_left(self, message: NumberInput.Left) -> None:
        """Esc in a field goes back to the pane."""
        message.stop()
        self.focus_main()

    def write(self, selector: str, text: str | Text) -> None:
        """Show text in one of the pane's lines, never as markup."""
        line = self.query_one(selector, Static)
        line.update(text if isinstance(text, Text) else Text(text))
        line.display = bool(text)


class Empty(Static):
    """What to do first. Takes the focus where the pane's main widget is hidden meanwhile."""

    def __init__(self, text: str, *, id: str, can_focus: bool = True) -> None:
        super().__init__(text, id=id, classes="empty", markup=False)
        self.can_focus = can_focus


def line(id: str, classes: str = "") -> Static:
    """A line of text for a pane; hidden until `Pane.write` gives it something."""
    made = Static(id=id, classes=classes, markup=False)
    made.display = False
    return made


LEVELS = {
    "info": ("", ""),
    "good": ("", "green"),
    "warning": ("! ", "yellow"),
    "error": (f"{'ERROR'} ", "bold red"),
}
LINES = 2000


class ActivityPane(Pane):
    """Lines with their time. Errors carry their hint."""

    NAME = "activity"
    NUMBER = 6
    TITLE = "Activity"
    MAIN = "#activity-log"
    EMPTY = "Ready. {key.help} shows every key, {key.new_person} enrols a person."

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._times: list[str] = []

    def compose(self) -> ComposeResult:
        """The log alone."""
        yield RichLog(id="activity-log", max_lines=LINES, wrap=True, markup=False, min_width=20)

    def add(self, text: str, level: str = "info", hint: str = "") -> None:
        """Append a line. Text is shown as it is, without markup and control characters."""
        sign, style = LEVELS.get(level, ("", ""))
        body = clean(text) + (f" → {clean(hint)}" if hint else "")
        now = clock(time.time())
        self.lines.append(f"{sign}{body}")
        self._times.append(now)
        del self.lines[:-LINES], self._times[:-LINES]
        entry = Text.assemble((now, "dim"), " ", (f"{sign}{body}", style))
        # Without `expand` a line is wrapped at 80 cells, however wide the pane is.
        self.query_one(RichLog).write(entry, expand=True)

    def sheet(self) -> Sheet | None:
        """All lines with their times."""
        lines = [f"{at} {text}" for at, text in zip(self._times, self.lines, strict=True)]
        return lines_of(self.NAME, lines)
