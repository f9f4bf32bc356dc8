"""A process that keeps dying is left alone."""

from __future__ import annotations

from engine.service.deaths import MOST, WITHIN, Deaths


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
