"""Training runs and models compared: the last run behind the present one, models by figures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from fake_desk import FakeDesk

from engine.contract import JobEnded, JobStarted
from engine.desk.library import history_of, model_row
from engine.model.record import ModelInfo
from tests.tui.samples import epoch, model, person
from tui.screens.models import ModelsScreen
from tui.widgets.curves import Curves
from tui.words.events import describe

RUN = tuple(epoch(n, min(n, 5)) for n in range(1, 9))
SIZES = [(80, 24), (120, 40), (200, 60)]


def loss(table: Any) -> Curves:
    return table.app.screen_desk.query_one("#curve-loss", Curves)


async def test_the_first_run_has_that_of_the_model_in_use_behind_it(
    run: Callable[..., Any],
) -> None:
    desk = FakeDesk((person("Ada"),), (model(current=True, history=RUN),))
    async with run(desk) as table:
        await table.until(lambda: table.app.screen_desk.training.epochs)
        desk.emit(JobStarted(job="train", title="Training"), epoch(1, 1))
        await table.until(lambda: loss(table).before)
        assert loss(table).before == tuple(e.val_loss for e in RUN)


async def test_the_next_run_has_the_last_one_behind_it(run: Callable[..., Any]) -> None:
    desk = FakeDesk((person("Ada"),))
    async with run(desk, size=(200, 60)) as table:
        desk.emit(JobStarted(job="train", title="Training"), *RUN)
        desk.emit(JobEnded(job="train", outcome="done"))
        await table.until(lambda: not table.app.screen_desk.training.running)
        assert not loss(table).before
        desk.emit(JobStarted(job="train", title="Training"), epoch(1, 1), epoch(2, 2))
        await table.until(lambda: len(loss(table).before) == len(RUN))
        await table.shows("┈last")


async def test_a_model_shows_its_figures_and_is_compared_with_the_one_in_use(
    run: Callable[..., Any],
) -> None:
    rows = (
        model("new", history=RUN, val_accuracy=0.9, rank1=0.91, tpir=0.82),
        model("old", current=True, history=RUN, rank1=0.96, tpir=0.85),
    )
    async with run(FakeDesk((person("Ada"),), rows), size=SIZES[0]) as table:
        await table.press("m")
        figures = ("Rank-1", "0.91", "0.82")
        against = ("val acc -0.10, rank-1 -0.05, TPIR -0.03", "threshold +0.00")
        await table.shows_at(SIZES[:1], *figures, *against)
        await table.shows_at(SIZES[1:], *figures, *against, "┈in use")


async def test_the_models_are_copied(run: Callable[..., Any]) -> None:
    desk = FakeDesk((person("Ada"),), (model("new", rank1=0.91), model("old", current=True)))
    async with run(desk) as table:
        await table.press("m")
        await table.until(
            lambda: isinstance(table.app.screen, ModelsScreen) and table.app.screen.rows
        )
        await table.press("y")
        await table.until(lambda: table.app.clipboard)
        assert table.app.clipboard.splitlines()[1].startswith("new\t")
        assert "0.9100" in table.app.clipboard


async def test_a_model_without_held_out_pictures_shows_no_nan(run: Callable[..., Any]) -> None:
    row = model("new", current=True, val_accuracy=math.nan, threshold=math.nan)
    async with run(FakeDesk((person("Ada"),), (row,))) as table:
        await table.press("m")
        await table.shows("threshold -")
        assert "nan" not in table.screen().split()
        await table.press("y")
        await table.until(lambda: table.app.clipboard)
        assert "nan" not in table.app.clipboard


def test_an_epoch_without_held_out_pictures_is_told_without_nan() -> None:
    line = describe(epoch(1, 1, val_loss=math.nan, val_accuracy=math.nan, tpir=math.nan))
    assert line is not None
    assert line.text.startswith("Epoch 1/12: loss 1.200, val loss -, val acc -, best so far")
    assert "nan" not in line.text


def test_the_history_of_a_stored_model_is_read_back() -> None:
    kept = [json.loads(json.dumps(e.to_json())) for e in RUN]
    assert history_of(ModelInfo(id="m", details={"history": kept})) == RUN


def test_null_in_a_history_is_a_figure_that_there_is_none_of() -> None:
    kept = {**RUN[0].to_json(), "val_loss": None}
    assert math.isnan(history_of(ModelInfo(id="m", details={"history": [kept]}))[0].val_loss)


@pytest.mark.parametrize("kept", [[{}], [3], "no", [{**RUN[0].to_json(), "epoch": "x"}]])
def test_a_model_with_a_damaged_history_is_listed_without_one(kept: object) -> None:
    assert model_row(ModelInfo(id="m", details={"history": kept})).history == ()


async def test_every_copied_figure_stands_under_its_own_name(run: Callable[..., Any]) -> None:
    made = model(val_accuracy=0.5, threshold=0.25, rank1=0.75, tpir=0.625, fpir=0.125, current=True)
    of_an_epoch = {
        "loss": 0.1, "accuracy": 0.2, "val_loss": 0.3, "val_accuracy": 0.4, "tpir": 0.5,
        "fpir": 0.6, "learning_rate": 0.7,
    }  # fmt: skip
    async with run(FakeDesk((person("Ada"),), (made,)), size=SIZES[0]) as table:
        table.desk.emit(JobStarted(job="train", title="Training"), epoch(1, 1, **of_an_epoch))
        training = table.app.screen_desk.training
        await table.until(training.sheet)
        copied = dict(zip(training.sheet().header, training.sheet().rows[0], strict=True))
        assert {name: float(copied[name]) for name in of_an_epoch} == of_an_epoch
        await table.press("m")
        await table.until(lambda: getattr(table.app.screen, "rows", ()))
        sheet = table.app.screen.sheet()
        copied = dict(zip(sheet.header, sheet.rows[0], strict=True))
        figures = {name: float(copied[name]) for name in sheet.header[-5:]}
        assert figures == {
            "val accuracy": 0.5, "threshold": 0.25, "rank-1": 0.75, "TPIR": 0.625, "FPIR": 0.125,
        }  # fmt: skip
