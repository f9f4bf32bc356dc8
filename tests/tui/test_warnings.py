"""Warnings of one kind are one line of the log; Enter shows whom they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_desk import FakeDesk

from engine.contract import TrainDone, Warned
from tests.tui.samples import model, person
from tui.screens.why import LogScreen
from tui.widgets.lists import Rows

NAMES = tuple(f"Person {n}" for n in range(13))
DONE = TrainDone(
    model="m",
    recipe="head",
    seconds=1.0,
    epochs=1,
    best_epoch=1,
    promoted=True,
    people=NAMES,
    metrics={},
    warnings=(*(Warned("one_session", name) for name in NAMES), Warned("random_split")),
)


async def test_a_warning_of_one_kind_is_one_line_with_its_people_behind_enter(
    run: Callable[..., Any],
) -> None:
    sizes = ((80, 24), (120, 40), (200, 60))
    async with run(FakeDesk((person("Ada"),), (model(current=True),)), size=sizes[0]) as table:
        table.desk.emit(DONE)
        await table.until(lambda: "13 people: one session only" in table.log())
        assert "Person 7" not in table.log()
        await table.press("6", "enter")
        await table.until(lambda: isinstance(table.app.screen, LogScreen))
        rows = table.app.screen.query_one(Rows)
        await table.press("slash", *"person 7", "enter")
        await table.until(lambda: rows.row_count == 1)
        await table.shows_at(sizes, " 13 ", "Person 0: one session only")
        await table.press("escape")
        await table.until(lambda: table.app.screen is table.app.screen_desk)
