"""What a bench measured, and what it is about to measure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from engine.events.base import Event

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
