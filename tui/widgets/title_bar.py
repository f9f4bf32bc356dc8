"""The first line of the screen: what this is, where the data are, what is running."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from tui.keys.names import with_keys
from tui.text import clean, shorten


class TitleBar(Widget):
    """Name and workspace on the left, running jobs on the right; the right side has priority."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title--name", "title--demo", "title--job"}
    DEFAULT_CSS = """
    TitleBar {
        height: 1;
        background: $panel;
        color: $foreground 70%;
        & > .title--name { color: $accent; text-style: bold; }
        & > .title--demo { color: $background; background: $warning; text-style: bold; }
        & > .title--job { color: $success; text-style: bold; }
    }
    """

    workspace: reactive[str] = reactive("")
    state: reactive[str] = reactive("")
    jobs: reactive[tuple[str, ...]] = reactive(())
    demo: reactive[bool] = reactive(False)
    unknown: reactive[int] = reactive(0)
    """Sightings of strangers that wait in the inbox."""
    steps: reactive[str] = reactive("")
    """The steps of a quick enrolment while one is under way."""
    recording: reactive[bool] = reactive(False)

    def render(self) -> Text:
        """One line of exactly the widget's width."""
        width = self.size.width
        line = Text(no_wrap=True, overflow="crop")
        line.append(" Facedesk ", self.get_component_rich_style("title--name", partial=True))
        if self.demo:
            line.append(f" {'DEMO'} ", self.get_component_rich_style("title--demo", partial=True))
            line.append(" ")
        if self.recording:
            line.append(f" {'REC'} ", self.get_component_rich_style("title--demo", partial=True))
            line.append(" ")
        right = " · ".join(clean(job) for job in self.jobs)
        if self.steps:
            right = f"{self.steps} · {right}" if right else self.steps
        mark = "" if self.steps else "● "  # the steps carry their own
        right = f" {mark}{right} " if right else f" {clean(self.state)} "
        if self.unknown:
            waiting = f"{self.unknown} unknown"
            right = f" ? {waiting} ·{right}"
        right = shorten(right, max(0, width - line.cell_len - 2))
        left = shorten(f"│ {self.workspace}", max(0, width - line.cell_len - cell_len(right) - 1))
        line.append(left)
        line.append(" " * max(0, width - line.cell_len - cell_len(right)))
        job = self.get_component_rich_style("title--job", partial=True)
        line.append(right, job if self.jobs else "")
        return line


class TabStrip(Widget):
    """The panes by number, for layouts that show one at a time; the shown one is bracketed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--active", "tabs--busy"}
    DEFAULT_CSS = """
    TabStrip {
        height: 1;
        color: $foreground 60%;
        & > .tabs--active { color: $accent; text-style: bold; }
        & > .tabs--busy { color: $success; text-style: bold; }
    }
    """

    active: reactive[str] = reactive("")
    busy: reactive[frozenset[str]] = reactive(frozenset())
    zoomed: reactive[bool] = reactive(False)

    def __init__(self, panes: tuple[tuple[str, str], ...], id: str | None = None) -> None:
        """`panes` are pairs of pane name and title, in the order of their number keys."""
        super().__init__(id=id)
        self.panes = panes

    def render(self) -> Text:
        """All tabs on one line; a dot marks a pane with a running job."""
        line = Text(no_wrap=True, overflow="crop")
        for number, (name, title) in enumerate(self.panes, 1):
            active = name == self.active
            style = self.get_component_rich_style("tabs--active", partial=True) if active else ""
            line.append("[" if active else " ", style)
            line.append(f"{number} {title}", style)
            if name in self.busy:
                line.append("●", self.get_component_rich_style("tabs--busy", partial=True))
            line.append("]" if active else " ", style)
            line.append(" ")
        if self.zoomed:
            line.append(with_keys("{key.zoom} all"), "bold")
        return line
