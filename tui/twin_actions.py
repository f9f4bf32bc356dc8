"""The questions about twins and second faces: asked while a capture is held, answered to it."""

from __future__ import annotations

from functools import partial

from engine.events import (
    Event,
    FaceAnswer,
    JobEnded,
    LooksEnrolled,
    SecondFace,
    SetAside,
    TwinChoice,
    TwinSuspected,
)
from tui.calls import in_thread
from tui.doubt_words import doubt_words
from tui.screens.second_face import FaceQuestion
from tui.screens.second_face import evidence as face_evidence
from tui.screens.twin import TwinQuestion, evidence
from tui.why_actions import WhyApp


class TwinApp(WhyApp):
    """Asks when the engine suspects that somebody is enrolled already, or is two people."""

    def heard(self, event: Event) -> None:
        """Ask; take the question back when its capture is over."""
        super().heard(event)
        match event:
            case TwinSuspected():
                self.tell(evidence(event), "warning")
                if self.board.camera_job == "enrol":
                    self.push_screen(TwinQuestion(event), self._answered)
            case SecondFace():
                self.tell(face_evidence(event), "warning")
                if event.asked and self.board.camera_job == "enrol":
                    self.push_screen(FaceQuestion(event, self.crop_at), self._face_answered)
            case SetAside() | LooksEnrolled():
                for sentence in doubt_words(event):
                    self.tell(sentence, "warning")
                    self.notify(sentence, severity="warning", timeout=8, markup=False)
            case JobEnded(job="enrol") if isinstance(self.screen, TwinQuestion | FaceQuestion):
                self.screen.dismiss(None)

    def _answered(self, choice: TwinChoice | None) -> None:
        if choice is not None:
            self.go(in_thread(partial(self.desk.answer_twin, choice)))

    def _face_answered(self, choice: FaceAnswer | None) -> None:
        if choice is not None:
            self.go(in_thread(partial(self.desk.answer_face, choice)))
