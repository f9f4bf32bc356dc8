"""The desk: all panes. Wide terminals show all at once, narrow ones people and one other."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from engine.config import Settings
from engine.events import (
    Captured,
    EnrolDone,
    EpochDone,
    Event,
    ImportDone,
    JobEnded,
    JobStarted,
    RecogniseDone,
    SourceLost,
    SourceOpened,
    SourceRestored,
    SplitDone,
    Threshold,
    TrainDone,
)
from tui.bridge import Live
from tui.jobs import PANE_OF
from tui.panes.activity import ActivityPane
from tui.panes.base import Pane
from tui.panes.capture import CapturePane
from tui.panes.people import PeoplePane
from tui.panes.recognition import RecognitionPane
from tui.panes.split import SplitPane
from tui.panes.training import TrainingPane
from tui.widgets.title_bar import TabStrip, TitleBar

PANES: tuple[type[Pane], ...] = (
    PeoplePane,
    CapturePane,
    SplitPane,
    TrainingPane,
    RecognitionPane,
    ActivityPane,
)
LARGE, HIGH = 150, 54
"""Columns and lines from which people and log are given more."""
MIDDLE = frozenset({"capture", "split", "training", "recognition"})
"""Panes of which a narrow terminal shows one at a time."""


class DeskScreen(Screen[None]):
    """Lays the panes out and gives each event to the pane it belongs to."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    class FrontChanged(Message):
        """Another pane is in front."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    zoomed: reactive[bool] = reactive(False, init=False)

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__()
        self.people = PeoplePane()
        self.capture = CapturePane()
        self.split = SplitPane(settings.split)
        self.training = TrainingPane(settings.training)
        self.recognition = RecognitionPane(clock)
        self.activity = ActivityPane()
        self.front = "people"
        """The pane that has the focus, or had it last."""
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
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin with people and capture."""
        self.show_middle("capture")
        self._bring(self.front)
        self.people.focus_main()

    def on_resize(self, event: events.Resize) -> None:
        """Large terminals give people and log more room, on top of the breakpoints."""
        self.set_class(event.size.width >= LARGE, "-large")
        self.set_class(event.size.height >= HIGH, "-high")

    @property
    def all_visible(self) -> bool:
        """Whether the terminal is large enough for all panes at once."""
        return self.has_class("-wide") and self.has_class("-tall")

    def pane(self, name: str) -> Pane:
        """A pane by its name."""
        return self.query_one(f"#{name}", Pane)

    def show_middle(self, name: str) -> None:
        """In a narrow layout, show this pane beside the people."""
        for pane in MIDDLE:
            self.set_class(pane == name, f"-show-{pane}")

    def show_pane(self, name: str) -> None:
        """Bring a pane to the front and give it the focus."""
        if name in MIDDLE:
            self.show_middle(name)
        self._bring(name)
        self.call_after_refresh(self.pane(name).focus_main)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one in front."""
        widget: Widget = event.widget
        pane = next((node for node in widget.ancestors_with_self if isinstance(node, Pane)), None)
        if pane is None or not pane.NAME:
            return
        self._bring(pane.NAME)
        self.refresh_bindings()

    def _bring(self, name: str) -> None:
        changed, self.front = self.front != name, name
        self.query_one(TabStrip).active = name
        self.set_class(name == "activity", "-log")
        for pane in self.query(Pane):
            pane.set_class(name == pane.NAME, "-front")
        if changed:
            self.post_message(self.FrontChanged(name))

    def watch_zoomed(self, zoomed: bool) -> None:
        """The pane in front has the desk to itself."""
        self.set_class(zoomed, "-zoom")
        self.query_one(TabStrip).zoomed = zoomed

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

    def _source(self, event: SourceOpened | SourceLost | SourceRestored) -> None:
        watching = self._camera == self.recognition.NAME
        match event:
            case SourceOpened():
                (self.recognition if watching else self.capture).source(event)
            case SourceLost():
                (self.recognition if watching else self.capture).lost(event)
            case SourceRestored() if not watching:
                self.capture.restored(event)
            case _:  # the rate shows by itself that recognition goes on
                return
