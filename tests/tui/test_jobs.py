"""The job board: what a key may do right after a job; and what Esc ends."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk

from engine.contract import JobEnded, JobStarted
from tests.tui.samples import model, person
from tui.board import JobBoard
from tui.screens.dialog import Confirm


def desk() -> FakeDesk:
    return FakeDesk((person("Ada"),), (model(current=True),))


def test_recognition_is_possible_as_soon_as_a_training_is_over() -> None:
    board = JobBoard()
    board.models, board.people = 0, 1
    assert board.why_not("recognise")
    board.ended(JobEnded(job="train", outcome="done"))
    assert board.why_not("recognise") is None


def test_splitting_is_possible_as_soon_as_the_first_person_is_enrolled() -> None:
    board = JobBoard()
    assert board.why_not("split")
    board.ended(JobEnded(job="enrol", outcome="done"))
    assert board.why_not("split") is None


@pytest.mark.parametrize("job", ["enrol", "import", "recognise"])
async def test_esc_ends_what_somebody_made_in_good_order(table, job):
    table.desk._jobs[job] = job
    table.desk.emit(JobStarted(job=job, title=job))
    await table.until(lambda: job in table.app.board.titles)
    await table.press("escape")
    await table.until(lambda: table.desk.asked("stop") == [job])
    assert not table.desk.asked("cancel")


@pytest.mark.parametrize("job", ["train", "evaluate"])
async def test_esc_asks_before_work_is_lost(table, job):
    table.desk._jobs[job] = job
    table.desk.emit(JobStarted(job=job, title=job))
    await table.until(lambda: job in table.app.board.titles)
    await table.press("escape")
    await table.until(lambda: isinstance(table.app.screen, Confirm))
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert not table.desk.asked("cancel")
    await table.press("escape", "y")
    await table.until(lambda: table.desk.asked("cancel") == [job])


def test_of_nobody_there_is_nothing_to_open_or_to_mark() -> None:
    for action in ("person", "mark_person", "rename"):
        assert "press n to enrol" in (JobBoard().why_not(action) or "")
