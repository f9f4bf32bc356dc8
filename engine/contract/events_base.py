"""What every event is, warnings as data, and events of jobs, processes, sources and previews."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal

from engine.contract import errors
from engine.contract.errors import FacedeskError
from engine.text import many

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


def _parts(error: FacedeskError) -> dict[str, Any]:
    """What an event tells of an error."""
    parts = {name: getattr(error, name) for name in ("title", "message", "hint", "exit_code")}
    return {**parts, "kind": type(error).__name__}


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
        return cls(job=job, outcome="failed", **_parts(error))

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
            **_parts(error),
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


USED = ", so they are used."
SENTENCES: Mapping[str, str] = {
    # of a split
    "random_split": (
        "Random split: neighbouring frames lie on both sides, so the figures are far too good; "
        "use it for comparison only."
    ),
    "no_pictures": "no pictures, left out.",
    "consent_withdrawn": "left out, because consent was taken back.",
    "none_to_check": "only {}, all used for training, none to check with.",
    "few_pictures": "only {} pictures, {} or more are better.",
    "empty_part": "no pictures for {}.",
    "divided_anew": "nothing of their own for training, so their pictures are divided anew.",
    "one_session": "one session only, so the figures are optimistic; enrol again on another day.",
    "one_import": "one import only, so the figures are optimistic if it is of one day.",
    "two_sessions": "two sessions only, validation and test share one.",
    # of a training
    "no_validation": (
        "No held-out pictures show what training gained, so plain class centres are used."
    ),
    "no_epoch": "No epoch was over when training was stopped, so plain class centres are used.",
    "rank1": "Plain class centres were better on held-out pictures ({} against {})" + USED,
    "tpir": "Plain class centres name more held-out pictures ({} against {})" + USED,
    "fpir": "Plain class centres name fewer strangers ({} against {})" + USED,
    "separation": "Plain class centres keep strangers further off ({} against {})" + USED,
    "loss": "Training did not improve on the plain class centres (loss {} against {})" + USED,
    # of a training and an evaluation
    "lookalike": (
        "looks like {} among your strangers, and is named less readily for it. If that is one "
        "person: `facedesk strangers remove NAME`."
    ),
    # of an evaluation
    "trained_on": (
        "{} held-out pictures were left out, because the model was trained on them: this split is "
        "newer than the model, train again."
    ),
    "newer_split": "This split is newer than the model: train again, or figures are too good.",
    "unfitting_split": "{}. Split and train again.",
    "pictures_changed": "pictures changed since training, train again.",
    "not_enrolled": "no longer enrolled, so not in the gallery.",
    "no_held_out": "no held-out pictures, so not measured.",
    "no_probes": "no probes, so not measured.",
    "unknown_name": "left out, because nobody in the model has this name.",
    "not_allowed": "{} was left out: permission denied",
    "no_face": "No face was found in {} of {} probes: they count as not recognised.",
    "unread": "{} of {} probes cannot be read: left out.",
    "stranger_without_face": "{} of {} strangers' pictures show no face: left out.",
    "stranger_unread": "{} of {} strangers' pictures cannot be read: left out.",
    "few_probes": "Only {} probes: the right person comes first in {} to {}.",
    "no_strangers": (
        "There are no strangers to test with, so how many of them are named is unknown."
    ),
    "stand_ins": "Enrolled people stood in for strangers. Photographs of strangers tell more.",
    "own_and_stand_ins": (
        "Strangers are your own ones, and enrolled people, each searched among all the others."
    ),
    "own_strangers": (
        "Your own strangers helped to set the threshold: the FPIR at it is a little optimistic."
    ),
    "few_searches": (
        "{} searches by strangers are too few to measure {} false matches; {} are needed."
    ),
    "few_strangers": "It takes {} strangers to prove {} false matches; there are {}.",
    # what another part of the engine has said in words
    "said": "{}",
}
"""The sentence of each kind, with `{}` for each of its figures; of a person's, what follows the
name."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What an operator should know: a kind of `SENTENCES` with its figures. `subject` is the person
    it is about, empty if it is about nobody. Raises ValueError for what is no such kind."""

    kind: str
    subject: str = ""
    figures: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if not all(isinstance(each, int | str) for each in (self.subject, *self.figures)):
            raise ValueError("a warning has names and figures")
        try:
            SENTENCES[self.kind].format(*self.figures)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{self.kind!r} is no warning with such figures") from error

    @property
    def text(self) -> str:
        """The sentence, without the subject."""
        return SENTENCES[self.kind].format(*self.figures)

    def to_json(self) -> dict[str, object]:
        """The warning as a JSON object, with its sentence."""
        return {**asdict(self), "text": self.text}


NAMED = 3
"""People that a warning about several names; more are counted."""


def grouped(warnings: Iterable[Warned]) -> tuple[str, ...]:
    """Warnings as lines, one a kind: of a few people with their names, of more with their number,
    and counts from the least to the most."""
    lines = []
    for of_kind in _by_kind(warnings):
        names = list(dict.fromkeys(each.subject for each in of_kind if each.subject))
        figures = (
            _span(values) for values in zip(*(each.figures for each in of_kind), strict=True)
        )
        text = SENTENCES[of_kind[0].kind].format(*figures)
        who = ", ".join(names) if len(names) <= NAMED else many(len(names), "person", "people")
        lines.append(f"{who}: {text}" if who else text)
    return tuple(lines)


def one_by_one(warnings: Iterable[Warned]) -> tuple[tuple[str, ...], ...]:
    """For each line of `grouped`, a line for each person whom it is about."""
    return tuple(
        tuple(f"{each.subject}: {each.text}" for each in of_kind if each.subject)
        for of_kind in _by_kind(warnings)
    )


def _by_kind(warnings: Iterable[Warned]) -> list[list[Warned]]:
    kinds: dict[tuple[object, ...], list[Warned]] = {}
    for each in dict.fromkeys(warnings):
        words = tuple(figure if isinstance(figure, str) else None for figure in each.figures)
        kinds.setdefault((each.kind, words), []).append(each)
    return list(kinds.values())


def _span(values: Sequence[int | str]) -> int | str:
    numbers = [value for value in values if isinstance(value, int)]
    if len(set(numbers)) < 2:
        return values[0]  # the words of a kind are all the same
    return f"{min(numbers)} to {max(numbers)}"
