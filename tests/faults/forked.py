"""Processes forked from a warm one, so that hundreds can be killed in minutes.

A forked command is the real command line in a process of its own: only the seconds that Python
takes to import it are saved. The process that forks has one thread and has loaded no network.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Forked:
    """A forked process: what it prints goes to a file."""

    def __init__(self, run: Callable[[], object], output: Path) -> None:
        self.output = output
        self._status: int | None = None
        output.unlink(missing_ok=True)  # what the one before had printed
        self.pid = os.fork()
        if not self.pid:
            os._exit(_run(run, output))

    def over(self) -> bool:
        """Whether it has ended."""
        if self._status is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if found else None
        return self._status is not None

    def wait(self, seconds: float = 300.0) -> int:
        """Its exit code once it has ended, negative for a signal."""
        deadline = time.monotonic() + seconds
        while not self.over():
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(f"hangs: {self.text()[-2000:]}")
            time.sleep(0.005)
        return self.code

    @property
    def code(self) -> int:
        """The exit code of a process that has ended, negative for a signal."""
        assert self._status is not None
        return os.waitstatus_to_exitcode(self._status)

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if not self.over():
            os.kill(self.pid, signal.SIGKILL)
            while not self.over():
                time.sleep(0.001)

    def text(self) -> str:
        """Everything it has printed."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def objects(self) -> list[dict[str, Any]]:
        """The JSON lines it has printed."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]


def command(*arguments: str | Path) -> Callable[[], object]:
    """`facedesk ARGUMENTS`, for a Forked."""

    def run() -> object:
        from tui.cli.root import main

        return main([str(each) for each in arguments])

    return run


def _run(run: Callable[[], object], output: Path) -> int:
    """In the child: output to the file, no input, and no way back into the parent's code."""
    import sys
    import traceback

    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    code = 0
    try:
        run()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def gone(pid: int) -> bool:
    """Whether a process that is no child of ours has ended (or waits for its parent to notice)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"
