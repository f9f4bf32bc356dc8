"""Peak memory of each process while the app recognises a clip."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.bench.demo import COLLINS, clip, trained_workspace
from engine.bench.plan import Plan
from engine.bench.screen import screen
from engine.config import load_settings
from engine.events import Figure

FRAMES, FEWER = 300, 180
SECONDS = 4.0
"""How long faces are named before the memory is read."""
CLEAR_LINE = "\x15"
_KNOWN = re.compile(rf"known\s+{COLLINS}".encode(), re.IGNORECASE)


def measure(plan: Plan) -> Iterator[Figure]:
    """The real app on a pseudo-terminal, told by keys to watch the clip."""
    settings = load_settings()
    workspace = trained_workspace(plan.path, settings).root
    file = clip(plan.path, settings, plan.sized(FRAMES, FEWER))
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
