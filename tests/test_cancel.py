"""An end that is asked for by a signal, whose handler runs in the main thread wherever that is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from engine.cancel import Cancel

LONGEST = 60.0
"""Seconds after which a thread hangs, on any machine."""


def at_step(number: int, interrupt: Callable[[], None], work: Callable[[], None]) -> bool:
    """Do `work` in a thread and call `interrupt` in it at that line of Python; whether it ends."""

    def traced() -> None:
        left = number

        def trace(_frame: FrameType, _event: str, _what: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                interrupt()
            return trace

        sys.settrace(trace)
        work()

    thread = threading.Thread(target=traced, daemon=True)
    thread.start()
    thread.join(LONGEST)
    return not thread.is_alive()


@pytest.mark.parametrize("ask", [Cancel.stop, Cancel.cancel])
def test_an_end_asked_for_in_the_midst_of_a_wait_of_the_same_thread_is_no_deadlock(
    ask: Callable[[Cancel], None],
) -> None:
    for number in range(1, 40):
        token = Cancel()
        assert at_step(number, lambda token=token: ask(token), lambda token=token: token.wait(0))


def test_whoever_waits_is_told_and_whoever_waits_afterwards_too() -> None:
    token = Cancel()
    told: list[bool] = []
    threads = [threading.Thread(target=lambda: told.append(token.wait(LONGEST))) for _ in range(3)]
    for thread in threads:
        thread.start()
    token.stop()
    for thread in threads:
        thread.join(LONGEST)
    assert told == [True, True, True]
    assert token.wait(0)


def test_a_wait_that_nobody_ends_is_over_in_time() -> None:
    assert not Cancel().wait(0.01)
    assert not Cancel().wait(-1)
