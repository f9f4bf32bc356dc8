"""The evaluation screen: how good the model in use honestly is.

How the evaluation of the model stands: the last result, what is running, what went wrong.

What the evaluation's keys do, from anywhere and within its screen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.contract import EvaluateDone, Event, FeaturesProgress, JobEnded, JobStarted, TrainDone
from engine.contract.desk import Desk
from engine.contract.requests import EvaluateRequest
from engine.text import many
from tui.desk.jobs import ActionsApp
from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.link import in_thread
from tui.live import Live
from tui.panes.base import Empty
from tui.screens.evaluation_forms import DoubtfulPart, OtherPicturesForm, ReportForm
from tui.screens.evaluation_parts import (
    ConfusionPart,
    CurvePart,
    OverviewPart,
    Part,
    PeoplePart,
)
from tui.widgets.bars import KeyLine, Meter, TabStrip
from tui.words.tables import Sheet, evaluation_sheet
from tui.words.text import clean


@dataclass(slots=True)
class Evaluation:
    """Kept while the app runs, so that the screen may be closed meanwhile."""

    result: EvaluateDone | None = None
    request: EvaluateRequest = field(default_factory=EvaluateRequest)
    """What was asked last, without the report: what measuring again repeats."""
    model: str = ""
    """The model in use; empty while there is none or it is not known."""
    title: str = ""
    """The running evaluation's title; empty while none runs."""
    features: FeaturesProgress | None = None
    trouble: str = ""
    """How the last evaluation ended, if not well."""

    @property
    def outdated(self) -> bool:
        """Whether the result is of a model that is no longer in use."""
        return self.result is not None and self.model not in ("", self.result.model)

    @property
    def wanted(self) -> bool:
        """Whether there is nothing to show of the model in use, and nothing under way."""
        return not self.title and (self.result is None or self.outdated)

    def hear(self, event: Event) -> bool:
        """Take an event in; whether it changed anything."""
        match event:
            case JobStarted(job="evaluate"):
                self.title, self.features, self.trouble = event.title, None, ""
            case EvaluateDone():
                self.result = event
            case JobEnded(job="evaluate"):
                self.title, self.features = "", None
                self.trouble = _trouble(event)
            case TrainDone(promoted=True):
                self.model = event.model  # the list of models comes a moment later
            case _:
                return False
        return True


def _trouble(event: JobEnded) -> str:
    if event.outcome == "failed":
        why = ". ".join(filter(None, (event.title, event.message)))
        return f"Failed: {why}. {event.hint}".rstrip()
    return "" if event.outcome == "done" else "The evaluation was given up: v measures again."


PARTS: tuple[type[Part], ...] = (OverviewPart, PeoplePart, ConfusionPart, CurvePart, DoubtfulPart)
MANY_PEOPLE = 12
"""From this many on the part in front gets most of the room."""
UNMEASURED = (
    "Not measured yet.\n\n"
    "Press {key[evaluation.measure]} to measure the model in use on the pictures that training "
    "did not see, or {key[evaluation.other_pictures]} to measure it on others."
)


class EvaluationScreen(ModalScreen[None]):
    """Shows an `Evaluation`. Wide terminals show all parts at once, narrow ones one at a time.

    Covers the desk and takes its keys; the app does what the keys ask for. `why_not` says why
    measuring is not possible just now.
    """

    HELP = "evaluation"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("evaluation")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(
        self, evaluation: Evaluation, workspace: Path, why_not: Callable[[], str | None]
    ) -> None:
        super().__init__()
        self.evaluation = evaluation
        self.front = OverviewPart.NAME
        self._why_not = why_not
        self._shown: EvaluateDone | None = None
        self.parts: tuple[Part, ...] = (
            OverviewPart(),
            PeoplePart(),
            ConfusionPart(),
            CurvePart(),
            DoubtfulPart(workspace),
        )

    def compose(self) -> ComposeResult:
        """Title, tabs (narrow only), how it stands, the parts in two columns, footer."""
        overview, people, confusion, curve, doubtful = self.parts
        yield Static(id="evaluation-title", markup=False)
        yield TabStrip(tuple((p.NAME, p.TITLE) for p in PARTS), id="evaluation-tabs")
        yield Static(id="evaluation-status", markup=False)
        yield Meter(id="evaluation-meter")
        yield Empty(with_keys(UNMEASURED), id="evaluation-empty")
        with Container(id="evaluation-parts"):
            with Vertical(id="evaluation-left"):
                yield overview
                yield curve
            with Vertical(id="evaluation-right"):
                yield people
                yield confusion
                yield doubtful
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin with the overview."""
        self.show_part(self.front)
        self.show()

    def show_part(self, name: str) -> None:
        """Bring a part to the front and give it the focus."""
        for part in self.parts:
            self.set_class(name == part.NAME, f"-show-{part.NAME}")
            part.mark_front(name == part.NAME)
        self.front = name
        self.query_one(TabStrip).active = name
        if self.evaluation.result is not None:
            self.call_after_refresh(self._focus)

    def _focus(self) -> None:
        next(part for part in self.parts if self.front == part.NAME).focus_main()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The part with the focus is the one in front."""
        for node in event.widget.ancestors_with_self:
            if isinstance(node, Part) and self.front != node.NAME:
                self.show_part(node.NAME)

    def show(self) -> None:
        """Show how the evaluation stands now."""
        evaluation, result = self.evaluation, self.evaluation.result
        self.query_one("#evaluation-title", Static).update(self._title())
        self._show_status()
        self.query_one("#evaluation-tabs").set_class(result is None, "-nothing")
        self.query_one("#evaluation-parts").display = result is not None
        empty = self.query_one("#evaluation-empty", Empty)
        empty.display = result is None
        if result is None:
            why = None if evaluation.title else self._why_not()
            measuring = (
                "Measuring: the figures come when it is over.\n\n"
                "Esc goes back to the desk, and the evaluation goes on."
            )
            todo = measuring if evaluation.title else with_keys(UNMEASURED)
            empty.update(Text(clean(why) if why else todo))
            empty.focus()
        elif result is not self._shown:
            self._shown = result
            self.set_class(len(result.people) > MANY_PEOPLE, "-many")
            for part in self.parts:
                part.show(result)
            self.call_after_refresh(self._focus)
        self.refresh_bindings()

    def _title(self) -> Text:
        result = self.evaluation.result
        about = ""
        if result is not None:
            people = many(len(result.people), "person", "people")
            about = "│ " + f"model {clean(result.model)} of {people}, {clean(result.recipe)}"
        return Text.assemble((f" {'Evaluation'} ", "bold"), about)

    def _show_status(self) -> None:
        """One line: what runs, what went wrong, or that another model is in use by now."""
        evaluation = self.evaluation
        status, meter = self.query_one("#evaluation-status", Static), self.query_one(Meter)
        features = evaluation.features
        text = Text()
        if evaluation.title:
            doing = "preparing"
            if features is not None:
                count = features.cached
                cached = f", {count} cached" if count else ""
                done = features.done >= features.total
                features_of = "VGG16 features of the pictures" + cached
                doing = "comparing" if done else features_of
            text = Text(f"{clean(evaluation.title)}: {doing}", "bold")
        elif evaluation.trouble:
            text = Text(clean(evaluation.trouble), "bold red")
        elif evaluation.outdated:
            text = Text(
                with_keys("Another model is in use by now: {key[evaluation.measure]} measures it."),
                "bold yellow",
            )
        status.update(text)
        status.display = bool(text)
        meter.display = bool(evaluation.title) and features is not None
        if features is not None:
            meter.show(features.done, features.total)

    def sheet(self) -> Sheet | None:
        """The figures, or the table of the part in front."""
        result = self.evaluation.result
        return evaluation_sheet(result, self.front) if result is not None else None

    def action_show_part(self, name: str) -> None:
        """A number key."""
        self.show_part(name)

    def action_back(self) -> None:
        """Back to the desk; what runs goes on."""
        self.dismiss(None)


