"""Timing things side by side: turn by turn, so that a busy moment does not fall on one alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def taking_turns(works: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Seconds of each of `works`, done `rounds` times in turn after one round unmeasured.

    Every other round goes backwards, so that none always follows the same one.
    """
    for work in works:
        work()
    taken: list[list[float]] = [[] for _ in works]
    for number in range(rounds):
        order = range(len(works)) if number % 2 == 0 else reversed(range(len(works)))
        for place in order:
            began = time.perf_counter()
            works[place]()
            taken[place].append(time.perf_counter() - began)
    return taken


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
