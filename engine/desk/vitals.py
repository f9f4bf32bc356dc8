"""How a child process is: whether it answers, whether its jobs go on, how large it is.

A child is well while it answers `Ping`, once a second on a thread of its own, and while each of its
jobs goes on (its heartbeats, see `engine.desk.child_main`). Only time that the parent itself was
awake for is counted, and only while it listens: neither a suspended terminal, nor a machine that
slept, nor a slow listener is a fault of the child.

The kernel's memory limits do not serve: RLIMIT_AS counts what TensorFlow and OpenVINO only reserve,
and RLIMIT_DATA fails an allocation deep in native code. The parent looks instead.
"""

from __future__ import annotations

import contextlib
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.contract.errors import EngineDied, EngineHung, EngineTooLarge
from engine.machine import memory

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
        """The child has answered, with the heartbeats of its jobs."""
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


def fault(process: str, trouble: Trouble) -> EngineDied:
    """The error that a child's trouble is told as."""
    if trouble.sign == "large":
        return EngineTooLarge(
            f"The {process} process took too much memory",
            f"{trouble.amount / 1e6:.0f} MB, and {trouble.limit / 1e6:.0f} MB are "
            "allowed; it was ended",
            "Nothing kept is lost. `processes.most_megabytes` allows more or less.",
        )
    return EngineHung(
        f"The {process} process hung",
        f"{signs_of(process, trouble)}; it was ended",
        f"Nothing kept is lost. On a very slow machine, raise `processes.{trouble.sign}_seconds`.",
    )


def signs_of(process: str, trouble: Trouble) -> str:
    """What is wrong with a process, without the remedy."""
    if trouble.sign == "still":
        return f"{trouble.job} has not gone on for {trouble.amount:.0f} s"
    return f"The {process} process has not answered for {trouble.amount:.0f} s"


SHARE = 0.75
"""Of the machine's memory, what one child may have if no setting says otherwise."""
KILLED_FIRST = 500
"""A child's `oom_score_adj`: where memory runs out at once, the kernel takes it and not the app."""
_OWN = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB", re.M)


def own_bytes(pid: int) -> int | None:
    """Memory that is the process's own: written by it or swapped out, mapped files left out.

    None where the system does not say, or the process is gone.
    """
    try:
        found = _OWN.findall(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return None
    return sum(map(int, found)) * 1024 if found else None


def machine_bytes(system: Path = Path("/")) -> int:
    """Memory of the machine, or of the control group (container, service) if that is less; 0 if
    neither is known."""
    sizes = [memory(system / "proc/meminfo")[1]]
    for file in _group_files(system):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            sizes.append(int(file.read_text()))
    return min(filter(None, sizes), default=0)


def most_bytes(megabytes: int, system: Path = Path("/")) -> int:
    """The limit of a child: the setting, or SHARE of the machine for 0. 0: none is known."""
    return megabytes * 1_000_000 or round(SHARE * machine_bytes(system))


def offer_to_the_kernel() -> None:
    """Let the kernel choose this process first when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(KILLED_FIRST))


def _group_files(system: Path) -> list[Path]:
    """Files with the limits of this process's control group and of those above it."""
    tree = system / "sys/fs/cgroup"
    files = [tree / "memory" / "memory.limit_in_bytes"]  # version 1, as containers see it
    with contextlib.suppress(OSError):
        for line in (system / "proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                group = tree / line.removeprefix("0::/")
                files += [
                    each / "memory.max" for each in (group, *group.parents) if tree in each.parents
                ]
    return [*files, tree / "memory.max"]


def death(process: str, status: int, logs: Path) -> EngineDied:
    """The error of a job that lost its process, by the process's exit status."""
    return EngineDied(
        f"The {process} process died",
        cause(status),
        f"What was captured is safe. Try again; details are in {logs}.",
    )


def cause(status: int) -> str:
    """An exit status in words; negative is the signal that ended the process."""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"it ended with status {status}"
    if name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"):
        return f"a fault in native code ({name})"
    if name == "SIGKILL":  # nobody else kills them without being a `fault`
        return "it was ended by SIGKILL, as the kernel does when memory runs out"
    return f"it was ended by {name}"
