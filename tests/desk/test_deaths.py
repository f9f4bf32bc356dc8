"""A process that died: in words; one that keeps dying is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.contract.errors import EngineDied
from engine.contract.messages import Quit
from engine.desk.processes import MOST, WITHIN, Processes
from engine.desk.vitals import cause, death
from engine.settings import Settings
from engine.workspace.folder import Workspace


@pytest.fixture
def dies(workspace: Workspace) -> Callable[[str], bool]:
    """A process of this name dies; whether it is replaced."""
    processes = Processes(workspace, Settings(), lambda *_: None, lambda *_: None)
    return lambda name: processes.died(SimpleNamespace(name=name))  # type: ignore[arg-type]


def test_a_process_is_replaced_until_it_has_died_too_often(dies: Callable[[str], bool]) -> None:
    assert [dies("camera") for _ in range(MOST + 2)] == [True] * MOST + [False] * 2
    assert dies("model")


def test_deaths_of_long_ago_are_forgiven(
    dies: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(MOST + 1):
        dies("camera")
    later = time.monotonic() + WITHIN + 1
    monkeypatch.setattr("engine.desk.processes.time.monotonic", lambda: later)
    assert dies("camera")


def test_what_is_said_while_all_end_starts_no_process(workspace: Workspace) -> None:
    processes = Processes(workspace, Settings(), lambda *_: None, lambda *_: None)
    processes.close()
    processes.send("model", Quit())
    assert not processes.children


@pytest.mark.parametrize(
    ("status", "words"),
    [(-11, "a fault in native code (SIGSEGV)"), (-9, "ended by SIGKILL"), (3, "status 3")],
)
def test_an_exit_status_is_told_in_words(status: int, words: str) -> None:
    assert words in cause(status)


def test_a_process_that_was_ended_for_no_fault_died() -> None:
    assert type(death("camera", -9, Path("logs"))) is EngineDied
