"""Where the panes of the desk stand: a rule from the room there is to a grid and what it shows.

Written to the widgets directly, not by classes: a class on the screen would make Textual style
every widget of the desk anew at each key, which costs a third of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from textual.widget import Widget

WIDE, TALL = 110, 34
"""Columns and lines from which all panes are shown at once."""
LARGE, HIGH = 150, 54
"""Columns and lines from which people and log are given more."""
MIDDLE = frozenset({"capture", "split", "training", "recognition"})
"""Panes of which a narrow terminal shows one at a time."""
ALL = MIDDLE | {"people", "activity"}


@dataclass(frozen=True, slots=True)
class View:
    """What the arrangement depends on. Sizes are cells of the terminal."""

    width: int = 0
    height: int = 0
    front: str = "people"
    middle: str = "capture"
    """The pane beside the people in a narrow terminal."""
    watching: str = ""
    """The pane with the camera's frames, which takes the larger half."""
    zoomed: bool = False

    @property
    def spacious(self) -> bool:
        """Whether there is room for all panes at once."""
        return self.width >= WIDE and self.height >= TALL


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A grid: its columns and rows as CSS writes them, the panes shown, columns they span."""

    columns: str
    rows: str
    shown: frozenset[str]
    spans: tuple[tuple[str, int], ...] = ()

    def put(self, grid: Widget, panes: Iterable[Widget]) -> None:
        """Lay the panes (by their ids) out in `grid`; touches only what differs."""
        styles = grid.styles
        styles.grid_size_columns = len(self.columns.split())
        styles.grid_size_rows = len(self.rows.split())
        styles.grid_columns = self.columns
        styles.grid_rows = self.rows
        spans = dict(self.spans)
        for pane in panes:
            name = pane.id or ""
            pane.styles.column_span = spans.get(name, 1)
            if pane.display != (name in self.shown):
                pane.display = name in self.shown


def arrange(view: View) -> Arrangement:
    """Zoomed: the pane in front alone. Spacious: all in three columns. Else people and one."""
    log = view.front == "activity"
    if view.zoomed:
        return Arrangement("1fr", "1fr", frozenset({view.front}))
    if not view.spacious:
        shown = frozenset({"people", view.middle, "activity"})
        return Arrangement("32 1fr", f"1fr {11 if log else 4}", shown, (("activity", 2),))
    large = view.width >= LARGE
    halves = {"capture": "3fr 2fr", "recognition": "2fr 3fr"} if large else {}
    halves = halves or {"capture": "1fr 20", "recognition": "20 1fr"}
    columns = f"{46 if large else 34} {halves.get(view.watching, '1fr 1fr')}"
    log_lines = (22 if log else 13) if view.height >= HIGH else (12 if log else 7)
    wide = Arrangement(columns, f"1fr 1fr {log_lines}", ALL)
    return replace(wide, spans=(("training", 2), ("activity", 3)))
