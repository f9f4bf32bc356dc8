"""The app on a real pseudo-terminal: what children print stays off it, and quitting is clean."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from terminal import CLOSE, LONGEST, Terminal, wait_gone

from engine.model.store import ModelStore
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace
from tests.e2e.conftest import LIGHT

NOISE = str(Path(__file__).parent / "noise")
QUIT = "\x11"
"""Ctrl+Q, which leaves from a field too."""
ESCAPE, TAB, CLEAR, HELP = "\x1b", "\t", "\x15", "\x1bOP"
QUICK = {**LIGHT, "FACEDESK_TRAINING__EPOCHS": "1"}


def noisy(workspace: Path) -> bool:
    """Whether both children have printed their noise into their logs."""
    logs = [workspace / "logs" / f"{name}.log" for name in ("camera", "model")]
    return all(log.exists() and b"NATIVE-NOISE on 2" in log.read_bytes() for log in logs)


def test_noise_of_the_children_never_reaches_the_screen_and_quitting_leaves_nothing(
    app: Callable[..., Terminal], tmp_path: Path
) -> None:
    path = os.pathsep.join((NOISE, str(Path(__file__).resolve().parents[2])))
    terminal = app("--workspace", tmp_path / "w", size=(160, 45), PYTHONPATH=path, **LIGHT)
    terminal.wait_for("Facedesk")
    children = terminal.wait_children()
    deadline = time.monotonic() + LONGEST
    while not noisy(tmp_path / "w") and time.monotonic() < deadline:
        terminal.pump(0.2)
    assert noisy(tmp_path / "w")
    terminal.close_welcome()
    before = terminal.text
    terminal.press(HELP)
    terminal.wait_for("Enrol a person from a camera")
    terminal.press(ESCAPE)
    terminal.wait_for(lambda text: "Enrol a person from a camera" not in text)
    assert b"NATIVE-NOISE" not in terminal.raw
    assert "Facedesk" in before
    assert "Facedesk" in terminal.text
    terminal.press(QUIT)
    assert terminal.wait_exit() == 0
    assert b"NATIVE-NOISE" not in terminal.raw
    assert b"Traceback" not in terminal.raw
    assert terminal.raw.rstrip().endswith(b"\x1b[?25h") or b"\x1b[?1049l" in terminal.raw
    assert not wait_gone(children)


def test_a_terminal_of_another_encoding_is_drawn_on_and_typed_at_in_it(
    app: Callable[..., Terminal], tmp_path: Path
) -> None:
    terminal = app("--workspace", tmp_path / "w", PYTHONIOENCODING="iso-8859-1", **LIGHT)
    terminal.wait_for("+- 1 People ---")
    terminal.wait_for(CLOSE)  # the form for the first person opens by itself
    terminal.send(b"Zo\xeb L\xf6w")  # accented letters of Latin-1
    terminal.wait_for("Zo\ufffd L\ufffdw")  # the emulator here reads UTF-8 only
    assert b"\xeb" in terminal.raw
    assert b"\xc3\xab" not in terminal.raw
    assert b"\\u" not in terminal.raw
    terminal.close_welcome()
    terminal.press("q")
    assert terminal.wait_exit() == 0


def test_somebody_is_enrolled_and_named_in_an_empty_workspace_with_keys_alone(
    app: Callable[..., Terminal], tmp_path: Path
) -> None:
    """The first form, the chain to a name, the help, the end; nothing that only flashes by is
    waited for. A second person is told apart in test_app_flow.py."""
    terminal = app("--workspace", tmp_path / "w", **QUICK)
    children = terminal.wait_children()
    terminal.wait_for(CLOSE)  # the form for the first person opens by itself
    terminal.press(f"Eileen Collins{TAB}{CLEAR}demo:collins{TAB}{CLEAR}8\r")
    terminal.wait_for("Eileen Collins enrolled and recognised")
    terminal.wait_for("KNOWN  Eileen Collins")
    terminal.press("?")
    terminal.wait_for("Enrol a person from a camera")
    terminal.press("?")
    terminal.wait_for("KNOWN  Eileen Collins")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert b"Traceback" not in terminal.raw
    assert b"\x1b[?1049l" in terminal.raw  # the shell's screen is back
    assert b"\x1b[?25h" in terminal.raw.rpartition(b"\x1b[?1049h")[2]  # and its cursor
    assert not wait_gone(children)
    made = Workspace(tmp_path / "w")
    told = [entry.action for entry in Audit(made).entries() if entry.action != "began"]
    chain = ["enrolled", "split-made", "trained", "promoted", "recognition-started"]
    start = told.index("enrolled")
    assert told[start : start + 5] == chain
    model = next(model for model in ModelStore(made).list() if model.current)
    assert [name for _slug, name, _revision in model.people] == ["Eileen Collins"]
