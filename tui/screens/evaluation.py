"""The evaluation screen: how good the model in use honestly is, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.contract import EvaluateDone, FeaturesProgress, JobEnded, JobStarted, TrainDone
from engine.contract.requests import EvaluateRequest
from engine.text import many
from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.link import EngineApp, in_thread
from tui.live import Live
from tui.panes.base import Empty, know_size
from tui.panes.training import features_words
from tui.screens.evaluation_forms import DoubtfulPart, OtherPicturesForm, ReportForm
from tui.screens.evaluation_parts import ConfusionPart, CurvePart, OverviewPart, Part, PeoplePart
from tui.widgets.bars import KeyLine, Meter, TabStrip
from tui.words.events import failed_words
from tui.words.tables import Sheet, evaluation_sheet
from tui.words.text import clean


class Evaluation:
    """How the evaluation stands, kept while the screen is closed, and the key that opens it."""

    def __init__(self, app: EngineApp, show: Callable[[str], None]) -> None:
        """`show` shows a person's pictures."""
        self.app, self.desk, self.show_pictures = app, app.desk, show
        self.result: EvaluateDone | None = None
        self.request = EvaluateRequest()
        """What was asked last, without the report: what measuring again repeats."""
        self.model = ""
        """The model in use; empty while there is none or it is not known."""
        self.title = ""
        """The running evaluation's title; empty while none runs."""
        self.features: FeaturesProgress | None = None
        self.trouble = ""
        """How the last evaluation ended, if not well."""
        app.view(self._saw)
        app.listen(
            {
                JobStarted: self._started,
                EvaluateDone: self._measured,
                JobEnded: self._ended,
                TrainDone: self._trained,
            }
        )

    @property
    def outdated(self) -> bool:
        """Whether the result is of a model that is no longer in use."""
        return self.result is not None and self.model not in ("", self.result.model)

    @property
    def wanted(self) -> bool:
        """Whether there is nothing to show of the model in use, and nothing under way."""
        return not self.title and (self.result is None or self.outdated)

    async def measure(self, request: EvaluateRequest) -> None:
        """Start measuring. Raises FacedeskError."""
        await in_thread(partial(self.desk.evaluate, request))
        self.request = replace(request, report=None)

    def action_evaluation(self) -> None:
        """Open the screen; measure at once if there is nothing to show of the model in use."""
        if self.app.open_screen(EvaluationScreen) is not None:
            return
        self.app.push_screen(EvaluationScreen(self))
        if self.wanted and self.app.board.why_not("measure") is None:
            self.app.go(self.measure(EvaluateRequest()))

    def model_in_use(self, model: str) -> None:
        """Another model may be in use: take up its kept evaluation, if none is shown yet."""
        self.model = model
        if model and self.wanted:
            self.app.go(self._recall(model))
        self.show()

    async def _recall(self, model: str) -> None:
        kept = await in_thread(partial(self.desk.last_evaluation, model))
        if kept is not None and self.wanted and self.model == model:
            self.result = kept
            self.show()

    def show(self) -> None:
        """Show the present state in the screen, if it is open."""
        screen = self.app.open_screen(EvaluationScreen)
        if screen is not None and screen.is_mounted:
            screen.show()

    def _started(self, event: JobStarted) -> None:
        if event.job == "evaluate":
            self.title, self.features, self.trouble = event.title, None, ""
            self.show()

    def _measured(self, event: EvaluateDone) -> None:
        self.result = event
        self.show()

    def _ended(self, event: JobEnded) -> None:
        if event.job == "evaluate":
            self.title, self.features, self.trouble = "", None, _trouble(event)
            self.show()

    def _trained(self, event: TrainDone) -> None:
        if event.promoted:
            self.model = event.model  # the list of models comes a moment later
            self.show()

    def _saw(self, live: Live) -> None:
        """Show how many features of a running evaluation are ready."""
        if self.title and live.features is not self.features:
            self.features = live.features
            self.show()


def _trouble(event: JobEnded) -> str:
    if event.outcome == "failed":
        return failed_words(event)
    return "" if event.outcome == "done" else "The evaluation was given up: v measures again."


