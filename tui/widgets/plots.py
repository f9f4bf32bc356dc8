"""The plots of an evaluation: DET curve, confusion matrix, share with its bounds.

Enrolled people named (TPIR) over strangers named (FPIR, logarithmic), in braille dots.

The confusion matrix: who was named whom, in tinted counts, with a cell cursor.

A share with its 95 % bounds on one line: words, figures, and a bar from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.widget import Widget
from textual.widgets import DataTable

from engine.text import many
from tui.widgets.curves import Canvas, part_styles
from tui.words.figures import bounds, share
from tui.words.text import clean, shorten

LABEL = 5
MEANINGLESS, CURVE, POINT = 0, 1, 2
"""Owners of the cells: below one stranger of all, from there on, the threshold's."""

Points = tuple[tuple[float, float], ...]


def tpir_over_fpir(det: Sequence[tuple[float, float, float]]) -> Points:
    """(FPIR, TPIR) with FPIR rising, the best TPIR for each FPIR.

    `det` are (threshold, FPIR, FNIR): several thresholds let the same strangers pass, and only
    the lowest of them is worth choosing.
    """
    best: dict[float, float] = {}
    for _, fpir, fnir in det:
        best[fpir] = max(1 - fnir, best.get(fpir, 0.0))
    return tuple(sorted(best.items()))


