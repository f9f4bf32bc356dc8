"""A progress bar of one line that says its numbers."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

EIGHTHS = " ▏▎▍▌▋▊▉"


class Meter(Widget):
    """`done` of `total` as a bar with the figures behind it; empty while `total` is 0."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"meter--bar", "meter--rest", "meter--figures"}
    DEFAULT_CSS = """
    Meter {
        height: 1;
        & > .meter--bar { color: $success; }
        & > .meter--rest { color: $foreground 15%; }
        & > .meter--figures { color: $foreground; text-style: bold; }
        &.-idle > .meter--bar { color: $foreground 40%; }
    }
    """

    done: reactive[int] = reactive(0)
    total: reactive[int] = reactive(0)

    def show(self, done: int, total: int) -> None:
        """Set both figures."""
        self.total = total
        self.done = done

    def render(self) -> Text:
        """The bar, as wide as the widget."""
        if self.total <= 0:
            return Text()
        figures = f" {self.done}/{self.total}"
        cells = max(1, self.size.width - len(figures))
        eighths = min(cells * 8, round(cells * 8 * self.done / self.total))
        full, part = divmod(eighths, 8)
        bar = "█" * full + (EIGHTHS[part] if part else "")
        return Text.assemble(
            (bar, self.get_component_rich_style("meter--bar", partial=True)),
            ("─" * (cells - len(bar)), self.get_component_rich_style("meter--rest", partial=True)),
            (figures, self.get_component_rich_style("meter--figures", partial=True)),
            no_wrap=True,
        )
