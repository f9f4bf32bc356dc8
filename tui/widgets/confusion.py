"""The confusion matrix: who was named whom, in tinted counts, with a cell cursor."""

from __future__ import annotations

import math
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.widgets import DataTable

from engine.shown import many
from tui.text import clean, shorten

UNKNOWN = "unknown"
LABEL = 20
"""Cells of the column of names."""
FAINTEST, STRONGEST = 0.3, 0.75
"""How much of the tint the smallest and the largest share of a row get."""


class Confusion(DataTable[Text]):
    """Rows are the people in the pictures, columns the names said; the last column is nobody.

    Columns bear the numbers that the rows show beside their names.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "confusion--right",
        "confusion--wrong",
        "confusion--nobody",
    }
    DEFAULT_CSS = """
    Confusion {
        & > .confusion--right { color: $success; }
        & > .confusion--wrong { color: $error; }
        & > .confusion--nobody { color: $warning; }
        &:focus > .datatable--cursor { text-style: bold underline; }
        & > .datatable--fixed { background: $panel; color: $foreground; }
    }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(
            id=id,
            cell_padding=0,
            fixed_columns=1,
            cursor_type="cell",
            cursor_foreground_priority="css",  # the cursor must be seen on a tinted cell too
            cursor_background_priority="css",
        )
        self.people: tuple[str, ...] = ()
        self.counts: tuple[tuple[int, ...], ...] = ()

    def on_mount(self) -> None:
        """The tints are the theme's."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._fill())

    def on_resize(self, _event: events.Resize) -> None:
        """Whole columns at every width."""
        self._fill()

    def show(self, people: tuple[str, ...], counts: tuple[tuple[int, ...], ...]) -> None:
        """Show `counts`: a row a person, a column a person and one for nobody."""
        self.people, self.counts = people, counts
        self._fill()

    def describe(self) -> str:
        """The cell under the cursor in words."""
        place = self.cursor_coordinate
        if not 0 <= place.row < len(self.counts):
            return ""
        row, named = self.counts[place.row], ""
        count = row[place.column - 1] if place.column else row[place.row]
        if place.column == 0:
            text = "{person}: {count} of {probes} named rightly, {nobody} nobody."
        elif place.column > len(self.people):
            text = "{person}: {count} of {probes} unknown, named nobody."
        elif place.column - 1 == place.row:
            text = "{person}: {count} of {probes} named rightly."
        else:
            text = "{person}: {count} of {probes} named {other}."
            named = self.people[place.column - 1]
        return text.format(
            person=clean(self.people[place.row]),
            count=count,
            probes=many(sum(row), "probe"),
            nobody=row[-1],
            other=clean(named),
        )

    def _fill(self) -> None:
        place = self.cursor_coordinate
        self.clear(columns=True)
        most = max((count for row in self.counts for count in row), default=0)
        width = max(3, len(str(most)) + 1, len(str(len(self.people))) + 1)
        last = math.ceil((len(UNKNOWN) + 1) / width) * width
        label = self._label(width, last)
        self.add_column("was ↓  named →", width=label)
        for number in range(1, len(self.people) + 1):
            self.add_column(Text(str(number), justify="right"), width=width)
        self.add_column(Text(UNKNOWN, justify="right"), width=last)
        digits = len(str(len(self.people)))
        for index, row in enumerate(self.counts):
            name = shorten(self.people[index], label - digits - 2)
            cells = [
                self._cell(count, sum(row), self._kind(index, column), width)
                for column, count in enumerate(row[:-1])
            ]
            nobody = self._cell(row[-1], sum(row), "nobody", last)
            self.add_row(Text(f"{index + 1:>{digits}} {name}"), *cells, nobody)
        if place.row < len(self.counts):
            self.move_cursor(row=place.row, column=place.column)

    def _label(self, width: int, last: int) -> int:
        """Cells for the names: if not all columns fit, so many that no column is cut in two."""
        room = self.scrollable_content_region.width - LABEL
        fits = room >= width * len(self.people) + last
        return LABEL if fits else LABEL + max(0, room) % width

    @staticmethod
    def _kind(row: int, column: int) -> str:
        return "right" if row == column else "wrong"

    def _cell(self, count: int, total: int, kind: str, width: int) -> Text:
        """A count in its tint, as wide as its column so that the tint fills it."""
        if not count:
            return Text(f"{'·':>{width}}", "dim")
        return Text(f"{count:>{width}}", self._tint(kind, count / max(1, total)))

    def _tint(self, kind: str, share: float) -> Style:
        tint = self.get_component_styles(f"confusion--{kind}").color
        if tint.ansi is not None:  # the terminal's own colours cannot be mixed
            return Style(color=tint.rich_color, bold=True)
        back = self.background_colors[1]
        mixed = back.blend(tint, FAINTEST + (STRONGEST - FAINTEST) * share)
        letters = mixed.get_contrast_text()
        return Style(color=letters.rich_color, bgcolor=mixed.rich_color, bold=kind != "nobody")
