"""What the terminal can use of the camera's picture, told to the process that has the camera."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Literal

Colours = Literal["true", "256", "16", "grey"]
"""What the terminal shows: true colour, one of two palettes, or levels of grey."""
PreviewLevel = Literal["off", "low", "normal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewWish:
    """How large, in which colours and how often the preview is wanted. Off: nothing is sent.

    A cell is one pixel wide and two high. `rate` is the most frames a second.
    """

    columns: int = 0
    rows: int = 0
    colours: Colours = "true"
    level: PreviewLevel = "off"
    rate: float = 0.0

    @property
    def wanted(self) -> bool:
        """Whether there is anything to send, and room for it."""
        return self.level != "off" and self.columns > 0 and self.rows > 0 and self.rate > 0


class Wishes:
    """The wish in force: set on the thread that hears it, read by the running job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wish = PreviewWish()

    def take(self, message: Any) -> bool:
        """Take a message if it is a wish; whether it was."""
        if not isinstance(message, PreviewWish):
            return False
        with self._lock:
            self._wish = message
        return True

    @property
    def now(self) -> PreviewWish:
        """The newest wish."""
        with self._lock:
            return self._wish
