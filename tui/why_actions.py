"""The explanation of decisions: asks the engine, shows what it answers."""

from __future__ import annotations

from functools import partial

from engine.errors import FacedeskError
from engine.events import Event, NothingToExplain, Why
from tui.calls import in_thread
from tui.evaluation_actions import EvaluationApp
from tui.screens.why import WhyScreen


class WhyApp(EvaluationApp):
    """The action around `WhyScreen`."""

    def heard(self, event: Event) -> None:
        """Show an answer in the screen that asked, if it is still open."""
        super().heard(event)
        if isinstance(event, Why | NothingToExplain) and isinstance(self.screen, WhyScreen):
            self.screen.show(event)

    async def crop_at(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace; empty if it is gone."""
        try:
            return await in_thread(partial(self.desk.picture, path))
        except FacedeskError:
            return b""

    def action_why(self) -> None:
        """Explain the faces of the present recognition, or of the last one."""
        recognition = self.screen_desk.recognition
        if not recognition.sightings:
            self.explain("No face has been recognised yet: press r, then w explains a decision.")
            return
        self.push_screen(WhyScreen(lambda: recognition.sightings, self._ask_why, self.crop_at))

    def _ask_why(self, track: int) -> None:
        self.go(in_thread(partial(self.desk.why, track)))
