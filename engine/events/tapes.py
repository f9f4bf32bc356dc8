"""Sessions recorded, and recordings run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.events.base import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeStarted(Event):
    """A job is being recorded; `file` is what the recording will be called."""

    name: ClassVar[str] = "tape_started"
    job: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeEnded(Event):
    """A recording is complete under its name; its size on disk."""

    name: ClassVar[str] = "tape_ended"
    job: str
    file: str
    megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDone(Event):
    """A recording was run again and compared with what was decided then.

    `frames` were in the recording and `decisions` about them in its events; `agree` were made
    again, `differ` otherwise, and `lost` not at all. `new` decisions had no counterpart: a live
    session leaves out frames that came too fast for its model. `first` are the first differences:
    (frame, then, now). `damage` says where the recording broke off, or is empty.
    """

    name: ClassVar[str] = "done"
    file: str
    job: str
    frames: int
    decisions: int
    agree: int
    differ: int
    lost: int
    new: int
    first: tuple[tuple[int, str, str], ...] = ()
    damage: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON, with the share that agrees."""
        share = self.agree / self.decisions if self.decisions else None
        return {**super(ReplayDone, self).to_json(), "agreement": share}
