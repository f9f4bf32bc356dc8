"""The activity log line by line: filtered, and what a line sums up."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Static

from tui.link import EngineApp
from tui.panes.base import ActivityPane, LogEntry
from tui.screens.dialog import Dialog
from tui.widgets.bars import KeyLine
from tui.widgets.lists import Row, Rows
from tui.words.tables import Sheet
from tui.words.text import clean


class LogScreen(Dialog[None]):
    """All lines, the newest under the cursor; below them the selected one in full."""

    TITLE_TEXT = "Activity"
    HELP = "activity"

    def __init__(self, pane: ActivityPane) -> None:
        super().__init__()
        self._pane = pane
        self.entries: tuple[LogEntry, ...] = pane.entries

    def body(self) -> ComposeResult:
        """The lines, then the selected one."""
        yield Rows(id="log-lines", header=False)
        with VerticalScroll():
            yield Static(id="log-details", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the newest line that sums others up, else with the newest."""
        table = self.query_one(Rows)
        table.add_columns("", "", "")
        table.fill(map(_line, self.entries), len(self.entries) - 1)
        table.focus()
        self._describe()

    def sheet(self) -> Sheet | None:
        """All lines with their times."""
        return self._pane.sheet()

    @on(DataTable.RowHighlighted)
    def _moved(self, event: DataTable.RowHighlighted) -> None:
        event.stop()
        self._describe()

    def _describe(self) -> None:
        place = self.query_one(Rows).place
        entry = self.entries[place] if place >= 0 else LogEntry("", "", ())
        text = Text(entry.text, "bold")
        for line in entry.details:
            text.append(f"\n{clean(line)}", "not bold")
        self.query_one("#log-details", Static).update(text)


class Log:
    """The key that shows the log line by line."""

    def __init__(self, app: EngineApp, pane: ActivityPane) -> None:
        self.app, self.pane = app, pane

    def action_log(self) -> None:
        """Open it."""
        self.app.push_screen(LogScreen(self.pane))


def _line(entry: LogEntry) -> Row:
    count = str(len(entry.details)) if entry.details else ""
    cells = (Text(f"{entry.time} ", "dim"), Text(f"{count:>3} "), Text(entry.text))
    return Row(cells, " ".join(entry.details))
