"""The doctor's findings as they come in, for the screen that shows them."""

from __future__ import annotations

from engine.events import CameraMeasured, Event, Finding, JobEnded, JobStarted


class Checkup:
    """What was looked at, what was measured since, and what is being measured."""

    def __init__(self) -> None:
        self.looked: tuple[Finding, ...] = ()
        """Everything but measurements; empty until the first look is over."""
        self.measuring = ""
        """Title of the running measurement."""
        self.still: CameraMeasured | None = None
        """The last measurement, with its last picture."""
        self._measured: dict[str, Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings; measurements stand after the other lines of cameras."""
        return (*self.looked, *self._measured.values())

    def hear(self, event: Event) -> bool:
        """Take an event in; whether it was about a checkup."""
        match event:
            case JobStarted(job="check"):
                self.measuring = event.title
                self.still = None
                self._measured.clear()
            case JobEnded(job="check"):
                self.measuring = ""
            case Finding():
                self._measured[event.subject] = event
            case CameraMeasured():
                self.still = event
            case _:
                return False
        return True
