"""A program on a pseudo-terminal of its own: when it wrote what, and how much memory it took."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

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
        told = {"FACEDESK_WORKSPACE": str(workspace)}
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                preexec_fn=_take_terminal,
                env=environment(**told, **terminal),
            )
        finally:
            os.close(slave)

    def seconds_until(self, seen: Callable[[bytes], bool]) -> float:
        """Seconds from the start until what is written passes `seen`. Raises EngineDied."""
        while not seen(self.written):
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
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            self.watch(3.0)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
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
