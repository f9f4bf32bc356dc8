"""Enrolled people named (TPIR) over strangers named (FPIR, logarithmic), in braille dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from tui.widgets.curves import Canvas

LABEL = 5
MEANINGLESS, CURVE = 0, 1
"""Owners of the dots: below one stranger of all, and from there on."""
POINT = "◆"

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
        "det--axis",
        "det--curve",
        "det--meaningless",
        "det--point",
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
        style = {
            name: self.get_component_rich_style(f"det--{name}", partial=True)
            for name in ("axis", "curve", "meaningless", "point")
        }
        low = self._low()
        canvas = Canvas(columns, rows)
        self._draw(canvas, low)
        x, y = self._dot(canvas, *self.here, low)
        mark = (x // 2, min(rows - 1, y // 4))
        owners = {-1: style["axis"], MEANINGLESS: style["meaningless"], CURVE: style["curve"]}
        lines = []
        for row in range(rows):
            line = Text(f"{self._label(row, rows, low):>{LABEL - 1}}┤", style["axis"])
            for column in range(columns):
                if (column, row) == mark:
                    line.append(POINT, style["point"])
                else:
                    line.append(canvas.glyph(column, row), owners[canvas.owner[row][column]])
            lines.append(line)
        lines.extend(self._foot(columns, style["axis"], style["point"]))
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _low(self) -> float:
        """The lower end of the TPIR axis, a round tenth."""
        lowest = min(min(tpir for _, tpir in self.points), self.here[1])
        return min(0.9, max(0.0, math.floor(lowest * 10 - 0.5) / 10))

    @staticmethod
    def _label(row: int, rows: int, low: float) -> str:
        middle = (rows - 1) // 2
        if row == 0:
            return "1.00"
        if row == rows - 1:
            return f"{low:.2f}"
        return f"{1 - (1 - low) * middle / (rows - 1):.2f}" if row == middle and rows > 4 else ""

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
