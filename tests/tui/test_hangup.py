"""The terminal goes away (a closed SSH connection), or the process is told to end."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from fake_desk import FakeDesk
from tui.app import FacedeskApp

class Desk(FakeDesk):
    def close(self):
        Path({mark!r}).write_text("closed")
        super().close()

{more}
FacedeskApp(Desk()).run()
"""
HANGS = """
import tui.terminal.suspension
tui.terminal.suspension.GRACE = 0.1
FacedeskApp.exit = lambda *_, **__: None
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Our end and the app's end of a pseudo-terminal."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for end in (ours, theirs):
        try:
            os.close(end)
        except OSError:
            continue


def start(terminal: tuple[int, int], mark: Path, more: str = "") -> subprocess.Popen[bytes]:
    ours, theirs = terminal
    program = PROGRAM.format(tests=str(Path(__file__).parent), mark=str(mark), more=more)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # becomes its terminal
        env={**os.environ, "TERM": "xterm-256color"},
        cwd=Path(__file__).parents[2],
    )
    os.close(theirs)
    seen = b""
    while b"Quit" not in seen:
        seen += os.read(ours, 65536)
    return process


def test_a_terminal_that_goes_away_ends_engine_and_process(terminal, tmp_path):
    process = start(terminal, tmp_path / "mark")
    os.close(terminal[0])
    process.wait(60)
    assert (tmp_path / "mark").read_text() == "closed"


def rest(ours: int) -> bytes:
    """All that is still written until the app's end is closed."""
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            seen += part
    return seen


def test_a_request_to_end_closes_the_engine_and_gives_the_terminal_back(terminal, tmp_path):
    process = start(terminal, tmp_path / "mark")
    process.send_signal(signal.SIGTERM)
    seen = rest(terminal[0])
    assert process.wait(60) == 0
    assert (tmp_path / "mark").read_text() == "closed"
    assert seen.count(b"\x1b[?1049l") == 1


def test_the_terminal_is_given_back_though_the_interface_hangs(terminal, tmp_path):
    process = start(terminal, tmp_path / "mark", HANGS)
    assert not termios.tcgetattr(terminal[0])[3] & termios.ECHO
    process.send_signal(signal.SIGTERM)
    seen = rest(terminal[0])
    assert process.wait(60) == 0
    assert b"\x1b[?1049l\x1b[?25h" in seen
    assert termios.tcgetattr(terminal[0])[3] & termios.ECHO
