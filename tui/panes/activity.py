"""The activity log: one line for everything that happened, newest last."""

from __future__ import annotations

import time

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import RichLog

from tui.panes.base import Pane
from tui.sheets import Sheet, lines_of
from tui.text import clean, clock

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
