"""How the evaluation of the model stands: the last result, what is running, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.events import EvaluateDone, Event, FeaturesProgress, JobEnded, JobStarted, TrainDone
from engine.service.protocol import EvaluateRequest


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
