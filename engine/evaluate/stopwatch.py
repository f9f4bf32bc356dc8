"""How long one face takes: a contestant gains nothing by using more cores, or an idle machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FACES = 15
"""Faces that are timed, each alone."""
WARM_UP = 2
"""Faces before them: the first call may compile or load something."""


def milliseconds_a_face(
    work: Callable[[NDArray[np.uint8]], object], crops: NDArray[np.uint8]
) -> float:
    """Median processor time of `work` for one of `crops` (n, 160, 160, 3), n at least 1.

    It counts all threads of the process, so that it is the time that passes on one free core,
    however many cores there are and whatever else they do.
    """
    taken = []
    for place in range(WARM_UP + FACES):
        one = crops[place % len(crops)][None]
        started = time.process_time()
        work(one)
        taken.append((time.process_time() - started) * 1000)
    return statistics.median(taken[WARM_UP:])
