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

import pyte

LONGEST = 120.0
"""Seconds to wait for something to appear before the test fails."""


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

    def press(self, keys: str) -> None:
        """Type keys; escape sequences as the terminal would send them."""
        os.write(self._master, keys.encode())

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
        os.close(self._master)


def _take_terminal() -> None:
    """In the child: make the pseudo-terminal its controlling one, so that Ctrl+C is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _without_private_sequences(data: bytes) -> bytes:
    """Drop kitty-keyboard and mode-report sequences, which pyte takes for text."""
    return re.sub(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z$]+p?|\x1b\[\?[0-9;$]*[a-z]", b"", data)
