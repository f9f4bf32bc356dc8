"""Measurements of real processes on a pseudo-terminal: start-up, first name, keys, peak memory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.bench.material import COLLINS, Plan, clip, trained_workspace
from engine.config import load_settings
from engine.contract import Figure
from engine.contract.errors import EngineDied
from engine.machine import environment

LINES, COLUMNS = 24, 80
LONGEST = 60.0
"""Seconds after which nobody waits any longer."""
KEPT = 1 << 15
"""Bytes that are looked at: more would take time from the program that is measured."""
_CONTROL = re.compile(rb"\x1b\[[0-9;:<=>?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>78]")


class Screen:
    """A running program. `written` is what it wrote last, without colours and other control."""

    def __init__(self, command: Sequence[str], workspace: Path) -> None:
        """Start `command` with `workspace` as Facedesk's, in English."""
        self.written = b""
        self._raw = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        given = {
            "FACEDESK_WORKSPACE": str(workspace),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                preexec_fn=_take_terminal,
                env=environment(**given),
            )
        finally:
            os.close(slave)

    def seconds_until(self, seen: str | re.Pattern[bytes]) -> float:
        """Seconds from the start until `seen` is written. Raises EngineDied."""
        pattern = re.compile(re.escape(seen.encode())) if isinstance(seen, str) else seen
        while not pattern.search(self.written):
            if not self._read(self._began + LONGEST):
                raise EngineDied(
                    "The program did not show what was waited for",
                    self.written[-200:].decode("utf-8", "replace").strip(),
                )
        return time.monotonic() - self._began

    def seconds_to_end(self) -> float:
        """Seconds from the start until the program ended."""
        while self._read(self._began + LONGEST):
            pass
        self._process.wait(LONGEST)
        return time.monotonic() - self._began

    def press(self, keys: str) -> None:
        """Type keys, as a terminal would send them."""
        os.write(self._master, keys.encode())

    def forget(self) -> None:
        """What was written so far is not looked at again."""
        self._raw = self.written = b""

    def watch(self, seconds: float) -> None:
        """Take what is written for so long."""
        until = time.monotonic() + seconds
        while self._read(until):
            pass

    def memory(self) -> dict[str, int]:
        """The most bytes that the program and each of its children ever had, by name."""
        found = {"ui": peak_memory(self._process.pid)}
        for pid, command in _children(self._process.pid):
            named = re.search(r"engine\.desk\.(\w+)_process", command)
            if named:
                found[named[1]] = peak_memory(pid)
        return found

    def close(self) -> None:
        """End the program, which ends its children."""
        for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 0.0)):
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
                self.watch(patience)
        self._process.wait(LONGEST)
        os.close(self._master)

    def _read(self, until: float) -> bool:
        """Take what is written next; False at the end, or when nothing came until then."""
        ready, _w, _x = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux's way of saying that the program closed its end
            return False
        self._raw = (self._raw + data)[-KEPT:]
        self.written = _CONTROL.sub(b"", self._raw)
        return bool(data)

    def open_form(self, key: str) -> None:
        """Open a form of the app by its key, once the app is ready."""
        self.seconds_until("model process is ready")
        self.press(key)
        self.seconds_until("Close (Esc)")
        self.watch(1.0)


@contextlib.contextmanager
def screen(command: Sequence[str], workspace: Path) -> Iterator[Screen]:
    """A program on a terminal, ended after the block."""
    opened = Screen(command, workspace)
    try:
        yield opened
    finally:
        opened.close()


def peak_memory(pid: int) -> int:
    """The most bytes of memory that a process ever had at once. Raises OSError if it is gone."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def _children(parent: int) -> Iterator[tuple[int, str]]:
    """Processes that `parent` started, with their command lines."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                # The name, which comes before in brackets, may hold anything.
                after = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after[1]) == parent:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    yield int(entry.name), command.decode("utf-8", "replace")


