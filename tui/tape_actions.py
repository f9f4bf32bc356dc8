"""Recordings in the app: the sign that one is being made, and the job that a replay begins with."""

from __future__ import annotations

from collections.abc import Callable

from engine.events import Event, TapeEnded, TapeStarted
from engine.service.protocol import Desk, EnrolRequest, RecogniseRequest
from tui.doctor_actions import DoctorApp
from tui.widgets.title_bar import TitleBar


class TapeApp(DoctorApp):
    """Shows REC in the title while frames are recorded."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        super().__init__(desk, clock)
        self.first_job: EnrolRequest | RecogniseRequest | None = None
        """A job to begin with, once."""

    def heard(self, event: Event) -> None:
        """A recording has begun or is complete."""
        super().heard(event)
        if isinstance(event, TapeStarted | TapeEnded):
            title = self.screen_desk.query_one(TitleBar)
            title.recording = isinstance(event, TapeStarted)

    def begin_first_job(self) -> None:
        """Start the job that the app was opened for, if any."""
        request, self.first_job = self.first_job, None
        if isinstance(request, EnrolRequest):
            self.go(self.enrol(request))
        elif request is not None:
            self.go(self.recognise(request))
