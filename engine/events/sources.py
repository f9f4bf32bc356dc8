"""Where frames come from, and what the operator sees of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engine.errors import FacedeskError
from engine.events.base import Event
from engine.events.jobs import Notice

HALF_BLOCK_RUN = struct.Struct("<BHH")
"""A run of equal cells: how many, and the code of their upper and of their lower half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOpened(Event):
    """A source delivers frames. Sizes in pixels, `fps` as the source reports it (0: unknown)."""

    name: ClassVar[str] = "source_opened"
    source: str
    kind: str
    width: int
    height: int
    fps: float
    live: bool
    demo: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLost(Event):
    """A live source stopped delivering; it is tried again in `retry_in` seconds."""

    name: ClassVar[str] = "source_lost"
    source: str
    reason: str
    attempt: int
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRestored(Event):
    """A lost live source delivers again after `seconds`."""

    name: ClassVar[str] = "source_restored"
    source: str
    attempts: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSkipped(Notice):
    """A picture of a folder source could not be decoded; `reason` is that of `Unreadable`."""

    name: ClassVar[str] = "picture_skipped"
    file: str
    reason: str


PictureTrouble = Literal["still", "blank", "size"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureDoubted(Notice):
    """A live source delivers, but not what a camera in order does; `over`: it does again.

    `trouble`: "still" (the very same picture for seconds: nobody is named from it), "blank" (one
    even surface, black or another colour), "size" (its size changed; said once each time).
    """

    name: ClassVar[str] = "picture_doubted"
    source: str
    trouble: PictureTrouble
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(Notice):
    """One source of several is given up or cannot be opened; the others go on. The parts are
    those of its error."""

    name: ClassVar[str] = "source_failed"
    source: str
    camera: int
    title: str
    message: str
    hint: str
    exit_code: int

    @classmethod
    def failure(cls, source: str, camera: int, error: FacedeskError) -> SourceFailed:
        """The event for an error. `source` bears no credentials."""
        return cls(
            text=f"{source} is given up. {error}",
            level="error",
            source=source,
            camera=camera,
            title=error.title,
            message=error.message,
            hint=error.hint,
            exit_code=error.exit_code,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview(Event):
    """A frame as half blocks, ready to draw: as many cells as the wish had room for.

    `cells` is one HALF_BLOCK_RUN after the other, row by row; the runs of a row have `columns`
    cells together. A code is RGB at 4 bits a channel, red in the highest.
    """

    name: ClassVar[str] = "preview"
    lossy: ClassVar[bool] = True
    columns: int
    rows: int
    cells: bytes = field(repr=False)
    sequence: int
    dropped: int
