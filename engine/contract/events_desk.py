"""Events of recordings, of unknown people and of the bench."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from engine.contract.events_base import BoxTuple, Event


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
