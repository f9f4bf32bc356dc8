"""The question about twins: asked while a capture is held, answered to the engine."""

from __future__ import annotations

from functools import partial

from engine.events import Event, JobEnded, TwinChoice, TwinSuspected
from tui.actions import ActionsApp
from tui.calls import in_thread
from tui.screens.twin import TwinQuestion, evidence


class TwinApp(ActionsApp):
    """Asks when the engine suspects that somebody is enrolled already."""

    def heard(self, event: Event) -> None:
        """Ask; take the question back when its capture is over."""
        super().heard(event)
        if isinstance(event, TwinSuspected):
            self.tell(evidence(event), "warning")
            if self.board.camera_job == "enrol":
                self.push_screen(TwinQuestion(event), self._answered)
            return
        ended = isinstance(event, JobEnded) and event.job == "enrol"
        if ended and isinstance(self.screen, TwinQuestion):
            self.screen.dismiss(None)

    def _answered(self, choice: TwinChoice | None) -> None:
        if choice is not None:
            self.go(in_thread(partial(self.desk.answer_twin, choice)))
