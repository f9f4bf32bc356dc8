"""Events of recordings, of unknown people, of the bench; and what a check of the doctor found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from engine.contract.errors import FacedeskError
from engine.contract.events_base import BoxTuple, Event

Group = Literal["camera", "files", "processor", "software", "storage", "terminal"]
State = Literal["ok", "note", "warning", "trouble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Event):
    """One thing that was looked at. `value` says in a few words what is so, `detail` the rest.

    `trouble` is something needed that is broken, `warning` something that will hurt, `note`
    something to know. `remedy` is the exact command or sentence that mends it, empty if ok.
    `device` is what to give as source to measure it, for cameras only.
    """

    name: ClassVar[str] = "finding"
    group: Group
    subject: str
    state: State
    value: str
    detail: str = ""
    remedy: str = ""
    device: str = ""


class Found(NamedTuple):
    """What a check says of one thing, with the fields of a `Finding`. Without a `subject` it is of
    the check's own name."""

    state: State
    value: str
    detail: str = ""
    remedy: str = ""
    subject: str = ""
    device: str = ""


Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Check(Generic[Place]):
    """A check of the doctor: what it `looks_at`, for the documents, and how."""

    group: Group
    name: str
    looks_at: str
    look: Callable[[Place], Found | Iterable[Found]]

    def findings(self, place: Place) -> tuple[Finding, ...]:
        """Look. Never raises FacedeskError or OSError: what cannot be looked at is trouble."""
        try:
            found = self.look(place)
            every = (found,) if isinstance(found, Found) else tuple(found)
        except (FacedeskError, OSError) as error:
            hint = getattr(error, "hint", "") or f"Look into it: {type(error).__name__}."
            every = (Found("trouble", str(error), remedy=hint),)
        return tuple(
            Finding(group=self.group, **{**each._asdict(), "subject": each.subject or self.name})
            for each in every
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMeasured(Event):
    """A source was watched for `seconds`: `frames` pictures of `width` x `height` pixels.

    `fps` is the rate at which they came, `promised` what the source says (0: nothing).
    `brightness` is mean luma 0..255, `clipped` the share of pixels at either end of the scale,
    `sharpness` the variance of the Laplacian at half size. `identical` pictures equalled their
    predecessor in every pixel. `pixels` is the last one, RGB, `across` x `down`, row by row.
    """

    name: ClassVar[str] = "camera_measured"
    source: str
    detail: str
    width: int
    height: int
    seconds: float
    frames: int
    fps: float
    promised: float
    brightness: float
    clipped: float
    sharpness: float
    identical: int
    across: int
    down: int
    pixels: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorDone(Event):
    """Everything was looked at; `troubles` are the subjects in trouble."""

    name: ClassVar[str] = "done"
    findings: int
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Event):
    """A job is being recorded; `file` is what the recording will be called."""

    name: ClassVar[str] = "tape_started"
    job: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEnded(Event):
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


Shot = tuple[int, float, BoxTuple, bool, float, float]
"""Of one crop: frame, seconds on the source's clock, box, whether the eyes were found, mean luma,
sharpness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted(Event):
    """A stranger's track whose crops are to be kept, for whoever may write to the workspace.

    `candidate` is the enrolled person who is nearest (`candidate_id`: who that is for good), with
    the best `score` seen, which missed `threshold`. `payload` holds one PNG a shot and then an
    `.npz` of their features, with their lengths in `sizes`; `extractor` and `space` are the digests
    of what made the features and the embeddings in it. `beside` are tracks of the same `run` that
    were seen in one frame with this one, as another face: they are other people. `run` is empty
    where that is not known. `aligned` is by what the crops were aligned, "eyes" or "points".
    """

    name: ClassVar[str] = "sighted"
    source: str
    track: int
    candidate: str
    score: float
    threshold: float
    shots: tuple[Shot, ...]
    extractor: str
    space: str
    sizes: tuple[int, ...]
    payload: bytes = field(repr=False)
    run: str = ""
    beside: tuple[int, ...] = ()
    aligned: str = "eyes"
    candidate_id: str = ""

    def parts(self) -> tuple[tuple[bytes, ...], bytes]:
        """The PNGs, and the features file. Raises ValueError if the lengths do not fit."""
        if len(self.sizes) != len(self.shots) + 1 or sum(self.sizes) != len(self.payload):
            raise ValueError("the payload of a sighting does not fit its sizes")
        found, start = [], 0
        for size in self.sizes:
            found.append(self.payload[start : start + size])
            start += size
        return tuple(found[:-1]), found[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownChanged(Event):
    """So many sightings wait now; `skipped` were lost since the start, `why` is the last reason."""

    name: ClassVar[str] = "inbox"
    waiting: int
    skipped: int = 0
    why: str = ""


Judged = Literal["", "value", "ratio"]
Verdict = Literal["", "stretch", "reached", "missed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchStep(Event):
    """Measurement `measurement`, number `number` of `of`, begins."""

    name: ClassVar[str] = "bench_step"
    measurement: str
    number: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchMachine(Event):
    """The machine: `processor`, `vector` units, `cores`, `memory` in bytes, package `versions`.

    `runtime` computes the features, in `precision`.
    """

    name: ClassVar[str] = "machine"
    processor: str
    vector: tuple[str, ...]
    cores: int
    memory: int
    versions: Mapping[str, str]
    runtime: str
    precision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Event):
    """One figure of a bench. `key` names it for scripts, `what` for people.

    `other` is what it is compared with, in the same `unit`, measured in the same run, and
    `against` says what that is; NaN and empty without one. `more`: the larger, the better. `least`
    and `stretch` are what is aimed at, by the value or by its ratio to the other, as `judged`
    says. `failure` says why nothing was measured; the value is NaN then.
    """

    name: ClassVar[str] = "figure"
    key: str
    what: str
    value: float
    unit: str
    more: bool = False
    other: float = math.nan
    against: str = ""
    judged: Judged = ""
    least: float = math.nan
    stretch: float = math.nan
    note: str = ""
    failure: str = ""

    @property
    def ratio(self) -> float:
        """How many times better the value is than the other; NaN without one."""
        better, worse = (self.value, self.other) if self.more else (self.other, self.value)
        return better / worse if worse > 0 else math.nan

    @property
    def verdict(self) -> Verdict:
        """How it compares with what is aimed at; empty where nothing is."""
        if self.failure:
            return "failed"
        if not self.judged:
            return ""
        measured = self.ratio if self.judged == "ratio" else self.value
        # A ratio counts how many times better, so more of it is better whatever it is made of.
        sign = 1 if self.more or self.judged == "ratio" else -1
        if sign * measured >= sign * self.stretch:
            return "stretch"
        return "reached" if sign * measured >= sign * self.least else "missed"

    def to_json(self) -> dict[str, object]:
        """As every event, with what follows from the fields."""
        # Not super(): a dataclass with slots is another class than the one this was written in.
        return {**Event.to_json(self), "ratio": self.ratio, "verdict": self.verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchDone(Event):
    """The bench is over: how many figures there are, how many failed, how many missed an aim."""

    name: ClassVar[str] = "done"
    figures: int
    failed: int
    missed: int
    seconds: float
    quick: bool
