"""Enrolment, import and strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from engine.events.base import BoxTuple, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured(Event):
    """Crop number `captured` of `target` was kept and is safely on disk."""

    name: ClassVar[str] = "captured"
    person: str
    session: str
    captured: int
    target: int
    file: str
    frame: int
    box: BoxTuple
    brightness: float
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """A frame was not kept: `reason` (a `Refusal` value), the measured value and its limit."""

    name: ClassVar[str] = "refused"
    person: str
    reason: str
    value: float
    limit: float
    frame: int
    box: BoxTuple | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolDone(Event):
    """The session is over; `ended` is complete, stopped, cancelled or source_ended."""

    name: ClassVar[str] = "done"
    person: str
    session: str
    captured: int
    target: int
    refused: Mapping[str, int]
    seconds: float
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress(Event):
    """File `done` of `total` has been looked at."""

    name: ClassVar[str] = "import_progress"
    lossy: ClassVar[bool] = True
    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRefused(Event):
    """A file held no usable face; `reason` is a `Refusal` value, `unreadable` or `too_large`."""

    name: ClassVar[str] = "refused"
    file: str
    reason: str
    value: float = 0.0
    limit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangersAdded(Event):
    """Own strangers were added: `added` new ones with `images` pictures; `strangers` now."""

    name: ClassVar[str] = "done"
    added: int
    images: int
    refused: int
    strangers: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDone(Event):
    """The import is over. Counts of people, kept pictures and refused files; `crowded` of the
    kept pictures are of photographs that show other faces of comparable size."""

    name: ClassVar[str] = "done"
    people: int
    images: int
    refused: int
    seconds: float
    crowded: int = 0