def _take_terminal() -> None:
    """In the child: make the pseudo-terminal its controlling one."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


MEMORY_FRAMES, FEWER = 300, 180
SECONDS = 4.0
"""How long faces are named before the memory is read."""
CLEAR_LINE = "\x15"
_KNOWN = re.compile(rf"known\s+{COLLINS}".encode(), re.IGNORECASE)


def measure_memory(plan: Plan) -> Iterator[Figure]:
    """The real app on a pseudo-terminal, which keys make watch the clip."""
    settings = load_settings()
    workspace = trained_workspace(plan.path, settings).root
    file = clip(plan.path, settings, plan.sized(MEMORY_FRAMES, FEWER))
    with screen(plan.program, workspace) as app:
        app.open_form("r")
        app.press(CLEAR_LINE)
        app.watch(0.5)  # Textual lets Ctrl+U bubble behind letters that follow at once
        app.press(f"{file}\r")
        app.seconds_until(_KNOWN)
        app.watch(SECONDS)
        taken = app.memory()
    words = {
        "ui": "peak memory of the interface's process",
        "camera": "peak memory of the camera process",
        "model": "peak memory of the model process",
    }
    for name, what in words.items():
        yield Figure(key=f"memory.{name}", what=what, value=taken[name] / 1e6, unit="MB")
    yield Figure(
        key="memory.recognising",
        what="peak memory of the recognising processes together",
        value=(taken["camera"] + taken["model"]) / 1e6,
        unit="MB",
        judged="value",
        least=700,
        stretch=350,
        note=f"camera and model; {sum(taken.values()) / 1e6:.0f} MB with the interface",
    )


TIMES = 3
FRAMES = 90
QUICK_FRAMES = FEWER
"""A quick bench makes one clip for both."""
_NAMED = re.compile(rb'"event": "face"[^\n]*"person": "')


def measure_start(plan: Plan) -> Iterator[Figure]:
    """Each is done once before it counts, so that the disk is warm."""
    settings = load_settings()
    workspace = trained_workspace(plan.path, settings).root
    file = clip(plan.path, settings, plan.sized(FRAMES, QUICK_FRAMES))
    recognise = ("--json", "recognize", "--source", str(file))
    starts: tuple[tuple[str, str, tuple[str, ...], str | re.Pattern[bytes], float, float], ...] = (
        ("help", "shell to the end of --help", ("--help",), "", 0.3, 0.3),
        ("paint", "shell to first paint", (), "Facedesk", 1, 0.5),
        ("face", "shell to first recognised face, from a clip", recognise, _NAMED, 3, 1.5),
    )
    for key, what, arguments, seen, least, stretch in starts:
        taken = []
        for _time in range(1 + plan.sized(TIMES, 1)):
            with screen((*plan.program, *arguments), workspace) as opened:
                # Without anything to see it is the end that is waited for.
                taken.append(opened.seconds_until(seen) if seen else opened.seconds_to_end())
        yield Figure(
            key=f"start.{key}",
            what=what,
            value=statistics.median(taken[1:]),
            unit="s",
            judged="value",
            least=least,
            stretch=stretch,
        )


LETTERS = "αβγδεζηθικλμνξοπρστυ"
"""Keys whose answers are waited for: no other text of the app has them."""
ROUNDS = 3
NEVER_FULL = 9000
"""Pictures of a capture that lasts as long as the measurement."""


def measure_keys(plan: Plan) -> Iterator[Figure]:
    """From a key to its letter on the screen, while the app captures and trains."""
    workspace = trained_workspace(plan.path, load_settings()).root
    taken: list[float] = []
    with screen(plan.program, workspace) as app:
        app.open_form("n")
        app.press(f"{COLLINS}\t{CLEAR_LINE}")  # a further session of hers: nobody is asked
        app.watch(0.5)
        app.press(f"demo:collins\t{CLEAR_LINE}")
        app.watch(0.5)
        app.press(f"{NEVER_FULL}\r")
        app.seconds_until(f"/{NEVER_FULL}")
        for _round in range(plan.sized(ROUNDS, 1)):
            app.press("t")
            app.seconds_until("Training")
            app.press("1/")
            app.watch(0.2)
            for letter in LETTERS:
                app.forget()
                began = time.monotonic()
                app.press(letter)
                app.seconds_until(letter)
                taken.append(1000 * (time.monotonic() - began))
            app.press("\x1b")
            app.watch(1.0)
    for name, value, least in (
        ("median", statistics.median(taken), 50),
        ("worst", max(taken), 200),
    ):
        yield Figure(
            key=f"keys.{name}",
            what=f"a key to its letter while the app captures and trains, {name}",
            value=value,
            unit="ms",
            judged="value",
            least=least,
            stretch=least / 2,
            note=f"{len(taken)} keys",
        )
