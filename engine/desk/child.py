"""A child process as its parent sees it: its start, its life, its memory, its end.

A child process as its parent sees it: start, send, receive, look after it, end it.

A child is well while it answers `Ping`, once a second on a thread of its own, and while each of its
jobs goes on (its heartbeats, see `engine.desk.child_main`). Only time that the parent itself was
awake for is counted, and only while it listens: neither a suspended terminal, nor a machine that
slept, nor a listener that takes its time is a fault of the child.

The kernel's memory limits do not serve: RLIMIT_AS counts what TensorFlow and OpenVINO only reserve,
and RLIMIT_DATA fails an allocation deep in native code. The parent looks instead, and ends a child
in good order for the operator before the kernel ends something at random.
"""

from __future__ import annotations

import collections
import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.contract.errors import EngineDied
from engine.contract.messages import FacesFound, Hello, Pong, Quit
from engine.desk.wire import Channel, WireError
from engine.logs import open_log
from engine.machine import environment, python
from engine.workspace.audit_words import TTY_VARIABLE, terminal

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


QUIT_SECONDS = 1.5
TERMINATE_SECONDS = 1.0
KILL_SECONDS = 5.0
"""A process that is killed inside a driver ends only when the driver lets it; so long it is
waited for. It runs no instruction of its own any more."""
KILLED = -9
"""Exit status of such a process."""


class Child:
    """One engine process. `on_message` and `on_end` are called on its reader thread.

    The process has no terminal: stdin is closed, stdout and stderr are `logs/NAME.log`, and it is
    in a session of its own, so that Ctrl+C and hang-ups of the terminal do not reach it.
    """

    MODULE = "engine.desk.{role}_process"
    """What is run, by the part of the name before a number."""

    def __init__(
        self,
        name: str,
        hello: Hello,
        logs: Path,
        on_message: Callable[[Child, Any], None],
        on_end: Callable[[Child, int], None],
    ) -> None:
        """Start the process. `hello` is its first message; `name` is "model", "camera", or
        "camera-2" and so on.
        """
        self.name = name
        self.expected_end = False
        self.vitals = Vitals()
        self.fault: EngineDied | None = None
        """Why it was killed, if it was."""
        self._on_message = on_message
        self._on_end = on_end
        self._outgoing: collections.deque[Any] = collections.deque()
        self._wake = threading.Condition()
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        output = open_log(logs, name)
        module = self.MODULE.format(role=name.partition("-")[0])
        found = environment(PYTHONUNBUFFERED="1")
        found[TTY_VARIABLE] = terminal()
        # glibc gives each thread a heap of its own, which keeps what the thread once needed.
        found.setdefault("MALLOC_ARENA_MAX", "2")
        try:
            self._process = subprocess.Popen(
                python("-m", module, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=found,
            )
        finally:
            os.close(output)
            theirs.close()
        self.send(hello)
        threading.Thread(target=self._write, name=f"{name}-writer", daemon=True).start()
        threading.Thread(target=self._read, name=f"{name}-reader", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Queue a message; never blocks. A lossy frame replaces its camera's that still waits."""
        with self._wake:
            if isinstance(message, FacesFound) and message.lossy:
                kept = [m for m in self._outgoing if not _is_lossy(m, message.camera)]
                self._outgoing.clear()
                self._outgoing.extend(kept)
            self._outgoing.append(message)
            self._wake.notify()

    def end(self) -> None:
        """End the process: ask, then terminate, then kill. Returns within about three seconds."""
        self.expected_end = True
        self.send(Quit())
        for seconds, stronger in (
            (QUIT_SECONDS, self._process.terminate),
            (TERMINATE_SECONDS, self._process.kill),
        ):
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                stronger()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(TERMINATE_SECONDS)
        self._channel.close()
        with self._wake:
            self._wake.notify()

    def leave(self) -> None:
        """End the process without waiting for it; its end is expected from now on."""
        self.expected_end = True
        threading.Thread(target=self.end, name=f"{self.name}-end", daemon=True).start()

    def kill(self, fault: EngineDied) -> None:
        """End the process at once, for `fault`. It is reported as any unexpected end."""
        if self.fault is None:
            self.fault = fault
            self._process.kill()
            self._channel.close()  # so that the reader reports it even if the process stays

    def _write(self) -> None:
        """Writer thread: a child that does not read blocks this thread only."""
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._outgoing or self._process.poll() is not None)
                if not self._outgoing:
                    return
                message = self._outgoing.popleft()
            try:
                self._channel.send(message)
            except OSError:
                return

    def _read(self) -> None:
        """Reader thread: pass messages on until the connection ends, then report the end."""
        while True:
            try:
                message = self._channel.receive()
            except WireError:
                self._process.kill()
                message = None
            if message is None:
                break
            with self.vitals.hearing():
                if isinstance(message, Pong):
                    self.vitals.answered(message.beats)
                else:
                    self._on_message(self, message)
        status = self._status()
        with self._wake:
            self._wake.notify()
        self._on_end(self, status)

    def _status(self) -> int:
        try:
            return self._process.wait(KILL_SECONDS if self.fault else None)
        except subprocess.TimeoutExpired:
            return KILLED


def _is_lossy(message: Any, camera: int) -> bool:
    return isinstance(message, FacesFound) and message.lossy and message.camera == camera


MOST = 3
WITHIN = 60.0
"""A process that dies more often than MOST in this many seconds is not started again until a job
asks for it."""


class Deaths:
    """The recent deaths of each process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: defaultdict[str, list[float]] = defaultdict(list)

    def note(self, process: str) -> bool:
        """Note a death; whether another process may take its place at once."""
        now = self._clock()
        recent = [then for then in self._times[process] if then > now - WITHIN]
        self._times[process] = [*recent, now]
        return len(recent) < MOST


def death(process: str, status: int, fault: EngineDied | None, logs: Path) -> EngineDied:
    """The error of a job that lost its process: `fault` if that is why, else what `status` says."""
    if fault is not None:
        return fault
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


SHARE = 0.75
"""Of the machine's memory, what one child may have if no setting says otherwise."""
KILLED_FIRST = 500
"""A child's `oom_score_adj`: where memory runs out at once, the kernel takes it and not the app."""

_OWN = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB", re.M)
_TOTAL = re.compile(r"^MemTotal:\s+(\d+) kB", re.M)


def own_bytes(pid: int) -> int | None:
    """Memory that is the process's own: written by it or swapped out, mapped files left out.

    None where the system does not say, or the process is gone.
    """
    try:
        found = _OWN.findall(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return None
    return sum(map(int, found)) * 1024 if found else None


def machine_bytes(system: Path = Path("/")) -> int | None:
    """Memory of the machine, or of the control group (container, service) if that is less."""
    sizes = []
    with contextlib.suppress(OSError):
        if found := _TOTAL.search((system / "proc/meminfo").read_text()):
            sizes.append(int(found[1]) * 1024)
    for file in _group_files(system):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            sizes.append(int(file.read_text()))
    return min(sizes, default=None)


def most_bytes(megabytes: int, system: Path = Path("/")) -> int:
    """The limit of a child: the setting, or SHARE of the machine for 0. 0: none is known."""
    return megabytes * 1_000_000 or round(SHARE * (machine_bytes(system) or 0))


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
