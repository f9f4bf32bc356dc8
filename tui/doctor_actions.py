"""What the doctor's keys do."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from textual import on

from engine.events import Event, Finding
from engine.service.protocol import CheckRequest, Desk
from tui.calls import in_thread
from tui.checkup import Checkup
from tui.evaluation_actions import EvaluationApp
from tui.screens.doctor import DoctorScreen
from tui.terminal_facts import terminal_findings


class DoctorApp(EvaluationApp):
    """The checkup and the screen that shows it."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.checkup = Checkup()

    @property
    def screen_doctor(self) -> DoctorScreen | None:
        """The doctor's screen if it is open, perhaps under a dialog."""
        return next((s for s in self.screen_stack if isinstance(s, DoctorScreen)), None)

    def heard(self, event: Event) -> None:
        """Take an event in and show it."""
        super().heard(event)
        if self.checkup.hear(event):
            self._show_checkup()

    def _show_checkup(self) -> None:
        screen = self.screen_doctor
        if screen is not None and screen.is_mounted:
            screen.show()

    # --- actions -------------------------------------------------------------------------

    def action_doctor(self) -> None:
        """Open the screen and look at everything afresh."""
        if self.screen_doctor is not None:
            return
        self.push_screen(DoctorScreen(self.checkup, partial(self.board.why_not, "measure_camera")))
        self.run_worker(self._look(), exit_on_error=False)

    async def _look(self) -> None:
        found = await self.ask(self.desk.checkup)
        if found is None:
            return
        terminal = terminal_findings(os.environ, self.size.width, self.size.height)
        self.checkup.looked = (*found, *self._last_source(found), *terminal)
        self._show_checkup()

    def _last_source(self, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """A line for the source used last, where it is none of the cameras."""
        source = self.source
        if source.isdigit() or source in {finding.device for finding in found}:
            return ()
        value = "the source used last; r measures it"
        return (Finding(group="camera", subject=source, state="ok", value=value, device=source),)

    @on(DoctorScreen.MeasureAsked)
    def action_measure_camera(self) -> None:
        """Measure the camera under the cursor."""
        screen = self.screen_doctor
        finding = screen.selected if screen else None
        if finding is None or not finding.device:
            self.explain("Choose the line of a camera or of the source used last.")
        elif self.can("measure_camera"):
            request = CheckRequest(source=finding.device)
            self.go(in_thread(partial(self.desk.check, request)))
