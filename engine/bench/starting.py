"""Measurements of real processes: start-up, first name, peak memory.

From the shell to the first paint, and to the first name: real processes on a pseudo-terminal.

Peak memory of each process while the app recognises a clip.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.bench.material import COLLINS, Plan, clip, trained_workspace
from engine.bench.screen import Screen, screen
from engine.config import load_settings
from engine.contract import Figure

MEMORY_FRAMES, FEWER = 300, 180
SECONDS = 4.0
"""How long faces are named before the memory is read."""
CLEAR_LINE = "\x15"
_KNOWN = re.compile(rf"known\s+{COLLINS}".encode(), re.IGNORECASE)


def measure_memory(plan: Plan) -> Iterator[Figure]:
    """The real app on a pseudo-terminal, told by keys to watch the clip."""
    settings = load_settings()
    workspace = trained_workspace(plan.path, settings).root
    file = clip(plan.path, settings, plan.sized(MEMORY_FRAMES, FEWER))
    with screen(plan.program, workspace) as app:
        app.seconds_until(lambda written: b"model process is ready" in written)
        app.press("r")
        app.seconds_until(lambda written: b"Close (Esc)" in written)
        app.watch(1.0)
        app.press(CLEAR_LINE)
        app.watch(0.5)  # Textual lets Ctrl+U bubble behind letters that follow at once
        app.press(f"{file}\r")
        app.seconds_until(lambda written: _KNOWN.search(written) is not None)
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
    yield _figure(
        plan, workspace, "help", "shell to the end of --help", ("--help",), _ended, 0.3, 0.3
    )
    yield _figure(plan, workspace, "paint", "shell to first paint", (), _painted, 1, 0.5)
    recognise = ("--json", "recognize", "--source", str(file))
    words = "shell to first recognised face, from a clip"
    yield _figure(plan, workspace, "face", words, recognise, _named, 3, 1.5)


def _figure(
    plan: Plan,
    workspace: Path,
    key: str,
    what: str,
    arguments: tuple[str, ...],
    until: Callable[[Screen], float],
    least: float,
    stretch: float,
) -> Figure:
    taken = []
    for _time in range(1 + plan.sized(TIMES, 1)):
        with screen((*plan.program, *arguments), workspace) as opened:
            taken.append(until(opened))
    return Figure(
        key=f"start.{key}",
        what=what,
        value=statistics.median(taken[1:]),
        unit="s",
        judged="value",
        least=least,
        stretch=stretch,
    )


def _ended(opened: Screen) -> float:
    return opened.seconds_to_end()


def _painted(opened: Screen) -> float:
    return opened.seconds_until(lambda written: b"Facedesk" in written)


def _named(opened: Screen) -> float:
    return opened.seconds_until(lambda written: _NAMED.search(written) is not None)
