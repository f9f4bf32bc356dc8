"""When a capture is held, and what an answer does to its session."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.people.coach import FIRST, TwinGuard

CROP = np.zeros((160, 160, 3), np.uint8)


class Teller:
    """Remembers the crops it was asked about."""

    def __init__(self) -> None:
        self.asked: list[NDArray[np.uint8]] = []

    def __call__(self, crops: NDArray[np.uint8]) -> None:
        self.asked.append(crops)


def after(kept: int) -> tuple[TwinGuard, Teller]:
    teller = Teller()
    guard = TwinGuard(teller)
    for _ in range(kept):
        guard.kept(CROP)
    return guard, teller


def test_the_first_pictures_are_asked_about_once() -> None:
    _, teller = after(FIRST * 2 + 1)
    assert [crops.shape for crops in teller.asked] == [(FIRST, 160, 160, 3)]


def test_a_likeness_holds_the_capture_until_it_is_answered() -> None:
    guard, _ = after(FIRST)
    assert not guard.holding
    guard.report("Grace Hopper")
    assert guard.holding
    guard.answer("different")
    assert not guard.holding
    assert (guard.take(), guard.take()) == ("different", None)


def test_nobody_alike_holds_nothing_and_the_session_ends_at_once() -> None:
    guard, _ = after(FIRST)
    guard.report("")
    guard.settle(Cancel())
    assert guard.take() is None


def test_a_short_session_is_asked_about_before_it_ends() -> None:
    guard, teller = after(3)
    threading.Timer(0.05, lambda: guard.report("")).start()
    guard.settle(Cancel())
    assert len(teller.asked) == 1


def test_a_session_waits_for_report_and_answer_before_it_ends() -> None:
    guard, _ = after(FIRST)
    threading.Timer(0.05, lambda: guard.report("Grace Hopper")).start()
    threading.Timer(0.15, lambda: guard.answer("same")).start()
    guard.settle(Cancel())
    assert guard.take() == "same"


def test_without_anybody_who_can_tell_nothing_is_waited_for() -> None:
    guard = TwinGuard()
    for _ in range(FIRST):
        guard.kept(CROP)
    guard.settle(Cancel())
    assert not guard.holding
