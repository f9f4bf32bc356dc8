"""One process that tries a run of inputs: limits on time and memory, one JSON line a finding.

Input `n` of a target is made from the seed number, the target's name and `n` alone, so that any of
them can be made again. The number under way is in a file, for the parent to know which one ended
or hung the process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import TARGETS, TYPED

SECONDS = 5
"""Of processor time: an input that takes longer is a failure. One that waits, the parent ends."""
MEGABYTES = 600
"""So is one that needs more memory than this on top of what the process had."""
HEADROOM = 1500 << 20
"""Address space that may come on top; an allocation beyond it raises MemoryError."""


class TooLong(BaseException):
    """An input ran into the time limit; no `except Exception` of the product may hide it."""


@dataclass(slots=True)
class Tally:
    """What became of a target's inputs."""

    inputs: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    crashes: list[dict[str, Any]] = field(default_factory=list)
    slowest: float = 0.0
    slowest_input: int = 0
    most_megabytes: float = 0.0

    def add(self, other: Tally) -> None:
        """Count another run of the same target too."""
        if other.slowest > self.slowest:
            self.slowest, self.slowest_input = other.slowest, other.slowest_input
        self.most_megabytes = max(self.most_megabytes, other.most_megabytes)
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.refused.update(other.refused)
        self.crashes += other.crashes


def input_of(name: str, seed: int, number: int) -> bytes:
    """The input of this number, always the same."""
    rng = Random(f"{seed}/{name}/{number}")
    seeds = TARGETS[name].seeds()
    return mutated(rng.choice(seeds), seeds, rng)


def attempt(name: str, data: bytes, number: int, tally: Tally) -> None:
    """Try one input and count what became of it."""
    _reset_peak()
    before = _resident("VmRSS")
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    crash = ""
    try:
        TARGETS[name].run(data)
        tally.accepted += 1
    except TYPED as error:
        tally.refused[type(error).__name__] += 1
        str(error).encode("utf-8", "replace")
    except TooLong:
        crash = f"took longer than {SECONDS} s"
    except BaseException:
        crash = traceback.format_exc(limit=-4)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - began
    megabytes = max(0.0, (_resident("VmHWM") - before) / 1e6)
    if megabytes > MEGABYTES:
        crash = crash or f"took {megabytes:.0f} MB"
    tally.inputs += 1
    if seconds > tally.slowest:
        tally.slowest, tally.slowest_input = seconds, number
    tally.most_megabytes = max(tally.most_megabytes, megabytes)
    if crash:
        tally.crashes.append({"input": number, "why": crash})


def limit(headroom: int = HEADROOM) -> None:
    """Bound this process's address space, and let the alarm raise."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + headroom, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, ring)


def main(name: str, seed: int, first: int, last: int, progress: Path) -> None:
    """Try inputs `first` to `last` (not included), then print the tally as JSON."""
    faulthandler.enable()
    tally = Tally()
    handle = os.open(progress, os.O_WRONLY | os.O_CREAT, 0o600)
    with contextlib.suppress(*TYPED):  # what is loaded once is not the first input's doing
        TARGETS[name].run(TARGETS[name].seeds()[0].prefix + TARGETS[name].seeds()[0].body)
    limit()
    for number in range(first, last):
        os.pwrite(handle, b"%012d" % number, 0)
        attempt(name, input_of(name, seed, number), number, tally)
    body = {key: getattr(tally, key) for key in Tally.__slots__}
    sys.stdout.write(json.dumps(body) + "\n")


def _reset_peak() -> None:
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _resident(what: str) -> int:
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(what.encode()):
                return int(line.split()[1]) * 1024
    return 0
