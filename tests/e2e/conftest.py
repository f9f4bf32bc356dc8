"""Runs the real command line and the real app."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from terminal import Terminal

REPOSITORY = Path(__file__).resolve().parents[2]
NO_NETWORK = Path(__file__).parent / "no_network"
FORK_SERVER = Path(__file__).parent / "fork_server.py"
LONGEST = 600
LIGHT = {
    "FACEDESK_MODEL__BACKBONE": "resnet",
    "FACEDESK_TRAINING__VIEWS": "0",
    "FACEDESK_APP__PREVIEW": "low",
}
"""The small network alone, no augmented views and few preview pictures: for tests of processes,
terminals and files. Who is named is judged with both networks."""


@dataclass(frozen=True)
class Run:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Its JSON lines; fails if there is any other line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        """The JSON lines of one event."""
        return [item for item in self.objects if item["event"] == event]

    @property
    def done(self) -> dict[str, Any]:
        """The last line, which must be `done`."""
        last = self.objects[-1]
        assert last["event"] == "done", (self.out[-2000:], self.err)
        return last


Facedesk = Callable[..., Run]


def environment(**more: str) -> dict[str, str]:
    """An environment in which no setting of the developer's own is left."""
    kept = {"FACEDESK_CACHE"}  # tests/conftest.py set it
    clean = {n: v for n, v in os.environ.items() if not n.startswith("FACEDESK_") or n in kept}
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    return {**clean, "FACEDESK_CONFIG": "/nonexistent/config.toml", "PYTHONPATH": path, **more}


@pytest.fixture(scope="module", autouse=True)
def network_attempts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No process that these tests start gets at a network; the file that holds who tried.

    See no_network/sitecustomize.py. The file must be empty in the end.
    """
    record = tmp_path_factory.mktemp("network") / "attempts"
    record.touch()
    paths = (str(NO_NETWORK), os.environ.get("PYTHONPATH", ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("FORBIDDEN_NETWORK", str(record))
        yield record
    assert record.read_text() == "", "somebody asked for a network"


class ForkServer:
    """Runs commands in processes of their own: fork_server.py."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = os.pathsep.join((str(NO_NETWORK), environment()["PYTHONPATH"]))
        self._process = subprocess.Popen(
            [sys.executable, FORK_SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=environment(PYTHONPATH=path, FORBIDDEN_NETWORK=""),
            start_new_session=True,
        )
        assert self._answer() == "ready"

    def run(self, arguments: list[str], cwd: Path, env: dict[str, str]) -> Run:
        out, err = self._folder / "out", self._folder / "err"
        for file in (out, err):
            file.write_bytes(b"")
        asked = {
            "arguments": arguments,
            "cwd": str(cwd),
            "env": env,
            "out": str(out),
            "err": str(err),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        return Run(int(self._answer()), out.read_text(), err.read_text())

    def _answer(self) -> str:
        """The next line of the server, which is ended if it does not come."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], LONGEST)[0]:
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(LONGEST)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def facedesk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facedesk]:
    """Run `facedesk ARGUMENTS` in a fresh process; it gets a network if an argument is a URL."""
    server = ForkServer(tmp_path_factory.mktemp("output"))

    def run(*arguments: str | Path, cwd: Path | None = None, **more: str) -> Run:
        if any("://" in str(argument) for argument in arguments):
            more["FORBIDDEN_NETWORK"] = ""
        return server.run([*map(str, arguments)], cwd or Path.cwd(), environment(**more))

    yield run
    server.close()


@pytest.fixture
def app() -> Iterator[Callable[..., Terminal]]:
    """Open the app, or any command, on a pseudo-terminal; closed after the test."""
    opened: list[Terminal] = []

    def open_terminal(
        *arguments: str | Path, size: tuple[int, int] = (80, 24), **more: str
    ) -> Terminal:
        command = [sys.executable, "-m", "tui", *map(str, arguments)]
        opened.append(Terminal(command, size, environment(**more)))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()
