"""How long the app takes to answer a key while capture, preview and training all run.

    python tests/e2e/answers.py WORKSPACE [SOURCE]

WORKSPACE is a copy of one with people that can be trained; SOURCE (default demo:collins) is
enrolled from without end meanwhile. The real app runs on a pseudo-terminal; a number key is
pressed at odd moments, and the time runs until the tab of that pane is drawn as the active one.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from terminal import Terminal

PANES = {"2": b"[2 Capture", "3": b"[3 Split", "4": b"[4 Training", "5": b"[5 Recognition"}
PRESSES = 60
WAIT = 10.0
STYLES = re.compile(rb"\x1b\[[0-9;]*m")


class Sink:
    """Reads all the program writes, at once, on a thread of its own."""

    def __init__(self, terminal: Terminal) -> None:
        self._file = terminal._master
        self.changed = threading.Condition()
        self.raw = bytearray()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._file, 65536)
            except OSError:
                return
            with self.changed:
                self.raw += data
                self.changed.notify_all()

    def wait(self, what: bytes, start: int, seconds: float) -> float | None:
        """The time at which `what` had arrived after byte `start`; None if it did not."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while what not in STYLES.sub(b"", self.raw[start:]):
                if not self.changed.wait(deadline - time.monotonic()):
                    return None
        return time.monotonic()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("workspace")
    arguments.add_argument("source", nargs="?", default="demo:collins")
    given = arguments.parse_args()
    terminal = Terminal(
        [sys.executable, "-m", "tui", "--workspace", given.workspace],
        (80, 24),
        {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    sink = Sink(terminal)
    assert sink.wait(b"model process is ready", 0, 60) is not None, "the app did not start"
    terminal.press("n")
    assert sink.wait(b"Close (Esc)", 0, 60) is not None, "the form did not open"
    time.sleep(1)
    for typed in ("Somebody Else\t", "\x15", f"{given.source}\t", "\x15", "9999\r"):
        terminal.press(typed)
        time.sleep(0.5)  # Textual bubbles Ctrl+U behind letters that follow at once
    assert sink.wait(b"Capturing", 0, 60) is not None, "capture did not start"
    terminal.press("t")
    assert sink.wait(b"Training recipe", 0, 60) is not None, "training did not start"
    answers: list[float] = []
    late = 0
    bytes_before, began = len(sink.raw), time.monotonic()
    randomly = random.Random(1)
    last = ""
    for _ in range(PRESSES):
        time.sleep(randomly.uniform(0.05, 0.25))
        key = randomly.choice([key for key in PANES if key != last])
        last, start = key, len(sink.raw)
        pressed = time.monotonic()
        terminal.press(key)
        seen = sink.wait(PANES[key], start, WAIT)
        if seen is None:
            late += 1
        else:
            answers.append((seen - pressed) * 1000)
    seconds = time.monotonic() - began
    kilobits = (len(sink.raw) - bytes_before) * 8 / seconds / 1000
    answers.sort()
    print(
        f"{len(answers)} answers: median {statistics.median(answers):.0f} ms, "
        f"95 % {answers[int(len(answers) * 0.95)]:.0f} ms, worst {answers[-1]:.0f} ms, "
        f"none within {WAIT:g} s: {late}; {kilobits:.0f} kbit/s to the terminal"
    )
    terminal.close()


if __name__ == "__main__":
    main()
