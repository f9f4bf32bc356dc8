"""What a pane or screen shows, as text to be copied and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from engine.csv_cells import guarded
from tui.text import clean


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table, or plain lines where there is no header. `what` names the file."""

    what: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def suffix(self) -> str:
        """`csv` for a table, `txt` for lines."""
        return "csv" if self.header else "txt"

    def text(self) -> str:
        """Cells between tabs, a line a row: what spreadsheets and editors take from a clipboard."""
        lines = ((self.header,) if self.header else ()) + self.rows
        return "\n".join("\t".join(clean(cell) for cell in row) for row in lines)

    def file(self) -> str:
        """The file's contents. In a table no cell can be taken for a formula."""
        if not self.header:
            return self.text() + "\n"
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in (self.header, *self.rows):
            writer.writerow([guarded(clean(cell)) for cell in row])
        return out.getvalue()


def lines_of(what: str, lines: Sequence[str]) -> Sheet | None:
    """Plain lines as a sheet; None if there are none."""
    return Sheet(what, (), tuple((line,) for line in lines)) if lines else None
