"""The questions about twins and second faces, as the user interface answers them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from engine.events import FaceAnswer, TwinChoice
from engine.service import library
from engine.service.messages import (
    FaceAnswered,
    FirstPictures,
    SessionAsked,
    SessionJudged,
    TwinAnswer,
    TwinReport,
)
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.service.child import Child


class TwinCalls:
    """A part of the real `Desk`: relays the first pictures, the report and the answer."""

    _workspace: Workspace
    _lock: threading.RLock
    _children: dict[str, Child]
    _asked: SessionAsked | None = None
    """The session that the model process was asked about last, until it has answered."""

    def _child(self, name: str) -> Child:
        """The process, started if it is not running."""
        raise NotImplementedError

    def answer_twin(self, choice: TwinChoice) -> None:
        """Answer a `TwinSuspected`: the capture goes on, as the other's or as it was, or ends."""
        self._child("camera").send(TwinAnswer(choice=choice))

    def answer_face(self, choice: FaceAnswer) -> None:
        """Answer a `SecondFace` that asks: which face the capture is of."""
        self._child("camera").send(FaceAnswered(choice=choice))

    def _relay_faces(self, message: SessionAsked | SessionJudged) -> None:
        """A session to the model process, what it shows back."""
        asks = isinstance(message, SessionAsked)
        with self._lock:
            self._asked = message if isinstance(message, SessionAsked) else None
            self._child("model" if asks else "camera").send(message)

    def _nobody_tells(self, cause: str) -> None:
        """The model process is gone: a session that it was asked about waits no longer."""
        with self._lock:
            asked, self._asked = self._asked, None
            if asked is not None and (camera := self._children.get("camera")) is not None:
                lost = SessionJudged(slug=asked.slug, session=asked.session, why=cause)
                camera.send(lost)

    def _relay_twins(self, message: FirstPictures | TwinReport) -> None:
        """Pictures to the model process, if there is a model to compare with; reports back."""
        if isinstance(message, TwinReport):
            self._child("camera").send(message)
        elif library.current_model(self._workspace) is None:
            self._child("camera").send(TwinReport(other=""))
        else:
            self._child("model").send(message)