class DetCurve(Widget):
    """The trade between naming people and naming strangers, the threshold's point marked.

    Dotted where fewer than one stranger of all would be named: nothing was measured there.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"det--{part}" for part in ("axis", "curve", "meaningless", "point")
    }
    DEFAULT_CSS = """
    DetCurve {
        & > .det--axis { color: $foreground 45%; }
        & > .det--curve { color: $warning; text-style: bold; }
        & > .det--meaningless { color: $foreground 45%; }
        & > .det--point { color: $success; text-style: bold; }
    }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.points: Points = ()
        self.strangers = 0
        self.here: tuple[float, float] = (0.0, 0.0)
        self.asked = 0.01

    def show(self, points: Points, strangers: int, here: tuple[float, float], asked: float) -> None:
        """Draw `points` (FPIR, TPIR); `here` is the threshold's point, `asked` the FPIR wanted."""
        self.points, self.strangers, self.here, self.asked = points, strangers, here, asked
        self.refresh()

    @property
    def decades(self) -> int:
        """Powers of ten on the axis; the leftmost holds the point at which no stranger passes."""
        least = min(1 / max(self.strangers, 1), self.asked)
        return max(1, math.ceil(-math.log10(0.7 * least)))

    def render(self) -> Text:
        """The raster with TPIR on the left and FPIR below."""
        width, height = self.content_size
        columns, rows = width - LABEL, height - 2
        if columns < 12 or rows < 2 or not self.points:
            return Text()
        style = part_styles(self)
        low = self._low()
        canvas = Canvas(columns, rows)
        self._draw(canvas, low)
        x, y = self._dot(canvas, *self.here, low)
        canvas.mark(x // 2, min(rows - 1, y // 4), "◆", POINT)
        labels = {0: "1.00", rows - 1: f"{low:.2f}"}
        if rows > 4:
            middle = (rows - 1) // 2
            labels[middle] = f"{1 - (1 - low) * middle / (rows - 1):.2f}"
        parts = {-1: "axis", MEANINGLESS: "meaningless", CURVE: "curve", POINT: "point"}
        lines = canvas.lines(labels, {owner: style[name] for owner, name in parts.items()})
        lines.extend(self._foot(columns, style["axis"], style["point"]))
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _low(self) -> float:
        """The lower end of the TPIR axis, a round tenth."""
        lowest = min(min(tpir for _, tpir in self.points), self.here[1])
        return min(0.9, max(0.0, math.floor(lowest * 10 - 0.5) / 10))

    def _place(self, fpir: float) -> float:
        """Where an FPIR is on the axis, 0..1; what cannot be on it is at its left end."""
        if fpir <= 0:
            return 0.0
        return min(1.0, max(0.0, 1 + math.log10(fpir) / self.decades))

    def _dot(self, canvas: Canvas, fpir: float, tpir: float, low: float) -> tuple[int, int]:
        down = (1 - max(low, tpir)) / (1 - low)
        return (
            round(self._place(fpir) * (canvas.columns * 2 - 1)),
            round(down * (canvas.rows * 4 - 1)),
        )

    def _draw(self, canvas: Canvas, low: float) -> None:
        one = self._dot(canvas, 1 / max(self.strangers, 1), 1.0, low)[0]
        before = self._dot(canvas, *self.points[0], low)
        for point in (*self.points, (1.0, self.points[-1][1])):
            here = self._dot(canvas, *point, low)
            # Steps, not slopes: between two counts of strangers there is no threshold.
            corner = (here[0], before[1])
            if before[0] < one:
                known = (min(one, here[0]), before[1])
                canvas.line(before, known, MEANINGLESS, every=2)
                before = known
            if before[0] < corner[0]:
                canvas.line(before, corner, CURVE, every=1)
            canvas.line(corner, here, CURVE, every=1)
            before = here

    def _foot(self, columns: int, axis: Style, point: Style) -> list[Text]:
        """The axis with its powers of ten, and where the asked FPIR is."""
        rule, words = ["─"] * columns, [" "] * columns
        for power in range(self.decades + 1):
            fpir = 10.0 ** (power - self.decades)
            at = round(self._place(fpir) * (columns - 1))
            rule[at] = "┴"
            word = f"{100 * fpir:g} %" if power else "0"
            start = min(columns - len(word), max(0, at - len(word) // 2))
            words[start : start + len(word)] = word
        asked = round(self._place(self.asked) * (columns - 1))
        foot = Text(" " * (LABEL - 1) + "└", axis)
        foot.append("".join(rule[:asked]), axis)
        foot.append("▲", point)
        foot.append("".join(rule[asked + 1 :]), axis)
        return [foot, Text(" " * LABEL + "".join(words), axis)]


UNKNOWN = "unknown"
NAME_CELLS = 20
"""Cells of the column of names."""
FAINTEST, STRONGEST = 0.3, 0.75
"""How much of the tint the smallest and the largest share of a row get."""


class Confusion(DataTable[Text]):
    """Rows are the people in the pictures, columns the names said; the last column is nobody.

    Columns bear the numbers that the rows show beside their names.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"confusion--{part}" for part in ("right", "wrong", "nobody")
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
        row, person = self.counts[place.row], clean(self.people[place.row])
        count = row[place.column - 1] if place.column else row[place.row]
        of = f"{person}: {count} of {many(sum(row), 'probe')}"
        if place.column == 0:
            return f"{of} named rightly, {row[-1]} not named."
        if place.column > len(self.people):
            return f"{of} unknown, named nobody."
        if place.column - 1 == place.row:
            return f"{of} named rightly."
        return f"{of} named {clean(self.people[place.column - 1])}."

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
                self._cell(count, sum(row), "right" if index == column else "wrong", width)
                for column, count in enumerate(row[:-1])
            ]
            nobody = self._cell(row[-1], sum(row), "nobody", last)
            self.add_row(Text(f"{index + 1:>{digits}} {name}"), *cells, nobody)
        if place.row < len(self.counts):
            self.move_cursor(row=place.row, column=place.column)

    def _label(self, width: int, last: int) -> int:
        """Cells for the names: if not all columns fit, so many that no column is cut in two."""
        room = self.scrollable_content_region.width - NAME_CELLS
        fits = room >= width * len(self.people) + last
        return NAME_CELLS if fits else NAME_CELLS + max(0, room) % width

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


ROW_LABEL = 23
FIGURE = 6
BOUNDS = 16
LEAST_BAR = 10
"""Fewer cells than this show no bar."""


class ShareRow(Widget):
    """`label  0.953  0.910 to 0.981  ───━━●─`; nothing but a dash for a share that is not known."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"share--{part}" for part in ("label", "figure", "bounds", "rest", "range")
    }
    DEFAULT_CSS = """
    ShareRow {
        height: 1;
        & > .share--label { color: $foreground 80%; }
        & > .share--figure { color: $foreground; text-style: bold; }
        & > .share--bounds { color: $foreground 65%; }
        & > .share--rest { color: $foreground 20%; }
        & > .share--range { color: $accent; text-style: bold; }
    }
    """

    def __init__(self, label: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.label = label
        self.value = math.nan
        self.ends: tuple[float, float] | None = None

    def show(self, value: float, ends: tuple[float, float] | None) -> None:
        """Set the share and its bounds."""
        self.value, self.ends = value, ends
        self.refresh()

    def render(self) -> Text:
        """One line of at most the widget's width."""
        style = part_styles(self)
        line = Text(no_wrap=True, overflow="crop")
        line.append(f"{shorten(self.label, ROW_LABEL - 1):<{ROW_LABEL}}", style["label"])
        line.append(f"{share(self.value):<{FIGURE}}", style["figure"])
        line.append(bounds(self.ends) if self.ends else "", style["bounds"])
        cells = self.content_size.width - ROW_LABEL - FIGURE - BOUNDS
        if cells >= LEAST_BAR and math.isfinite(self.value):
            low, high = self.ends or (self.value, self.value)
            first, point, last = (_cell(v, cells) for v in (low, self.value, high))
            line.append(" " * (ROW_LABEL + FIGURE + BOUNDS - line.cell_len))
            line.append("─" * first, style["rest"])
            line.append("━" * (point - first) + "●" + "━" * (last - point), style["range"])
            line.append("─" * (cells - last - 1), style["rest"])
        return line


def _cell(value: float, cells: int) -> int:
    """The cell of a share on a bar of `cells`."""
    return min(cells - 1, max(0, round(value * (cells - 1))))
