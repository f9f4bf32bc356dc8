"""A process that died: in words; one that keeps dying is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract.errors import EngineDied, EngineHung
from engine.desk.processes import MOST, WITHIN, Deaths
from engine.desk.vitals import cause, death


def test_a_process_is_replaced_until_it_has_died_too_often() -> None:
    deaths = Deaths(lambda: 0.0)
    assert [deaths.note("camera") for _ in range(MOST + 2)] == [True] * MOST + [False] * 2
    assert deaths.note("model")


def test_deaths_of_long_ago_are_forgiven() -> None:
    now = [0.0]
    deaths = Deaths(lambda: now[0])
    for _ in range(MOST + 1):
        deaths.note("camera")
    now[0] = WITHIN + 1
    assert deaths.note("camera")


@pytest.mark.parametrize(
    ("status", "words"),
    [(-11, "a fault in native code (SIGSEGV)"), (-9, "ended by SIGKILL"), (3, "status 3")],
)
def test_an_exit_status_is_told_in_words(status: int, words: str) -> None:
    assert words in cause(status)


def test_a_process_that_was_ended_for_a_fault_died_of_it() -> None:
    hung = EngineHung("it hung")
    assert death("camera", -9, hung, Path("logs")) is hung
    assert type(death("camera", -9, None, Path("logs"))) is EngineDied
