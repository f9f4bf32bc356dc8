"""A share with its 95 % bounds on one line: words, figures, and a bar from 0 to 1."""

from __future__ import annotations

import math
from typing import ClassVar

from rich.text import Text
from textual.widget import Widget

from tui.figures import bounds, share
from tui.text import shorten

LABEL = 23
FIGURE = 6
BOUNDS = 16
LEAST_BAR = 10
"""Fewer cells than this show no bar."""


class ShareRow(Widget):
    """`label  0.953  0.910 to 0.981  ───━━●─`; nothing but a dash for a share that is not known."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "share--label",
        "share--figure",
        "share--bounds",
        "share--rest",
        "share--range",
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
        style = {
            name: self.get_component_rich_style(f"share--{name}", partial=True)
            for name in ("label", "figure", "bounds", "rest", "range")
        }
        line = Text(no_wrap=True, overflow="crop")
        line.append(f"{shorten(self.label, LABEL - 1):<{LABEL}}", style["label"])
        line.append(f"{share(self.value):<{FIGURE}}", style["figure"])
        line.append(bounds(self.ends) if self.ends else "", style["bounds"])
        cells = self.content_size.width - LABEL - FIGURE - BOUNDS
        if cells >= LEAST_BAR and math.isfinite(self.value):
            low, high = self.ends or (self.value, self.value)
            first, point, last = (_cell(v, cells) for v in (low, self.value, high))
            line.append(" " * (LABEL + FIGURE + BOUNDS - line.cell_len))
            line.append("─" * first, style["rest"])
            line.append("━" * (point - first) + "●" + "━" * (last - point), style["range"])
            line.append("─" * (cells - last - 1), style["rest"])
        return line


def _cell(value: float, cells: int) -> int:
    """The cell of a share on a bar of `cells`."""
    return min(cells - 1, max(0, round(value * (cells - 1))))
