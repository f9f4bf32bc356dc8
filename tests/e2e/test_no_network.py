"""That the processes of the end-to-end tests cannot reach a network: conftest.py sees to it, and
every test of this folder proves of its own part that nobody tried."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NATIVE = "import ctypes; ctypes.CDLL(None).socket({family}, 1, 0)"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.fixture
def expected(network_attempts: Path) -> Iterator[Path]:
    """What was recorded; emptied after the test, which tries on purpose."""
    yield network_attempts
    network_attempts.write_text("")


@pytest.mark.parametrize("family", [2, 10])
def test_a_native_library_that_asks_for_a_network_is_killed(family: int) -> None:
    assert run(NATIVE.format(family=family)).returncode == -signal.SIGSYS


def test_a_process_started_without_our_path_is_killed_too() -> None:
    inner = NATIVE.format(family=2)
    code = f"import subprocess, sys; print(subprocess.call([sys.executable, '-Sc', {inner!r}]))"
    assert run(code).stdout.strip() == str(-signal.SIGSYS)


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket()",
        "socket.getaddrinfo('camera.example', 80)",
        "socket.socket(socket.AF_INET6)",
    ],
)
def test_an_attempt_of_python_is_refused_and_recorded(attempt: str, expected: Path) -> None:
    assert "PermissionError" in run(f"import socket; {attempt}").stderr
    assert attempt.split("(")[0].split(".")[1][:6] in expected.read_text()


def test_pairs_of_sockets_between_our_own_processes_are_no_network(network_attempts: Path) -> None:
    assert run("import socket; socket.socketpair()").returncode == 0
    assert network_attempts.read_text() == ""
