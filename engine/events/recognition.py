"""Faces named, and how recognition keeps up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from engine.events.base import BoxTuple, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSeen(Event):
    """One face in one frame, searched in the gallery.

    `person` is the name that was decided, or None; `decision` is known, unsure or unknown.
    `candidate` is the best match whatever its score, `candidate_id` who that is for good, whatever
    the name (empty in recordings of before). `votes` of the last `of` frames of this
    track agree. `stale` says that the person's pictures changed since the model was trained.
    """

    name: ClassVar[str] = "face"
    source: str
    frame: int
    seconds: float
    box: BoxTuple
    track: int
    candidate: str
    score: float
    threshold: float
    runner_up: str | None
    runner_up_score: float
    person: str | None
    decision: str
    votes: int
    of: int
    stale: bool
    milliseconds: float
    candidate_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFace(Event):
    """No face was found in this picture (folder sources with `--each`)."""

    name: ClassVar[str] = "no_face"
    source: str
    frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionRate(Event):
    """How recognition keeps up: frames a second, frames dropped so far, faces in view."""

    name: ClassVar[str] = "rate"
    lossy: ClassVar[bool] = True
    fps: float
    frames: int
    dropped: int
    faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseDone(Event):
    """Recognition is over. `people` maps a name (or "unknown") to the faces so decided."""

    name: ClassVar[str] = "done"
    frames: int
    faces: int
    fps: float
    dropped: int = 0
    people: Mapping[str, int] = field(default_factory=dict)
