"""The bench around its measurements: their processes, what they tell, and how all of it ends."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from engine import machine as interpreter
from engine.bench import run
from engine.bench.material import Plan
from engine.bench.run import MEASURES, measure
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import BenchDone, BenchMachine, BenchStep, Event, Figure
from engine.contract.errors import Cancelled, UsageError


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(folder=str(tmp_path), program=(), quick=True)


def benched(tmp_path: Path, *only: str, cancel: Cancel | None = None) -> list[Event]:
    events: list[Event] = []
    run.bench(
        load_settings(),
        (),
        cancel or Cancel(),
        events.append,
        logs=tmp_path / "logs",
        only=only,
        quick=True,
    )
    return events


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.long
def test_machine_steps_figures_and_the_end_are_told_in_order_and_nothing_is_left_behind(
    tmp_path: Path, temporary: Path
) -> None:
    machine, step, figure, done = benched(tmp_path, "score")
    assert isinstance(machine, BenchMachine)
    assert step == BenchStep(measurement="score", number=1, of=1)
    assert isinstance(figure, Figure)
    assert (figure.key, figure.failure) == ("score.5000", "")
    assert figure.value > 0
    assert isinstance(done, BenchDone)
    assert (done.figures, done.failed, done.quick) == (1, 0, True)
    assert not list(temporary.iterdir())


def test_an_unknown_measurement_is_refused_before_any_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        benched(tmp_path, "score", "luck")
    assert raised.value.message == "luck"
    assert all(name in raised.value.hint for name in MEASURES)


def test_a_bench_that_is_given_up_leaves_nothing_behind(tmp_path: Path, temporary: Path) -> None:
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        benched(tmp_path, "score", cancel=cancel)
    assert not list(temporary.iterdir())


def test_a_measurement_that_fails_is_a_figure_that_says_why(tmp_path: Path, plan: Plan) -> None:
    empty = Plan(folder=plan.folder, program=(), quick=True, workspace=str(tmp_path / "nobody"))
    (figure,) = run.measured("train", empty, Cancel(), tmp_path / "logs")
    assert figure.verdict == "failed"
    assert "too few people" in figure.failure
    assert "Traceback" in (tmp_path / "logs" / "bench.log").read_text()


def test_a_process_that_dies_is_a_figure_that_says_so(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter.sys, "executable", "/bin/false")
    (figure,) = run.measured("score", plan, Cancel(), tmp_path / "logs")
    assert figure.failure == "its process died (status 1)"


@pytest.mark.parametrize("name", MEASURES)
def test_every_measurement_has_its_module(name: str, plan: Plan) -> None:
    assert measure(name, plan) is not None
