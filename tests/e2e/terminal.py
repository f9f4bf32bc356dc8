"""A real pseudo-terminal with a screen emulator, for tests of what an operator sees."""

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

LONGEST = 300.0
"""Seconds to wait for something to appear before the test fails."""
CLOSE = "Close (Esc)"
"""On every form that is open."""


class Terminal:
    """A program on a pseudo-terminal of a given size; `text` is what its screen shows."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int], environment: Mapping[str, str]
    ) -> None:
        columns, lines = size
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._master, slave = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(slave)

    @property
    def text(self) -> str:
        """The screen's lines."""
        return "\n".join(self.screen.display)

    def wait_children(self) -> list[int]:
        """Draw until the app has started its two processes; their ids."""
        deadline = time.monotonic() + LONGEST
        while len(found := children_of(self.process.pid)) < 2:
            assert time.monotonic() < deadline, "the app started no processes"
            self.pump(0.1)
        return found

    def close_welcome(self) -> None:
        """Close the form for the first person, once it is there: an empty workspace opens it by
        itself, at its own time, and a key that is pressed before goes to whichever is in front."""
        self.wait_for(CLOSE)
        self.press("\x1b")
        self.wait_for(lambda text: CLOSE not in text)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size, as a window that is dragged does."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def hang_up(self) -> None:
        """The terminal goes away, as a window that is closed or a line that is cut."""
        os.close(self._master)
        self._master = -1

    def press(self, keys: str) -> None:
        """Type keys; escape sequences as the terminal would send them."""
        self.send(keys.encode())

    def send(self, data: bytes) -> None:
        """Send bytes as a terminal does that encodes its keys in its own way."""
        os.write(self._master, data)

    def pump(self, seconds: float) -> None:
        """Draw what the program writes for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._master], [], [], left)
            if not ready:
                return
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            # pyte knows no CSI with these private markers and would print their letters.
            self._stream.feed(_without_private_sequences(data))

    def wait_for(self, what: str | Callable[[str], bool]) -> str:
        """Draw until the screen shows `what` (a text, or a test of the whole screen)."""
        test = (lambda text: what in text) if isinstance(what, str) else what
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            self.pump(0.1)
            if test(self.text):
                return self.text
            if self.process.poll() is not None:
                break
        raise AssertionError(f"the screen never showed {what!r}:\n{self.text}")

    def wait_exit(self) -> int:
        """Draw until the program ends; its exit status."""
        deadline = time.monotonic() + LONGEST
        while self.process.poll() is None and time.monotonic() < deadline:
            self.pump(0.1)
        self.pump(0.2)
        status = self.process.poll()
        assert status is not None, f"the program did not end:\n{self.text}"
        return status

    def close(self) -> None:
        """End the program if it still runs."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._master >= 0:
            os.close(self._master)


def children_of(pid: int) -> list[int]:
    """Processes that a process has started, by what the kernel tells everybody."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(stat.parent.name))
    return found


def wait_gone(pids: Sequence[int], seconds: float = LONGEST) -> list[int]:
    """Those of the processes that are still there after so long, at best none."""
    deadline = time.monotonic() + seconds
    while (left := [p for p in pids if _runs(p)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def wait_halted(pids: Sequence[int]) -> None:
    """Wait until a signal has halted every thread of the processes."""
    deadline = time.monotonic() + LONGEST
    while not all(_halted(pid) for pid in pids):
        assert time.monotonic() < deadline, "a process does not halt"
        time.sleep(0.01)


def _halted(pid: int) -> bool:
    states = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(state.rpartition(")")[2].split()[0] in "TZ" for state in states)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _take_terminal() -> None:
    """In the child: make the pseudo-terminal its controlling one, so that Ctrl+C is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _without_private_sequences(data: bytes) -> bytes:
    """Drop kitty-keyboard and mode-report sequences, which pyte takes for text."""
    return re.sub(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z$]+p?|\x1b\[\?[0-9;$]*[a-z]", b"", data)
