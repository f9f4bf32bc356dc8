"""From the shell to the first paint, and to the first name: real processes on a pseudo-terminal."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.bench.demo import clip, trained_workspace
from engine.bench.measures import memory
from engine.bench.plan import Plan
from engine.bench.screen import Screen, screen
from engine.config import load_settings
from engine.events import Figure

TIMES = 3
FRAMES = 90
QUICK_FRAMES = memory.FEWER
"""A quick bench makes one clip for both."""
_NAMED = re.compile(rb'"event": "face"[^\n]*"person": "')


def measure(plan: Plan) -> Iterator[Figure]:
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