REPORTS = "reports"
"""The folder in the workspace that is offered for reports."""

MANY_PEOPLE = 12
"""From this many on the part in front gets most of the room."""
UNMEASURED = (
    "Not measured yet.\n\n"
    "Press {key[evaluation.measure]} to measure the model in use on the pictures that training "
    "did not see, or {key[evaluation.other_pictures]} to measure it on others."
)


class EvaluationScreen(ModalScreen[None]):
    """Shows an `Evaluation`. Wide terminals show all parts at once, narrow ones one at a time.

    Covers the desk and takes its keys.
    """

    HELP = "evaluation"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("evaluation")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self, evaluation: Evaluation) -> None:
        super().__init__()
        self.evaluation = evaluation
        self.link = evaluation.app
        self.front = OverviewPart.NAME
        self._shown: EvaluateDone | None = None
        self.parts: tuple[Part, ...] = (
            OverviewPart(),
            PeoplePart(),
            ConfusionPart(),
            CurvePart(),
            DoubtfulPart(self.link.desk.workspace),
        )

    def compose(self) -> ComposeResult:
        """Title, tabs (narrow only), how it stands, the parts in two columns, footer."""
        know_size(self)
        self.add_class(f"-show-{self.front}", update=False)
        overview, people, confusion, curve, doubtful = self.parts
        yield Static(id="evaluation-title", markup=False)
        yield TabStrip(tuple((p.NAME, p.TITLE) for p in self.parts), id="evaluation-tabs")
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
        self.action_show_part(self.front)
        self.show()

    def action_show_part(self, name: str) -> None:
        """Bring a part to the front and give it the focus."""
        self.update_classes({f"-show-{part.NAME}": name == part.NAME for part in self.parts})
        for part in self.parts:
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
                self.action_show_part(node.NAME)

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
            why = None if evaluation.title else self.link.board.why_not("measure")
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
        result, about = self.evaluation.result, ""
        if result is not None:
            people = many(len(result.people), "person", "people")
            about = f"│ model {clean(result.model)} of {people}, {clean(result.recipe)}"
        return Text.assemble((" Evaluation ", "bold"), about)

    def _show_status(self) -> None:
        """One line: what runs, what went wrong, or that another model is in use by now."""
        evaluation = self.evaluation
        status, meter = self.query_one("#evaluation-status", Static), self.query_one(Meter)
        features = evaluation.features
        text = Text()
        if evaluation.title:
            doing = "preparing"
            if features is not None:
                done = features.done >= features.total
                doing = "comparing" if done else features_words(features)
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

    def action_still_here(self) -> None:
        """The pictures of the person under the cursor of the list."""
        person = self.query_one(PeoplePart).selected
        if person:
            self.evaluation.show_pictures(person)

    def action_back(self) -> None:
        """Back to the desk; what runs goes on."""
        self.dismiss(None)

    # --- what the keys measure -----------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what cannot be done now."""
        return self.link.allows(action)

    def action_measure(self) -> None:
        """Measure once more what was measured last."""
        if self.link.can("measure"):
            self.link.go(self.evaluation.measure(self.evaluation.request))

    def action_write_report(self) -> None:
        """The form for the report's folder."""
        if self.link.can("measure"):
            folder = str(self.link.desk.workspace / REPORTS)
            last = self.evaluation.request
            self.link.push_screen(ReportForm(self.evaluation.measure, last=last, folder=folder))

    def action_other_pictures(self) -> None:
        """The form for other probes, strangers and FPIR."""
        if self.link.can("measure"):
            fpir = self.link.desk.settings.recognition.fpir
            last = self.evaluation.request
            self.link.push_screen(OtherPicturesForm(self.evaluation.measure, last=last, fpir=fpir))

    def action_stop_evaluation(self) -> None:
        """Give the running evaluation up."""
        if self.link.can("stop_evaluation"):
            self.link.tell(f"Stopping: {self.evaluation.title}")
            self.link.call(self.link.desk.stop, "evaluate")
