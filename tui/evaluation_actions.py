"""What the evaluation's keys do, from anywhere and within its screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from engine.events import Event
from engine.service.protocol import Desk, EvaluateRequest
from tui.actions import ActionsApp
from tui.bridge import Live
from tui.calls import in_thread
from tui.evaluation import Evaluation
from tui.screens.evaluation import EvaluationScreen
from tui.screens.evaluation_forms import OtherPicturesForm, ReportForm

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
