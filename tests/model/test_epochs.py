from __future__ import annotations

import math

from engine.model.epochs import BestSoFar


def test_the_lowest_loss_is_kept() -> None:
    best: BestSoFar[str] = BestSoFar(epochs=9, patience=5)
    for epoch, (loss, name) in enumerate([(3.0, "a"), (1.0, "b"), (2.0, "c")], 1):
        best.update(epoch, loss, name)
    assert (best.epoch, best.snapshot) == (2, "b")
    assert not best.exhausted


def test_patience_runs_out() -> None:
    best: BestSoFar[None] = BestSoFar(epochs=9, patience=2)
    for epoch, loss in enumerate([1.0, 2.0], 1):
        best.update(epoch, loss, None)
    assert not best.exhausted
    best.update(3, 1.0, None)
    assert best.exhausted


def test_a_patience_as_long_as_the_run_can_still_fire() -> None:
    best: BestSoFar[None] = BestSoFar(epochs=3, patience=50)
    for epoch, loss in enumerate([1.0, 2.0, 2.0], 1):
        best.update(epoch, loss, None)
    assert best.exhausted


def test_a_loss_that_is_no_number_is_never_the_best() -> None:
    best: BestSoFar[str] = BestSoFar(epochs=9, patience=5)
    best.update(1, math.nan, "nan")
    best.update(2, 5.0, "number")
    best.update(3, math.nan, "nan again")
    assert best.snapshot == "number"
