"""The desk: all panes. Wide terminals show all at once, narrow ones people and one other.

Where the panes of the desk stand: a rule from the room there is to a grid and what it shows.

Written to the widgets directly, not by classes: a class on the screen would make Textual style
every widget of the desk anew at each key, which costs a third of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from engine.contract import (
    Captured,
    EnrolDone,
    EpochDone,
    Event,
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
from engine.settings import Settings
from tui.board import PANE_OF
from tui.live import Live
from tui.panes.base import ActivityPane, Pane
from tui.panes.capture import CapturePane
from tui.panes.people import PeoplePane
from tui.panes.recognition import RecognitionPane
from tui.panes.split import SplitPane
from tui.panes.training import TrainingPane
from tui.widgets.bars import KeyLine, TabStrip, TitleBar

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


PANES: tuple[type[Pane], ...] = (
    PeoplePane,
    CapturePane,
    SplitPane,
    TrainingPane,
    RecognitionPane,
    ActivityPane,
)


class DeskScreen(Screen[None]):
    """Lays the panes out and gives each event to the pane it belongs to."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]  # noqa: RUF012

    class FrontChanged(Message):
        """Another pane is in front."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__()
        self.people = PeoplePane()
        self.capture = CapturePane()
        self.split = SplitPane(settings.split)
        self.training = TrainingPane(settings.training)
        self.recognition = RecognitionPane(clock)
        self.activity = ActivityPane()
        self.view = View()
        self._camera = self.capture.NAME

    def compose(self) -> ComposeResult:
        """Title, tabs (narrow only), panes, footer."""
        yield TitleBar(id="title")
        yield TabStrip(tuple((pane.NAME, pane.TITLE) for pane in PANES), id="tabs")
        with Container(id="panes"):
            yield self.people
            yield self.capture
            yield self.recognition
            yield self.split
            yield self.training
            yield self.activity
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with people and capture."""
        self.pane(self.front).mark_front(True)
        self._look_at(self.view)
        self.people.focus_main()

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

    def watch_from(self, pane: str) -> None:
        """Give the pane with the camera's frames the larger half; "" gives it back."""
        self._look_at(replace(self.view, watching=pane))

    def pane(self, name: str) -> Pane:
        """A pane by its name."""
        return self.query_one(f"#{name}", Pane)

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
        arrange(view).put(self.query_one("#panes"), self.query(Pane))
        tabs = self.query_one(TabStrip)
        tabs.active, tabs.zoomed = view.front, view.zoomed
        tabs.display = view.zoomed or not view.spacious

    def deliver(self, event: Event) -> None:
        """Give an event to the pane it belongs to."""
        match event:
            case JobStarted(job="enrol" | "import"):
                self._begin("capture", self.capture.started, event)
            case JobStarted(job="train"):
                self._begin("training", self.training.started, event)
            case JobStarted(job="recognise"):
                self._begin("recognition", self.recognition.started, event)
            case JobEnded(job="train"):
                self.training.ended(event)
            case JobEnded(job="recognise"):
                self.recognition.ended(event)
            case JobEnded(job="enrol" | "import"):
                self.capture.ended(event)
            case SourceOpened() | SourceLost() | SourceRestored():
                self._source(event)
            case PictureDoubted():
                (self.recognition if self._watching else self.capture).doubted(event)
            case Captured():
                self.capture.captured(event)
            case EnrolDone() | ImportDone():
                self.capture.done(event)
            case EpochDone():
                self.training.epoch(event)
            case Threshold(job="train"):
                self.training.threshold(event)
            case Threshold():
                self.recognition.threshold(event)
            case TrainDone():
                self.training.done(event)
            case RecogniseDone():
                self.recognition.done(event)
            case SplitDone():
                self.split.show(event)
            case _:
                return

    def deliver_live(self, live: Live) -> None:
        """Give the present state to the panes that show it."""
        self.capture.show_live(live)
        self.training.show_live(live)
        self.recognition.show_live(live)

    def jobs_changed(self, titles: tuple[str, ...], busy: frozenset[str]) -> None:
        """Show in title and tabs what is running."""
        self.query_one(TitleBar).jobs = titles
        self.query_one(TabStrip).busy = busy
        self.refresh_bindings()

    def _begin(self, name: str, started: object, event: JobStarted) -> None:
        assert callable(started)
        started(event)
        if event.job != "train":
            self._camera = PANE_OF["recognise" if event.job == "recognise" else "enrol"]
        self.show_pane(name)

    @property
    def _watching(self) -> bool:
        """Whether the camera is recognition's, not a capture's."""
        return self._camera == self.recognition.NAME

    def _source(self, event: SourceOpened | SourceLost | SourceRestored) -> None:
        watching = self._watching
        match event:
            case SourceOpened():
                (self.recognition if watching else self.capture).source(event)
            case SourceLost():
                (self.recognition if watching else self.capture).lost(event)
            case SourceRestored() if not watching:
                self.capture.restored(event)
            case _:  # the rate shows by itself that recognition goes on
                return
