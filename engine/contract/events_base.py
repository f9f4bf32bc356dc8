"""Events of jobs, processes and sources, and what every event is.

What every event is, and the events of jobs, processes, sources and previews.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from engine.contract import errors
from engine.contract.errors import FacedeskError

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
        for part in body.keys() & {"warnings", "details"}:
            body[part] = tuple(each.to_json() for each in body[part])
        return {"event": self.name, **{k: v for k, v in body.items() if not isinstance(v, bytes)}}


Emit = Callable[[Event], None]
"""Receives a job's events, in order, on the job's own thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """A line for the activity log. `level` is info, warning or error, `hint` a remedy."""

    name: ClassVar[str] = "notice"
    text: str
    level: str = "info"
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    """A long job has begun. `job` is one of enrol, import, train, evaluate, recognise."""

    name: ClassVar[str] = "job_started"
    job: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded(Event):
    """A job is over. `outcome` is done, stopped, cancelled or failed; the rest if it failed.

    `kind` is the class of the error.
    """

    name: ClassVar[str] = "job_ended"
    job: str
    outcome: str
    title: str = ""
    message: str = ""
    hint: str = ""
    exit_code: int = 0
    kind: str = ""

    @classmethod
    def failure(cls, job: str, error: FacedeskError) -> JobEnded:
        """The end of a job that met `error`."""
        return cls(
            job=job,
            outcome="failed",
            title=error.title,
            message=error.message,
            hint=error.hint,
            exit_code=error.exit_code,
            kind=type(error).__name__,
        )

    def error(self) -> FacedeskError:
        """What a failed job met, as the error that it was."""
        kind: type[FacedeskError] = getattr(errors, self.kind, FacedeskError)
        return kind(self.title, self.message, self.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """What a run that was cut short had left was put in order, before anything new is written.

    `interrupted` is that run's name, as in the writer lock, empty if it is not known.
    `unfinished` counts files and folders removed because they were not complete, `leftovers`
    empty sessions, features and split entries of nobody. `finished` says which deletions, moves
    and undoings were completed, `erased` counts people whose erasure was. `kept` are the people
    (name, pictures) whose capture or import was cut short: what it had kept is theirs. `failed` is
    why the rest has to wait, usually a full disk.
    """

    name: ClassVar[str] = "recovered"
    interrupted: str = ""
    unfinished: int = 0
    leftovers: int = 0
    finished: tuple[str, ...] = ()
    erased: int = 0
    kept: tuple[tuple[str, int], ...] = ()
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceUpgraded(Event):
    """A workspace of an older format was brought to this version's, before anything was written."""

    name: ClassVar[str] = "workspace_upgraded"
    before: int
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChanged(Event):
    """The computer's clock jumped since the workspace was last written to, on or `back`.

    `before` and `now` are ISO 8601 in UTC. What is kept for a time is not removed for it.
    """

    name: ClassVar[str] = "clock_changed"
    before: str
    now: str
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDied(Event):
    """An engine process ended unexpectedly; `restarting` says whether it is being replaced.

    `cause` is a sentence about why.
    """

    name: ClassVar[str] = "process_died"
    process: str
    exit_status: int
    restarting: bool
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReady(Event):
    """An engine process has started and takes requests."""

    name: ClassVar[str] = "process_ready"
    process: str
    pid: int


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
    kind: str

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
            kind=type(error).__name__,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview(Event):
    """A frame as half blocks, ready to draw: as many cells as the wish had room for.

    The frame came from `source` and has `width` times `height` pixels; `boxes` are the faces on it
    as the search of frame number `searched` found them. `cells` is one HALF_BLOCK_RUN after the
    other, row by row; the runs of a row have `columns` cells together. A code is RGB at 4 bits a
    channel, red in the highest. With `form` "png" it is a picture for so many cells instead.
    """

    name: ClassVar[str] = "preview"
    lossy: ClassVar[bool] = True
    columns: int
    rows: int
    cells: bytes = field(repr=False)
    sequence: int
    dropped: int
    source: str = ""
    width: int = 0
    height: int = 0
    boxes: tuple[BoxTuple, ...] = ()
    searched: int = 0
    form: str = "cells"
