"""What every event is, and who receives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

BoxTuple = tuple[int, int, int, int]
"""x, y, width, height in pixels of the frame; x and y of the top left corner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    name: ClassVar[str] = "event"
    lossy: ClassVar[bool] = False

    def to_json(self) -> dict[str, Any]:
        """The event as one JSON object with an `event` field; binary fields are left out."""
        body = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"event": self.name, **{k: v for k, v in body.items() if not isinstance(v, bytes)}}


Emit = Callable[[Event], None]
"""Receives a job's events, in order, on the job's own thread."""
