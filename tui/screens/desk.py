"""The desk: all panes. Wide terminals show all at once, narrow ones people and one other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from engine.events import (
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
from tui.bridge import Live
from tui.jobs import PANE_OF
from tui.panes.activity import ActivityPane
from tui.panes.base import Pane
from tui.panes.capture import CapturePane
from tui.panes.people import PeoplePane
from tui.panes.recognition import RecognitionPane
from tui.panes.split import SplitPane
from tui.panes.training import TrainingPane
from tui.screens.arrangement import MIDDLE, TALL, WIDE, View, arrange
from tui.widgets.key_line import KeyLine
from tui.widgets.title_bar import TabStrip, TitleBar

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
