"""A short, seeded run of every target, and the runner's own eyes. The long run: README, docs."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from engine.contract.errors import DataError
from tests.fuzz import worker
from tests.fuzz.targets import TARGETS, Target
from tests.fuzz.worker import Tally, attempt, input_of

INPUTS = 40
SEED = 20261127


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise worker.TooLong

    before = signal.signal(signal.SIGPROF, ring)
    yield
    signal.signal(signal.SIGPROF, before)


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_every_input_is_accepted_or_refused_with_a_typed_error(name: str) -> None:
    tally = Tally()
    for number in range(INPUTS):
        attempt(name, input_of(name, SEED, number), number, tally)
    assert tally.crashes == []
    assert tally.accepted + tally.refused.total() == INPUTS


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_valid(name: str) -> None:
    tally = Tally()
    for number, seed in enumerate(TARGETS[name].seeds()):
        attempt(name, seed.prefix + seed.body, number, tally)
    assert tally.crashes == []
    assert tally.accepted > 0


def test_the_same_number_is_the_same_input() -> None:
    assert input_of("name", 1, 7) == input_of("name", 1, 7)
    assert input_of("name", 1, 7) != input_of("name", 2, 7)


def told_of(run: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch) -> Tally:
    monkeypatch.setitem(TARGETS, "made up", Target("made up", run, lambda: ()))
    tally = Tally()
    attempt("made up", b"", 3, tally)
    return tally


def test_an_untyped_error_is_a_crash_and_a_typed_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def untyped(data: bytes) -> None:
        raise KeyError("x")

    def typed(data: bytes) -> None:
        raise DataError("x")

    tally = told_of(untyped, monkeypatch)
    assert tally.crashes[0]["input"] == 3
    assert "KeyError" in tally.crashes[0]["why"]
    assert told_of(typed, monkeypatch).refused == {"DataError": 1}


def test_a_hang_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SECONDS", 0.05)

    def busy(data: bytes) -> None:
        while time.process_time():
            pass

    tally = told_of(busy, monkeypatch)
    assert "took longer" in tally.crashes[0]["why"]


def test_memory_beyond_the_limit_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MEGABYTES", 50)

    def greedy(data: bytes) -> None:
        bytearray(b"x" * 120_000_000)

    assert "MB" in told_of(greedy, monkeypatch).crashes[0]["why"]
