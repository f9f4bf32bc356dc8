"""Keys typed faster than a dialog opens go to the dialog, not to the desk behind it."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from tests.tui.samples import model, person
from tui.screens.dialog import DeletionQuestion
from tui.screens.models import ModelsScreen

PEOPLE = (person("Ada Lovelace"), person("Bob"))
MODELS = (model("m2", current=True), model("m1"))


def desk() -> FakeDesk:
    return FakeDesk(PEOPLE, MODELS)


def burst(table, *keys: str) -> None:
    """All keys at once, as a terminal delivers what was typed while the app was busy."""
    for key in keys:
        character = key if len(key) == 1 else " " if key == "space" else None
        name = _character_to_key(key) if len(key) == 1 else key
        table.app.post_message(events.Key(name, character))


async def test_a_name_typed_right_after_n_stands_in_the_form(table):
    burst(table, "n", *"dr-xi-qt")
    await table.until(lambda: table.app.screen.query("#form-name"))
    field = table.app.screen.query_one("#form-name", Input)
    await table.until(lambda: field.value == "dr-xi-qt", "the whole name arrives")
    assert len(table.app.screen_stack) == 2


async def test_a_whole_form_can_be_typed_ahead(table):
    burst(table, "n", *"Eve", "tab", *"clip.mp4", "enter")
    await table.until(lambda: table.desk.asked("enrol"))
    (request,) = table.desk.asked("enrol")
    assert (request.person, request.source) == ("Eve", "clip.mp4")
    await table.until(lambda: "enrol" in table.app.board.titles)


@pytest.mark.parametrize(("key", "selector"), [("i", "#form-folder"), ("r", "#form-source")])
async def test_what_follows_the_other_forms_keys_stands_in_their_field(table, key, selector):
    burst(table, key, *"tmp")
    await table.until(lambda: table.app.screen.query(selector))
    field = table.app.screen.query_one(selector, Input)
    await table.until(lambda: field.value == "tmp", "the text arrives")


async def test_a_new_name_typed_right_after_e_renames(table):
    burst(table, "e", *"Dr. X", "enter")
    await table.until(lambda: table.desk.asked("rename"))
    assert table.desk.asked("rename") == [("Ada Lovelace", "Dr. X")]


async def test_an_answer_typed_right_after_d_is_the_questions(table):
    burst(table, "d", "y")
    await table.until(lambda: table.desk.asked("delete_people"))
    assert table.desk.asked("delete_people") == [("Ada Lovelace",)]
    opened, push = [], table.app.push_screen

    def pushed(screen, *rest, **named):
        opened.append(type(screen))
        return push(screen, *rest, **named)

    table.app.push_screen = pushed  # it may open and close between two looks at the screen
    burst(table, "d", "n")  # on the desk, n would open the form for a new person
    await table.until(lambda: opened)
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert opened == [DeletionQuestion]
    assert len(table.desk.asked("delete_people")) == 1


async def test_what_follows_m_acts_in_the_models_screen(table):
    before = table.app.screen_desk.people.selected
    burst(table, "m", "down", "d")
    await table.until(lambda: isinstance(table.app.screen, ModelsScreen))
    await table.until(lambda: table.app.screen.rows)
    assert len(table.app.screen_stack) == 2
    assert table.app.screen_desk.people.selected == before


async def test_help_takes_the_keys_that_follow(table):
    burst(table, "f1", "d", "n")
    await table.shows("Enrol a person from a camera")
    await table.pilot.pause()
    assert len(table.app.screen_stack) == 2


async def test_a_key_of_the_desk_means_nothing_while_a_dialog_is_open(table):
    await table.press("m")
    await table.until(lambda: isinstance(table.app.screen, ModelsScreen))
    await table.press("n", "d", "r")
    await table.pilot.pause()
    assert isinstance(table.app.screen, ModelsScreen)
    assert len(table.app.screen_stack) == 2


async def test_letters_typed_into_a_list_of_choices_open_nothing(table):
    table.app.screen_desk.query_one("#training-recipe").focus()
    await table.press("enter")
    await table.pilot.pause()
    await table.press("n")
    await table.pilot.pause()
    assert len(table.app.screen_stack) == 1


async def test_the_palette_opens_forms_too(table):
    await table.press("ctrl+p")
    await table.until(lambda: table.app.screen.query("Input"))
    await table.press(*"New")
    await table.shows("New (n)")
    await table.press("down", "enter")
    await table.until(lambda: table.app.screen.query("#form-name"), "the form opens")


async def test_letters_after_ctrl_u_are_not_cleared_by_it(table):
    burst(table, "n", *"Eve", "tab", "ctrl+u", *"clip.mp4", "tab", "ctrl+u", *"40", "enter")
    await table.until(lambda: table.desk.asked("enrol"))
    (request,) = table.desk.asked("enrol")
    assert (request.source, request.count) == ("clip.mp4", 40)


async def test_a_deletion_waits_for_the_marks_typed_before_it(run):
    people = (*PEOPLE, person("Carol"))
    async with run(FakeDesk(people, MODELS)) as table:
        burst(table, "space", "down", "down", "space", "d")
        await table.until(lambda: isinstance(table.app.screen, DeletionQuestion))
        await table.shows("Delete 2 people?")
