"""Faces, not scores: same person, unknown people, a person's screen, the sheet and its keys."""

from __future__ import annotations

from typing import Any

import pytest
from evaluations import evaluation
from fake_desk import FakeDesk

from engine.contract.requests import PictureRow
from tests.tui.samples import facts, model, person, unknown
from tui.screens.people_forms import NewFromUnknownForm, WhoForm
from tui.screens.person import PersonScreen
from tui.screens.stills import PersonSheet, StillScreen
from tui.screens.unknown import GroupScreen
from tui.widgets.crop import Crop, Faces

SIZE = (80, 24)
SIZES = [SIZE, (120, 40), (200, 60)]


def desk() -> FakeDesk:
    made = FakeDesk((person("Ada Lovelace"), person("Grace Hopper")), (model(current=True),))
    made.picture_rows = tuple(
        PictureRow(session=session.id, file=picture.file, path=f"people/{picture.file}")
        for session in facts(person("Ada Lovelace")).sessions
        for picture in session.pictures
    )
    made.waiting = (unknown(4, seen=3, score=0.4), unknown(3, "Grace Hopper"))
    return made


def faces(table: Any) -> int:
    """How many faces are on the screen in front."""
    crops = table.app.screen.query(Crop)
    return sum(bool(crop._picture) and crop.is_on_screen for crop in crops)


async def sheet(table: Any) -> PersonSheet:
    await table.press("f")
    await table.until(lambda: isinstance(table.app.screen, PersonSheet))
    return table.app.screen


async def test_a_persons_screen_shows_the_faces_of_the_selected_session(table: Any) -> None:
    await table.press("enter")
    await table.until(lambda: isinstance(table.app.screen, PersonScreen))
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.until(lambda: faces(table) >= 2)
        await table.until(lambda: table.screen().count("▀") > 150)
        room = table.app.screen.query_one(Faces).region
        assert all(room.contains_region(crop.region) for crop in table.app.screen.query(Crop))


async def test_a_picture_on_the_sheet_is_marked_and_deleted_and_comes_back(
    table: Any,
) -> None:
    screen = await sheet(table)
    first, second = screen.stills[0].key, screen.stills[1].key
    await table.press("space", "space")
    await table.shows("2 marked")
    await table.press("d")
    await table.shows("Delete 2 pictures?")
    await table.press("y")
    await table.until(lambda: table.desk.asked("delete_pictures"))
    assert table.desk.asked("delete_pictures") == [("Ada Lovelace", (first, second))]
    await table.press("u")
    await table.until(lambda: table.desk.asked("undo"))


async def test_the_chosen_picture_of_the_sheet_goes_to_another_person(
    table: Any,
) -> None:
    screen = await sheet(table)
    await table.press("j", "a")
    await table.shows("Move 1 picture")
    await table.type("Grace Hopper")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("move_pictures"))
    moved = ("Ada Lovelace", (screen.stills[1].key,), "Grace Hopper")
    assert table.desk.asked("move_pictures") == [moved]


async def test_a_sheet_without_pictures_closes(table: Any) -> None:
    await sheet(table)
    table.desk.picture_rows = ()
    table.app.people.refresh()
    await table.until(lambda: table.app.screen is table.app.screen_desk)


async def test_the_pictures_key_opens_the_sheet_at_the_selected_picture(
    table: Any,
) -> None:
    await table.press("enter")
    await table.until(lambda: isinstance(table.app.screen, PersonScreen))
    await table.until(lambda: table.app.screen.facts)
    await table.press("j", "j")
    screen = await sheet(table)
    assert screen.stills[screen.chosen].key == "20261124-093000-001/0001.png"


async def test_the_pictures_key_works_on_people_of_an_evaluation(table: Any) -> None:
    table.app.evaluation.result = evaluation()
    await table.press("v")
    await table.until(lambda: table.app.screen.query("#persons-table"))
    await table.press("2")
    await table.until(lambda: getattr(table.app.focused, "id", "") == "persons-table")
    assert (await sheet(table)).person == evaluation().people[0]


async def test_an_unknown_face_stands_beside_the_person_nearest_without_scores(table: Any) -> None:
    await table.press("b")
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.until(lambda: faces(table) == 2)
        await table.shows("newest crop", "Match ")
        assert "0.12" not in table.screen()
    await table.press("f")
    await table.until(lambda: isinstance(table.app.screen, StillScreen))


@pytest.mark.parametrize(("key", "form"), [("a", WhoForm), ("n", NewFromUnknownForm)])
async def test_the_form_for_a_name_shows_the_faces_that_get_it(
    table: Any, key: str, form: type
) -> None:
    await table.press("b")
    await table.until(lambda: table.app.screen.chosen)
    await table.press(key)
    await table.until(lambda: isinstance(table.app.screen, form))
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.until(lambda: faces(table) >= 1)
        await table.shows("Name", "(Enter)", "Close (Esc)")


async def test_only_the_marked_pictures_of_a_group_are_assigned(table: Any) -> None:
    await table.press("b")
    await table.until(lambda: table.app.screen.chosen)
    group = table.app.screen.chosen
    await table.press("enter")
    await table.until(lambda: isinstance(table.app.screen, GroupScreen))
    await table.press("space", "a")
    await table.until(lambda: isinstance(table.app.screen, WhoForm))
    await table.press("enter")
    await table.until(lambda: table.desk.asked("unknown_assign"))
    assert table.desk.asked("unknown_assign")[0][0] == (group.rows[0].id,)
