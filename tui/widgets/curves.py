"""Two curves over epochs in braille dots: training dotted, validation as a line, best marked.

Behind them, faint and in wide dots, the validation of another run to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from engine.contract import EpochDone

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Braille dot bits by column and row of a cell (Unicode block U+2800)."""
LABEL = 5


class Canvas:
    """A raster of braille dots with one owner a cell; later strokes own the cell."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.bits = [[0] * columns for _ in range(rows)]
        self.owner = [[-1] * columns for _ in range(rows)]
        self._signs: dict[tuple[int, int], str] = {}

    def dot(self, x: int, y: int, owner: int) -> None:
        """Set the dot at x to the right and y down; outside the raster nothing happens."""
        if 0 <= x < self.columns * 2 and 0 <= y < self.rows * 4:
            self.bits[y // 4][x // 2] |= DOTS[x % 2][y % 4]
            self.owner[y // 4][x // 2] = owner

    def line(self, start: tuple[int, int], end: tuple[int, int], owner: int, every: int) -> None:
        """A straight stroke of every `every`th dot."""
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(steps + 1):
            x = round(start[0] + (end[0] - start[0]) * step / steps)
            y = round(start[1] + (end[1] - start[1]) * step / steps)
            if (x if abs(end[0] - start[0]) >= abs(end[1] - start[1]) else y) % every == 0:
                self.dot(x, y, owner)

    def mark(self, column: int, row: int, sign: str, owner: int) -> None:
        """A character instead of a cell's dots."""
        self._signs[column, row] = sign
        self.owner[row][column] = owner

    def glyph(self, column: int, row: int) -> str:
        """The character of a cell."""
        bits = self.bits[row][column]
        return self._signs.get((column, row)) or (chr(0x2800 + bits) if bits else " ")

    def lines(self, labels: Mapping[int, str], styles: Mapping[int, Style]) -> list[Text]:
        """The raster behind its axis; `labels` by row, `styles` by owner, of the axis by -1."""
        made = []
        for row in range(self.rows):
            line = Text().append(f"{labels.get(row, ''):>{LABEL - 1}}┤", styles[-1])
            for column in range(self.columns):
                line.append(self.glyph(column, row), styles[self.owner[row][column]])
            made.append(line)
        return made


def part_styles(widget: Widget) -> dict[str, Style]:
    """The styles of a widget's component classes, by what stands behind their dashes."""
    return {
        name.partition("--")[2]: widget.get_component_rich_style(name, partial=True)
        for name in widget.COMPONENT_CLASSES
    }


