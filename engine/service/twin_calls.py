"""The question about twins, as the user interface answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.events import TwinChoice
from engine.service import library
from engine.service.messages import FirstPictures, TwinAnswer, TwinReport
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.service.child import Child


class TwinCalls:
    """A part of the real `Desk`: relays the first pictures, the report and the answer."""

    _workspace: Workspace

    def _child(self, name: str) -> Child:
        """The process, started if it is not running."""
        raise NotImplementedError

    def answer_twin(self, choice: TwinChoice) -> None:
        """Answer a `TwinSuspected`: the capture goes on, as the other's or as it was, or ends."""
        self._child("camera").send(TwinAnswer(choice=choice))

    def _relay_twins(self, message: FirstPictures | TwinReport) -> None:
        """Pictures to the model process, if there is a model to compare with; reports back."""
        if isinstance(message, TwinReport):
            self._child("camera").send(message)
        elif library.current_model(self._workspace) is None:
            self._child("camera").send(TwinReport(other=""))
        else:
            self._child("model").send(message)
