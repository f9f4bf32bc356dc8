"""The roster: names worked through with Enter."""

from __future__ import annotations

from fake_desk import FakeDesk
from textual.widgets import DataTable

from engine.contract import EnrolDone, JobEnded
from engine.contract.requests import TrainRequest
from tests.tui.samples import person, row
from tui.screens.roster import RosterScreen


def desk() -> FakeDesk:
    return FakeDesk((person("Bob"),))


def done(table, name):
    table.desk.names = tuple(row(r.name, 12) if r.name == name else r for r in table.desk.names)
    table.desk.emit(
        EnrolDone(
            person=name,
            session="s",
            captured=12,
            target=12,
            refused={},
            seconds=3,
            ended="complete",
        ),
        JobEnded(job="enrol", outcome="done"),
    )


async def opened(table):
    await table.until(lambda: isinstance(table.app.screen, RosterScreen) and table.app.screen.rows)
    await table.pilot.pause()


async def test_an_empty_roster_says_what_to_do_and_takes_a_file(table):
    await table.press("l")
    await table.shows_at(((160, 45), (80, 24)), "The roster is empty", "Add from")
    await table.type("names.csv")
    await table.press("enter")
    await table.shows("2 names of 2 waiting", "○ waits  Ada")
    assert "Bob is enrolled already" in table.log()


async def test_enter_enrols_and_the_next_one_is_selected_afterwards(table):
    table.desk.names = (row("Bob", 30), row("Ada"), row("Grace"))
    await table.press("l")
    await opened(table)
    assert table.app.screen.query_one(DataTable).cursor_row == 1
    await table.press("enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    assert table.desk.asked("enrol")[0].person == "Ada"
    done(table, "Ada")
    await opened(table)
    assert table.app.screen.query_one(DataTable).cursor_row == 2
    assert not table.desk.asked("train")


async def test_training_follows_the_last_one_only(table):
    table.desk.names = (row("Ada", 12), row("Grace"))
    await table.press("l")
    await opened(table)
    await table.press("enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    done(table, "Grace")
    await table.until(lambda: table.desk.asked("train") == [TrainRequest()])