class Curves(Widget):
    """Curves of one quantity. NaN values are left out. Give it three rows or more."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"curves--{part}" for part in ("title", "axis", "train", "validation", "best", "before")
    }
    DEFAULT_CSS = """
    Curves {
        & > .curves--title { color: $foreground; text-style: bold; }
        & > .curves--axis { color: $foreground 45%; }
        & > .curves--train { color: $primary-lighten-2; }
        & > .curves--validation { color: $warning; text-style: bold; }
        & > .curves--best { color: $success; text-style: bold; }
        & > .curves--before { color: $foreground 40%; }
    }
    Curves:ansi {
        & > .curves--axis { color: ansi_default; text-style: dim; }
        & > .curves--train { color: ansi_blue; }
        & > .curves--before { color: ansi_default; text-style: dim; }
    }
    """

    def __init__(
        self,
        title: str,
        figures: Callable[[EpochDone], tuple[float, float]],
        *,
        id: str,
        whole: bool = False,
        before_name: str = "last",
    ) -> None:
        """`figures` are what is drawn of an epoch, in training and in validation. `whole` is for
        shares: the upper end is 1, the lower one a round tenth."""
        super().__init__(id=id)
        self.title, self.whole, self.before_name = title, whole, before_name
        self._figures = figures
        self.series: tuple[Sequence[float], Sequence[float]] = ((), ())
        self.before: Sequence[float] = ()
        self.epochs = 0
        self.best = 0

    def show(
        self, run: Sequence[EpochDone], before: Sequence[EpochDone], epochs: int, best: int
    ) -> None:
        """Draw a run over `epochs` places, behind it the validation of the run to compare with;
        `best` is the best epoch, from 1, or 0."""
        drawn = [self._figures(each) for each in run]
        self.series = tuple(one for one, _ in drawn), tuple(other for _, other in drawn)
        self.before = tuple(self._figures(each)[1] for each in before)
        self.epochs = max(epochs, len(run), 1)
        self.best = best
        self.refresh()

    def render(self) -> Text:
        """Title with the latest figures, the raster with its axis, the epochs below."""
        styles = part_styles(self)
        width, height = self.content_size
        columns, rows = width - LABEL, height - 2
        if columns < 4 or rows < 1:
            return Text()
        lines = [self._heading(styles)]
        if not any(math.isfinite(v) for line in self.series for v in line):
            return lines[0]  # the run to compare with says nothing by itself
        lines_shown = (*self.series, self.before[: self.epochs])
        low, high = self._range([v for line in lines_shown for v in line if math.isfinite(v)])
        canvas = Canvas(columns, rows)
        self._draw(canvas, low, high)
        parts = {-1: "axis", 0: "train", 1: "validation", 2: "before"}
        fine = high - low < 0.05
        labels = {0: _figure(high, fine), rows - 1: _figure(low, fine)}
        lines += canvas.lines(labels, {owner: styles[name] for owner, name in parts.items()})
        lines.append(self._foot(columns, styles))
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _range(self, finite: Sequence[float]) -> tuple[float, float]:
        low, high = min(finite), max(finite)
        if self.whole:
            low, high = math.floor(min(low, 0.9) * 10) / 10, max(high, 1.0)
        # Neither a loss nor a share is below nothing.
        return (low, high) if high > low else (max(0.0, low - 0.5), high + 0.5)

    def _column(self, index: int, dots: int) -> int:
        return round(index * (dots - 1) / max(1, self.epochs - 1))

    def _draw(self, canvas: Canvas, low: float, high: float) -> None:
        dots_across, dots_down = canvas.columns * 2, canvas.rows * 4
        # The other run first: later strokes own the cells they share.
        drawn = ((2, self.before[: self.epochs], 3), (0, self.series[0], 2), (1, self.series[1], 1))
        for owner, values, every in drawn:
            before: tuple[int, int] | None = None
            for index, value in enumerate(values):
                if not math.isfinite(value):
                    before = None
                    continue
                here = (
                    self._column(index, dots_across),
                    round((high - value) / (high - low) * (dots_down - 1)),
                )
                canvas.line(before or here, here, owner, every=every)
                canvas.dot(*here, owner)
                before = here

    def _heading(self, styles: dict[str, Style]) -> Text:
        heading = Text(f"{self.title:<{LABEL}}", styles["title"], no_wrap=True)
        if self.series[0]:
            train, validation = (_figure(line[-1]) for line in self.series)
            words = ("train", "val") if self.content_size.width >= 30 else ("t", "v")
            heading.append(f"⠒{words[0]} {train} ", styles["train"])
            heading.append(f"━{words[1]} {validation}", styles["validation"])
        if self.before and self.series[0]:
            text = f" ┈{self.before_name} {_figure(self.before[-1])}"
            if heading.cell_len + len(text) < self.content_size.width:
                heading.append(text, styles["before"])
        return heading

    def _foot(self, columns: int, styles: dict[str, Style]) -> Text:
        foot = Text().append(" " * (LABEL - 1) + "└", styles["axis"])
        marks = ["─"] * columns
        foot_styles = [styles["axis"]] * columns
        if self.best:
            at = min(columns - 1, self._column(self.best - 1, columns * 2) // 2)
            word = f"▲{self.best}" if at + len(str(self.best)) < columns else f"{self.best}▲"
            start = at if word.startswith("▲") else max(0, at - len(word) + 1)
            for offset, character in enumerate(word):
                marks[start + offset] = character
                foot_styles[start + offset] = styles["best"]
        for mark, style in zip(marks, foot_styles, strict=True):
            foot.append(mark, style)
        return foot


def _figure(value: float, fine: bool = False) -> str:
    """A value in at most four characters; `fine` gives shares a third decimal."""
    if not math.isfinite(value):
        return "-"
    if fine and 0 <= value < 0.9995:
        return f"{value:.3f}"[1:]
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def loss_and_accuracy(name: str, before_name: str = "last") -> tuple[Curves, Curves]:
    """The curves of a training, whose ids begin with `name`."""
    loss = Curves(
        "loss", lambda each: (each.loss, each.val_loss), id=f"{name}-loss", before_name=before_name
    )
    accuracy = Curves(
        "acc",
        lambda each: (each.accuracy, each.val_accuracy),
        id=f"{name}-accuracy",
        whole=True,
        before_name=before_name,
    )
    return loss, accuracy
