"""The four steps from a new person to one who is recognised, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.service.protocol import EnrolRequest, RecogniseRequest

Step = Literal["capture", "split", "train", "recognise"]
STEPS: tuple[Step, ...] = ("capture", "split", "train", "recognise")
WORDS: dict[Step, str] = {
    "capture": "capture",
    "split": "split",
    "train": "train",
    "recognise": "recognise",
}
LEAST = 3
"""Kept pictures without which a training is not worth its time."""


@dataclass(slots=True)
class QuickSteps:
    """One run. `resume` is the recognition that follows; `paused` whether it ran before;
    without `train` only the capture is done."""

    enrol: EnrolRequest
    resume: RecogniseRequest
    paused: bool
    train: bool
    step: Step = "capture"
    captured: int = 0
    given_up: int = 0
    aside: bool = False
    """Whether the gate kept the new model aside."""
    leaves: bool = False
    """Whether the operator ended the capture so that nothing follows it."""
    over: bool = False
    failed: str = ""
    done: set[Step] = field(default_factory=set)

    def go_to(self, step: Step) -> None:
        """The present step is done; this one is next."""
        self.done.add(self.step)
        self.step = step

    def fail(self, why: str) -> None:
        """The run ends here; `why` is a sentence."""
        self.over, self.failed = True, why

    @property
    def shown(self) -> str:
        """All steps on one line, each with a sign: ✓ done, ● running, ✗ failed, ○ to come."""
        return " ".join(f"{self._sign(step)}{WORDS[step]}" for step in STEPS)

    def _sign(self, step: Step) -> str:
        if step in self.done:
            return "✓"
        if step != self.step:
            return "○"
        return "✗" if self.failed else "●"
