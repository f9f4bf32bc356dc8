"""The terminal goes away, is suspended, resized wildly, during a real capture in the real app."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from terminal import CLOSE, LONGEST, Terminal, wait_gone, wait_halted

from engine.people.registry import People
from engine.pictures import decode_crop
from engine.rights.upkeep import recover
from engine.workspace.folder import Workspace
from tests.e2e.conftest import LIGHT, environment
from tests.faults.wholeness import faults

TAB, CLEAR = "\t", "\x15"
PATIENT = (
    "from tui import cli; from tui.terminal import suspension; "
    f"suspension.GRACE = {LONGEST}; cli.main()"
)
"""The app, which however busy the machine is has the time to give its terminal back."""
KILLS = 40 if os.environ.get("FACEDESK_LONG") == "full" else 2


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capturing]:
    """One capture for all faults that it must survive."""
    made = capturing(tmp_path_factory.mktemp("running") / "w", program=("-c", PATIENT))
    yield made
    made.terminal.close()


@dataclass(frozen=True)
class Capturing:
    """The app in the middle of a capture that does not end by itself, and its processes."""

    terminal: Terminal
    children: list[int]
    root: Path


def capturing(
    root: Path, name: str = "Ada", said: str = "", program: tuple[str, str] = ("-m", "tui")
) -> Capturing:
    """Open the app, which says what is `said`, and begin the capture, with keys."""
    command = [sys.executable, *program, "--workspace", str(root)]
    terminal = Terminal(command, (80, 24), environment(**LIGHT))
    children = terminal.wait_children()
    if said:
        terminal.press("6")  # the log keeps it; of a narrow desk's two lines it scrolls away
        terminal.wait_for(said)
        terminal.press("1")
    else:
        terminal.close_welcome()
    terminal.press("n")
    terminal.wait_for(CLOSE)
    terminal.press(f"{name}{TAB}{CLEAR}demo:collins{TAB}{CLEAR}9000\r")
    terminal.wait_for("/9000")
    wait_for_pictures(terminal, root, 3)
    return Capturing(terminal, children, root)


def pictures(root: Path) -> int:
    """Pictures on disk, each of which can be decoded."""
    found = 0
    people = People(Workspace(root))
    for person in people.list():
        for file in people.pictures(person):
            assert decode_crop(file).shape == (160, 160, 3)
            found += 1
    return found


def wait_for_pictures(terminal: Terminal, root: Path, more: int) -> int:
    """Draw until so many more pictures are on disk; how many there are."""
    least = pictures(root) + more
    deadline = time.monotonic() + LONGEST
    while (found := pictures(root)) < least:
        assert time.monotonic() < deadline, terminal.text
        terminal.pump(0.1)
    return found


def test_a_suspended_app_comes_back_drawn_and_goes_on_capturing(running: Capturing) -> None:
    terminal = running.terminal
    del terminal.raw[:]
    terminal.press("\x1a")  # Ctrl+Z, which sends SIGTSTP
    terminal.wait_for(lambda _: b"\x1b[?1049l" in terminal.raw)  # it is given back
    before = pictures(running.root)
    time.sleep(2)
    terminal.screen.reset()  # the shell has written over it
    terminal.process.send_signal(signal.SIGCONT)
    terminal.wait_for(lambda text: all(word in text for word in ("Facedesk", "/9000", "Quit")))
    assert wait_for_pictures(terminal, running.root, 3) > before
    assert wait_gone(running.children, seconds=0) == running.children


def test_a_machine_that_sleeps_and_wakes_goes_on_capturing(running: Capturing) -> None:
    everybody = [running.terminal.process.pid, *running.children]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    wait_halted(everybody)
    before = pictures(running.root)
    time.sleep(2)
    assert pictures(running.root) == before
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    wait_for_pictures(running.terminal, running.root, 3)
    assert wait_gone(running.children, seconds=0) == running.children


def test_wild_resizing_in_a_capture_is_survived_and_drawn_anew(running: Capturing) -> None:
    terminal = running.terminal
    chance = random.Random(6)
    for number in range(60):
        terminal.resize(chance.randint(1, 400), chance.randint(1, 200))
        if number % 20 == 0:
            terminal.pump(0.05)
    terminal.resize(1, 1)
    terminal.pump(0.3)
    terminal.resize(80, 24)
    terminal.screen.reset()
    terminal.wait_for(lambda text: all(word in text for word in ("Facedesk", "/9000", "Quit")))
    wait_for_pictures(terminal, running.root, 2)


def test_a_storm_of_signals_ends_the_app_and_leaves_a_clean_terminal(running: Capturing) -> None:
    terminal = running.terminal
    before = pictures(running.root)
    chance = random.Random(6)
    for _signal in range(30):
        if terminal.process.poll() is None:
            terminal.process.send_signal(
                chance.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
            )
        terminal.pump(0.01)
    terminal.wait_exit()
    assert not wait_gone(running.children)
    assert pictures(running.root) >= before
    raw = bytes(terminal.raw)
    assert b"Traceback" not in raw
    assert not printable(raw.rpartition(b"\x1b[?1049l")[2])


@pytest.mark.long  # that it ends the engine: tests/tui/test_hangup.py
def test_a_terminal_that_goes_away_in_a_capture_keeps_its_pictures(tmp_path: Path) -> None:
    going = capturing(tmp_path / "w")
    before = pictures(going.root)
    going.terminal.hang_up()
    going.terminal.process.wait(LONGEST)
    assert not wait_gone(going.children)
    assert pictures(going.root) >= before
    with Workspace(going.root).writer("test") as cut_short:
        assert cut_short == ""


def test_an_app_that_is_killed_in_a_capture_loses_nothing_and_the_next_says_what_was_cut_short(
    tmp_path: Path,
) -> None:
    """Again and again in one workspace: 40 times in `make test-full`."""
    root, chance, before = tmp_path / "w", random.Random(6), 0
    for number in range(KILLS):
        going = capturing(root, f"Person {number}", "cut short" if number else "")
        going.terminal.pump(chance.uniform(0, 1.5))
        going.terminal.process.kill()
        going.terminal.process.wait(LONGEST)
        assert not wait_gone(going.children)
        going.terminal.close()
        assert faults(Workspace(root), recovered=False) == []
        kept = pictures(root)
        assert kept > before
        before = kept
    with Workspace(root).writer("test") as cut_short:
        assert cut_short.startswith("the app: enrol")
        recover(Workspace(root), cut_short)
    assert faults(Workspace(root)) == []
    assert pictures(root) == before


def printable(data: bytes) -> bytes:
    """What of the bytes a terminal would show as text."""
    return re.sub(rb"\x1b\[[0-9;<>=?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]|[\r\n]", b"", data)
