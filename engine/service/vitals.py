"""What a parent knows of a child's life: since when it is silent, which job stands still.

Only time that the parent itself was awake for is counted, and only while it listens: neither a
suspended terminal, nor a machine that slept, nor a listener that takes its time is a fault of the
child. Two things prove life. Any message, and there is one a second while a child is well, for it
answers `Ping` on a thread of its own. And each job's pulse: see `engine.service.pulse`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Sign = Literal["silent", "still", "large"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a child may be silent and a job stand still, in seconds; how large it may be.

    `most_bytes` is of memory that is the process's own, 0 for no limit.
    """

    silent: float
    still: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sign of trouble: "silent" and "still" for `amount` seconds, "large" for its bytes."""

    sign: Sign
    amount: float
    limit: float
    job: str = ""


class Vitals:
    """One child's. Methods are safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent = 0.0
        self._hearing = False
        self._asked = False
        self._beats: dict[str, int] = {}
        self._still: dict[str, float] = {}

    @property
    def asked(self) -> bool:
        """Whether a question waits for its answer."""
        with self._lock:
            return self._asked

    @contextlib.contextmanager
    def hearing(self) -> Iterator[None]:
        """A message has come; inside the block it is dealt with, and no other can be read."""
        with self._lock:
            self._silent, self._hearing = 0.0, True
        try:
            yield
        finally:
            with self._lock:
                self._hearing = False

    def answered(self, beats: Mapping[str, int]) -> None:
        """The child has answered, with the pulse of its jobs."""
        with self._lock:
            self._silent, self._asked = 0.0, False
            self._still = {
                job: self._still.get(job, 0.0) if self._beats.get(job) == beat else 0.0
                for job, beat in beats.items()
            }
            self._beats = dict(beats)

    def waited(self, seconds: float) -> bool:
        """So much time has passed; whether the child is to be asked now, which is noted."""
        with self._lock:
            if self._hearing:
                return False
            self._silent += seconds
            self._still = {job: still + seconds for job, still in self._still.items()}
            ask, self._asked = not self._asked, True
            return ask

    def trouble(self, limits: Limits, own_bytes: int | None) -> Trouble | None:
        """What is wrong with the child, if anything. `own_bytes`: its memory, None if unknown."""
        with self._lock:
            if self._silent >= limits.silent:
                return Trouble("silent", self._silent, limits.silent)
            job = max(self._still, key=self._still.__getitem__, default="")
            if job and self._still[job] >= limits.still:
                return Trouble("still", self._still[job], limits.still, job)
        if limits.most_bytes and own_bytes is not None and own_bytes > limits.most_bytes:
            return Trouble("large", own_bytes, limits.most_bytes)
        return None
