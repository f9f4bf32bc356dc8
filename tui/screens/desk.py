"""The desk: the panes, and where they stand: a rule from the room there is to a grid.

A running camera job takes the desk with its picture; what is not shown is folded to a line.

Written to the widgets directly, not by classes: a class on the screen would make Textual style
every widget of the desk anew at each key, which costs a third of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from engine.contract import (
    Captured,
    EnrolDone,
    EpochDone,
    ImportDone,
    JobEnded,
    JobStarted,
    PictureDoubted,
    RecogniseDone,
    SourceLost,
    SourceOpened,
    SourceRestored,
    SplitDone,
    Threshold,
    TrainDone,
)
from tui.board import PANE_OF
from tui.keys import OPENERS, keys_of
from tui.link import EngineApp
from tui.panes.base import ActivityPane, Pane, know_size
from tui.panes.capture import CapturePane
from tui.panes.people import PeoplePane
from tui.panes.recognition import RecognitionPane
from tui.panes.split import SplitPane
from tui.panes.training import TrainingPane
from tui.widgets.bars import FoldedLines, KeyLine, TabStrip, TitleBar
from tui.words.tables import Sheet

WIDE, TALL = 110, 34
"""Columns and lines from which the log is on the screen too, and all panes can be."""
LARGE, HIGH = 150, 54
"""Columns and lines from which people and log are given more."""
MIDDLE = ("capture", "split", "training", "recognition")
"""Panes of which one is shown beside the people."""
ORDER = ("people", *MIDDLE, "activity")
ALL = frozenset(ORDER)

Layout = Literal["focus", "all", "list"]
LAYOUTS: dict[Layout, str] = {
    "focus": "the running job is large",
    "all": "all panes side by side",
    "list": "the list of people is large",
}
"""The layouts in the order in which the key goes through them, and what they are called."""


@dataclass(frozen=True, slots=True)
class View:
    """What the arrangement depends on. Sizes are cells of the terminal."""

    width: int = 0
    height: int = 0
    front: str = "people"
    middle: str = "capture"
    """The pane beside the people."""
    watching: str = ""
    """The pane with the camera's frames, the largest while there are any."""
    zoomed: bool = False
    layout: Layout = "focus"

    @property
    def spacious(self) -> bool:
        """Whether there is room for all panes at once."""
        return self.width >= WIDE and self.height >= TALL


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A grid: its columns and rows as CSS writes them, the panes shown and the cells they span.

    `folded` are the panes of which a line is shown instead.
    """

    columns: str
    rows: str
    shown: frozenset[str]
    spans: Mapping[str, int] = field(default_factory=dict)
    folded: tuple[str, ...] = ()

    def put(self, grid: Widget, panes: Iterable[Widget]) -> None:
        """Lay the panes (by their ids) out in `grid`; touches only what differs."""
        styles = grid.styles
        styles.grid_size_columns = len(self.columns.split())
        styles.grid_size_rows = len(self.rows.split())
        styles.grid_columns = self.columns
        styles.grid_rows = self.rows
        for pane in panes:
            name = pane.id or ""
            pane.styles.column_span = self.spans.get(name, 1)
            if pane.display != (name in self.shown):
                pane.display = name in self.shown


def arrange(view: View) -> Arrangement:
    """The layout for a view.

    Zoomed: the pane in front alone. With frames: their pane, and beside or below it the pane in
    front. Else the people, one other pane and the log; the pane in front is the larger one.
    What is left out is folded to a line where the terminal is high enough.
    """
    if view.zoomed:
        return Arrangement("1fr", "1fr", frozenset({view.front}))
    if view.layout == "all" and view.spacious:
        return _all(view)
    made = _with_frames(view) if view.watching else _idle(view)
    if view.height < TALL:
        return made
    return replace(made, folded=tuple(name for name in ORDER if name not in made.shown))


def _with_frames(view: View) -> Arrangement:
    front, large = view.front, view.width >= LARGE
    shown = frozenset({view.watching, front})
    if view.layout != "focus" and front == view.watching:
        return Arrangement("2fr 3fr", "1fr", frozenset({view.watching, "people"}))
    if front == view.watching:
        return Arrangement("1fr", "1fr", shown)
    if front == "activity":
        return Arrangement("1fr", f"1fr {_log_lines(view)}", shown)
    if front == "people":
        return Arrangement(f"{46 if large else 32} 1fr", "1fr", shown)
    # The panes keep their order on the grid.
    watched_first = ON_GRID.index(view.watching) < ON_GRID.index(front)
    return Arrangement("3fr 2fr" if watched_first else "2fr 3fr", "1fr", shown)


def _idle(view: View) -> Arrangement:
    shown = frozenset({"people", view.middle, "activity"})
    rows = f"1fr {_log_lines(view)}"
    if view.front == "people" or view.layout == "list":
        columns = "1fr 1fr" if view.width >= WIDE else "42 1fr"
        columns = "3fr 2fr" if view.layout == "list" else columns
    else:
        columns = f"{46 if view.width >= LARGE else 34 if view.width >= WIDE else 32} 1fr"
    return Arrangement(columns, rows, shown, {"activity": 2})


def _all(view: View) -> Arrangement:
    large = view.width >= LARGE
    halves = {"capture": "3fr 2fr", "recognition": "2fr 3fr"} if large else {}
    halves = halves or {"capture": "1fr 20", "recognition": "20 1fr"}
    columns = f"{46 if large else 34} {halves.get(view.watching, '1fr 1fr')}"
    spans = {"training": 2, "activity": 3}
    return Arrangement(columns, f"1fr 1fr {_log_lines(view)}", ALL, spans)


def _log_lines(view: View) -> int:
    """Lines of the log with its border."""
    log = view.front == "activity"
    if view.height >= HIGH:
        return 22 if log else 13
    if view.spacious:
        return 12 if log else 7
    return 11 if log else 4


ON_GRID = ("people", "capture", "recognition", "split", "training", "activity")
"""The panes in the order in which the grid is filled."""

PANES: tuple[type[Pane], ...] = (
    PeoplePane,
    CapturePane,
    SplitPane,
    TrainingPane,
    RecognitionPane,
    ActivityPane,
)


class DeskScreen(Screen[None]):
    """Lays the panes out, gives each event to its pane, and holds the keys that work in all."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        key.binding() for key in keys_of("anywhere") if not key.action.startswith("app.")
    ]

    class FrontChanged(Message):
        """Another pane is in front."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, link: EngineApp, clock: Callable[[], float]) -> None:
        super().__init__()
        self.link = link
        settings = link.desk.settings
        self.title_bar = TitleBar(id="title")
        self.people = PeoplePane()
        self.capture = CapturePane()
        self.split = SplitPane(settings.split)
        self.training = TrainingPane(settings.training)
        self.recognition = RecognitionPane(clock)
        self.activity = ActivityPane()
        self.panes: dict[str, Pane] = {
            pane.NAME: pane
            for pane in (
                self.people,
                self.capture,
                self.split,
                self.training,
                self.recognition,
                self.activity,
            )
        }
        self.view = View()
        self._camera: CapturePane | RecognitionPane = self.capture
        """The pane whose job has the camera, or had it last."""
        self._of_job: dict[str, CapturePane | TrainingPane | RecognitionPane] = {
            "enrol": self.capture,
            "import": self.capture,
            "train": self.training,
            "recognise": self.recognition,
        }
        link.listen(
            {
                JobStarted: self._started,
                JobEnded: self._ended,
                SourceOpened: lambda event: self._camera.source(event),
                SourceLost: lambda event: self._camera.lost(event),
                SourceRestored: lambda event: self._camera.restored(event),
                PictureDoubted: lambda event: self._camera.doubted(event),
                Captured: self._captured,
                EnrolDone: self.capture.done,
                ImportDone: self.capture.done,
                SplitDone: self.split.show,
                EpochDone: self.training.epoch,
                TrainDone: self.training.done,
                RecogniseDone: self.recognition.done,
                Threshold: self._threshold,
            }
        )
        for pane in (self.capture, self.training, self.recognition):
            link.view(pane.show_live)

    def add(self, use: object) -> None:
        """Take over what the keys of a use do: Textual looks for `action_<name>` on the screen
        that has the key."""
        for name in dir(use):
            if name.startswith("action_"):
                setattr(self, name, getattr(use, name))

    def compose(self) -> ComposeResult:
        """Title, tabs or lines of the folded panes, panes, footer."""
        know_size(self)
        self.view = replace(self.view, width=self.app.size.width, height=self.app.size.height)
        yield self.title_bar
        yield TabStrip(tuple((pane.NAME, pane.TITLE) for pane in PANES), id="tabs")
        with Container(id="panes"):
            for name in ON_GRID:
                yield self.panes[name]
        yield FoldedLines(id="folded")
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with people and capture."""
        self.pane(self.front).mark_front(True)
        self._look_at(self.view)
        self.people.focus_main()
        for pane in self.panes.values():
            self.watch(pane, "summary", self._fold, init=False)

    def on_resize(self, event: events.Resize) -> None:
        """Another size is another view of the same."""
        self._look_at(replace(self.view, width=event.size.width, height=event.size.height))

    @property
    def front(self) -> str:
        """The pane that has the focus, or had it last."""
        return self.view.front

    @property
    def zoomed(self) -> bool:
        """Whether the pane in front has the desk to itself."""
        return self.view.zoomed

    @zoomed.setter
    def zoomed(self, zoomed: bool) -> None:
        self._look_at(replace(self.view, zoomed=zoomed))

    @property
    def layout_name(self) -> Layout:
        """The layout that was chosen."""
        return self.view.layout

    @layout_name.setter
    def layout_name(self, layout: Layout) -> None:
        self._look_at(replace(self.view, layout=layout))

    def watch_from(self, pane: str) -> None:
        """Give the desk to the pane with the camera's frames; "" takes it back."""
        for each in (self.capture, self.recognition):
            each.watch_frames(pane == each.NAME)
        self._look_at(replace(self.view, watching=pane))

    def pane(self, name: str) -> Pane:
        """A pane by its name."""
        return self.panes[name]

    def sheet(self) -> Sheet | None:
        """What the pane in front has to copy."""
        return self.pane(self.front).sheet()

    def show_pane(self, name: str) -> None:
        """Bring a pane to the front and give it the focus."""
        self._bring(name)
        self.pane(name).focus_main()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one in front."""
        widget: Widget = event.widget
        pane = next((node for node in widget.ancestors_with_self if isinstance(node, Pane)), None)
        if pane is None or not pane.NAME:
            return
        self._bring(pane.NAME)
        self.refresh_bindings()

    def _bring(self, name: str) -> None:
        changed = self.front != name
        if changed:
            self.pane(self.front).mark_front(False)
        self._look_at(
            replace(self.view, front=name, middle=name if name in MIDDLE else self.view.middle)
        )
        if changed:
            self.pane(name).mark_front(True)
            self.post_message(self.FrontChanged(name))

    def _look_at(self, view: View) -> None:
        self.view = view
        made = arrange(view)
        made.put(self.query_one("#panes"), self.panes.values())
        tabs = self.query_one(TabStrip)
        tabs.active, tabs.zoomed = view.front, view.zoomed
        tabs.display = view.zoomed or view.height < TALL
        self._fold()

    def _fold(self) -> None:
        """Show the lines of the panes that are not on the screen."""
        folded = arrange(self.view).folded
        lines = self.query_one(FoldedLines)
        lines.display = bool(folded)
        lines.panes = tuple(
            (name, f"{self.panes[name].NUMBER} {self.panes[name].TITLE}", self.panes[name].summary)
            for name in folded
        )

    # --- what can be done, and what is done here -----------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what cannot be done now, what a dialog covers, and letters of a search."""
        if action in OPENERS and (self.people.searching or self.app.screen is not self):
            return None
        return self.link.allows(action)

    def action_show_pane(self, name: str) -> None:
        """Bring a pane to the front."""
        self.show_pane(name)

    def action_zoom(self) -> None:
        """The pane in front alone, and back; the next start shows it the same way."""
        self.zoomed = not self.zoomed
        self.link.remember("zoom", self.zoomed)

    def action_layout(self) -> None:
        """The next layout; the next start shows it too."""
        names = list(LAYOUTS)
        self.layout_name = names[(names.index(self.layout_name) + 1) % len(names)]
        self.link.remember("layout", self.layout_name)
        self.app.notify(f"Layout: {LAYOUTS[self.layout_name]}", timeout=2)

    # --- events --------------------------------------------------------------------------

    def _started(self, event: JobStarted) -> None:
        pane = self._of_job.get(event.job)
        if pane is not None:
            pane.started(event)
            if isinstance(pane, CapturePane | RecognitionPane):
                self._camera = pane
            self.show_pane(pane.NAME)
        self._show_jobs()

    def _ended(self, event: JobEnded) -> None:
        pane = self._of_job.get(event.job)
        if pane is not None:
            pane.ended(event)
        self._show_jobs()

    def _captured(self, event: Captured) -> None:
        self.capture.captured(event)
        self._show_titles()

    def _threshold(self, event: Threshold) -> None:
        (self.training if event.job == "train" else self.recognition).threshold(event)

    def _show_jobs(self) -> None:
        """Show in title and tabs what is running."""
        self._show_titles()
        busy = frozenset(PANE_OF[job] for job in self.link.board.titles)
        self.query_one(TabStrip).busy = busy
        self.refresh_bindings()

    def _show_titles(self) -> None:
        self.title_bar.jobs = tuple(self.link.board.titles.values())