REPORTS = "reports"
"""The folder in the workspace that is offered for reports."""


class EvaluationApp(ActionsApp):
    """The actions around `Evaluation`, and the screen that shows it."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.evaluation = Evaluation()

    @property
    def screen_evaluation(self) -> EvaluationScreen | None:
        """The evaluation screen if it is open, perhaps under a form."""
        return next((s for s in self.screen_stack if isinstance(s, EvaluationScreen)), None)

    async def evaluate(self, request: EvaluateRequest) -> None:
        """Start measuring. Raises FacedeskError."""
        await in_thread(partial(self.desk.evaluate, request))
        self.evaluation.request = replace(request, report=None)

    def heard(self, event: Event) -> None:
        """Take an event in and show it."""
        super().heard(event)
        if self.evaluation.hear(event):
            self.refresh_evaluation()

    def saw(self, live: Live) -> None:
        """Show how many features of a running evaluation are ready."""
        super().saw(live)
        if self.evaluation.title and live.features is not self.evaluation.features:
            self.evaluation.features = live.features
            self.refresh_evaluation()

    def refresh_evaluation(self) -> None:
        """Show the present state in the screen, if it is open."""
        screen = self.screen_evaluation
        if screen is not None and screen.is_mounted:
            screen.show()

    def recall_evaluation(self) -> None:
        """Take up the kept evaluation of the model in use, if there is none to show yet."""
        model = self.evaluation.model
        if model and self.evaluation.wanted:
            self.go(self._recall(model))

    async def _recall(self, model: str) -> None:
        kept = await in_thread(partial(self.desk.last_evaluation, model))
        if kept is not None and self.evaluation.wanted and self.evaluation.model == model:
            self.evaluation.result = kept
            self.refresh_evaluation()

    # --- actions -------------------------------------------------------------------------

    def action_evaluation(self) -> None:
        """Open the screen; measure at once if there is nothing to show of the model in use."""
        if self.screen_evaluation is not None:
            return
        why_not = partial(self.board.why_not, "measure")
        self.push_screen(EvaluationScreen(self.evaluation, self.desk.workspace, why_not))
        if self.evaluation.wanted and why_not() is None:
            self.go(self.evaluate(EvaluateRequest()))

    def action_measure(self) -> None:
        """Measure once more what was measured last."""
        if self.can("measure"):
            self.go(self.evaluate(self.evaluation.request))

    def action_write_report(self) -> None:
        """The form for the report's folder."""
        if self.can("measure"):
            folder = str(self.desk.workspace / REPORTS)
            last = self.evaluation.request
            self.push_screen(ReportForm(self.evaluate, last=last, folder=folder))

    def action_other_pictures(self) -> None:
        """The form for other probes, strangers and FPIR."""
        if self.can("measure"):
            fpir = self.desk.settings.recognition.fpir
            last = self.evaluation.request
            self.push_screen(OtherPicturesForm(self.evaluate, last=last, fpir=fpir))

    def action_stop_evaluation(self) -> None:
        """Give the running evaluation up."""
        if self.can("stop_evaluation"):
            self.tell(f"Stopping: {self.evaluation.title}")
            self.go(self.stop("evaluate"))
