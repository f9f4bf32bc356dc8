"""The question about twins."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk, captured, person

from engine.events import JobEnded, TwinSuspected
from tui.screens.twin import TwinQuestion

SUSPECT = TwinSuspected(
    person="Grace H.", other="Grace Hopper", score=0.41, threshold=0.21, pictures=6, of=6
)


async def asked(table):
    await table.press("n")
    await table.type("Grace H.")
    await table.press("enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    table.desk.emit(captured(6, name="Grace H."), SUSPECT)
    await table.until(lambda: isinstance(table.app.screen, TwinQuestion), "the question")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_question_names_the_other_and_what_it_rests_on(run, size):
    async with run(FakeDesk((person("Grace Hopper"),)), size=size) as table:
        await asked(table)
        await table.shows(
            "Looks like Grace Hopper: same person?",
            "6 of the first 6 pictures",
            "score 0.41, threshold 0.21",
        )


@pytest.mark.parametrize(
    ("key", "choice"),
    [("y", "same"), ("n", "different"), ("s", "stop"), ("escape", "stop"), ("enter", "different")],
)
async def test_each_key_gives_its_answer(run, key, choice):
    async with run(FakeDesk((person("Grace Hopper"),))) as table:
        await asked(table)
        await table.press(key)
        await table.until(lambda: table.desk.asked("answer_twin") == [choice])
        assert table.app.screen is table.app.screen_desk


async def test_the_question_goes_away_with_its_capture(run):
    async with run(FakeDesk((person("Grace Hopper"),))) as table:
        await asked(table)
        table.desk.emit(JobEnded(job="enrol", outcome="cancelled"))
        await table.until(lambda: table.app.screen is table.app.screen_desk)
        assert not table.desk.asked("answer_twin")
