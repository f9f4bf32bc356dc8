"""An import: people as they come, the time left, and the offer to train."""

from __future__ import annotations

from typing import Any

from fake_desk import FakeDesk

from engine.contract import ImportDone, ImportProgress, JobEnded, JobStarted
from tests.tui.samples import model, person
from tui.panes.capture import importing
from tui.screens.dialog import Confirm

SIZES = [(80, 24), (120, 40), (200, 60)]
ENDED = (
    ImportDone(people=2, images=40, refused=1, seconds=9),
    JobEnded(job="import", outcome="done"),
)


def desk() -> FakeDesk:
    return FakeDesk((person("Ada"),), (model(current=True),))


def progress(file: str, done: int = 10) -> ImportProgress:
    return ImportProgress(done=done, total=40, file=file)


def test_the_time_left_is_as_the_first_files_took() -> None:
    assert importing(progress("in/Ada/1.jpg"), 20.0) == "Importing Ada, about 1 min 00 s left"
    assert importing(progress("in/Ada/1.jpg", 0), 20.0) == "Importing Ada"


async def test_people_appear_while_the_import_goes_on(table: Any) -> None:
    table.desk.emit(JobStarted(job="import", title="Importing in"), progress("in/Ada/1.jpg"))
    await table.until(lambda: table.app.imports._folder == "in/Ada")
    table.desk.rows = (person("Ada"), person("Grace"))
    table.desk.emit(progress("in/Grace/1.jpg", 20))
    await table.shows_at(SIZES, "Importing Grace")
    people = table.app.screen_desk.people
    await table.until(lambda: [row.name for row in people.rows] == ["Ada", "Grace"])


async def test_the_end_offers_to_train_and_yes_splits_and_trains(table: Any) -> None:
    await table.begin(FakeDesk((person("Ada"), person("Grace")), (model(current=True),)))
    table.desk.emit(JobStarted(job="import", title="Importing in"), *ENDED)
    await table.shows_at(SIZES, "Train now?", "40 pictures of 2 people came.")
    await table.press("y")
    await table.until(lambda: table.desk.asked("train"))
    assert table.desk.asked("split")


async def test_no_offer_where_nothing_came_or_something_else_is_open(table: Any) -> None:
    none = ImportDone(people=0, images=0, refused=3, seconds=1)
    table.desk.emit(JobStarted(job="import", title="in"), none, ENDED[1])
    await table.until(lambda: not table.app.board.titles)
    await table.press("m")
    table.desk.emit(JobStarted(job="import", title="in"), *ENDED)
    await table.until(lambda: "40 pictures of 2 people" in table.log())
    await table.until(lambda: not table.app.board.titles)
    assert not isinstance(table.app.screen, Confirm)
