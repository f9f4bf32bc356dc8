"""The unknown list on the screen: one key each, and every choice undone."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from textual.widgets import Input

from engine.contract import UnknownChanged
from engine.contract.errors import PersonNotFound
from tests.tui.samples import person, unknown
from tui.screens.dialog import Confirm
from tui.screens.help import HelpScreen
from tui.screens.people_forms import NewFromUnknownForm, WhoForm
from tui.screens.unknown import GroupScreen, UnknownScreen
from tui.widgets.bars import TitleBar

SIZES = [(80, 24), (120, 40), (160, 45)]
SIZE = SIZES[0]


def desk():
    made = FakeDesk((person("Ada Lovelace"), person("Grace Hopper")))
    made.waiting = (unknown(4), unknown(3, "Grace Hopper"))
    return made


async def opened(table):
    await table.press("b")
    await table.until(
        lambda: isinstance(table.app.screen, UnknownScreen) and table.app.screen.view is not None
    )


async def asked(table, key, screen):
    """Press a key of the list that opens a form or a question."""
    await opened(table)
    await table.press(key)
    await table.until(lambda: isinstance(table.app.screen, screen))


async def test_groups_show_when_how_often_and_who_is_nearest(table):
    await opened(table)
    await table.shows_at(
        SIZES,
        "Keeping strangers: OFF",
        "Match ",
        "Grace Hopper",
        "Is this Ada Lovelace?",
        "3 crops",
        "newest crop",
        "a Assign",
        "▀▀▀▀▀▀",
    )
    await table.press("down")
    await table.shows("Is this Grace Hopper?")


async def test_the_number_waiting_shows_on_the_desk(table):
    await table.shows("2 unknown")
    table.desk.emit(UnknownChanged(waiting=5))
    await table.shows_at(SIZES[:2], "5 unknown")


async def test_nobody_is_offered_whom_such_a_face_would_not_name(table):
    await asked(table, "a", WhoForm)
    given = table.app.screen.query_one("#form-name", Input)
    assert (given.value, given.placeholder) == ("", "such as Ada Lovelace, who is nearest")
    await table.press("enter")
    await table.shows("A person needs a name.")
    await table.press("A")
    await table.until(lambda: "A person needs a name." not in table.screen())
    assert not table.desk.asked("unknown_assign")


async def test_this_is_offers_the_person_nearest(table):
    table.desk.waiting = (unknown(4, score=0.4), unknown(3))
    await asked(table, "a", WhoForm)
    assert table.app.screen.value("#form-name") == "Ada Lovelace"
    await table.press("enter")
    await table.until(lambda: table.desk.asked("unknown_assign"))
    assert table.desk.asked("unknown_assign") == [(unknown(4).sightings, "Ada Lovelace", False, "")]
    await table.shows("u undoes: Unknown is Ada Lovelace")
    assert "Train with t" in table.toasts()
    assert len(table.app.screen.view.groups) == 1


async def test_a_name_nobody_has_is_refused_inside_the_form(table):
    table.desk.fail["unknown_assign"] = PersonNotFound(
        "Nobody of this name is enrolled", "Adda", "Did you mean Ada?"
    )
    await asked(table, "a", WhoForm)
    await table.press(*"Adda", "enter")
    await table.shows("Did you mean Ada?")
    assert isinstance(table.app.screen, WhoForm)


async def test_a_new_person_needs_only_a_name(table):
    await asked(table, "n", NewFromUnknownForm)
    await table.type("Alan Turing")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("unknown_assign"))
    assert table.desk.asked("unknown_assign") == [(unknown(4).sightings, "Alan Turing", True, "")]


async def test_one_key_decides_and_u_undoes(table):
    await opened(table)
    for key, call, argument in (
        ("N", "unknown_stranger", (unknown(4).sightings, "Ada Lovelace")),
        ("S", "unknown_stranger", (unknown(4).sightings, "")),
        ("d", "unknown_delete", unknown(4).sightings),
    ):
        table.app.clear_notifications()
        await table.press("up", key)
        await table.until(lambda: len(table.app.screen.view.groups) == 1)
        assert table.desk.asked(call)[-1] == argument
        assert "u undoes it" in table.toasts()
        await table.press("u")
        await table.until(lambda: len(table.app.screen.view.groups) == 2)
        assert table.app.screen_desk.query_one(TitleBar).unknown == 2


async def test_with_nothing_to_undo_it_says_so(table):
    await opened(table)
    await table.press("u")
    await table.until(lambda: "There is nothing to undo" in table.toasts())


async def test_deleting_all_asks_first(table):
    await asked(table, "D", Confirm)
    await table.shows("2 groups with 2 sightings", "for 7 days at most")
    await table.press("n")
    await table.until(lambda: isinstance(table.app.screen, UnknownScreen))
    assert not table.desk.asked("unknown_delete")
    await table.press("D")
    await table.until(lambda: isinstance(table.app.screen, Confirm))
    await table.press("y")
    await table.until(lambda: table.desk.asked("unknown_delete"))
    await table.shows("No unknown faces")


async def test_keeping_is_switched_on_only_after_saying_what_is_kept_and_how_long(table):
    await asked(table, "K", Confirm)
    await table.shows("removed for good after 7 days", "biometric data")
    await table.press("y")
    await table.shows("Keeping strangers: ON")
    await table.press("K")
    await table.shows("Keeping strangers: OFF")
    assert table.desk.asked("unknown_switch") == [True, False]


async def test_an_empty_unknown_says_what_to_do_first(table):
    table.desk.waiting = ()
    await opened(table)
    await table.shows("Press K to keep those seen while recognising")
    for key in ("a", "n", "N", "S", "d", "D"):
        table.app.clear_notifications()
        await table.press(key)
        await table.until(lambda: "No unknown faces here" in table.toasts(), key)
        assert isinstance(table.app.screen, UnknownScreen)


async def test_somebody_kept_meanwhile_appears_while_it_is_open(table):
    await opened(table)
    table.desk.waiting = (unknown(5), *table.desk.waiting)
    table.desk.emit(UnknownChanged(waiting=3, skipped=1, why="The disk is full"))
    await table.until(lambda: len(table.app.screen.view.groups) == 3)
    assert "A stranger was not kept (1 so far): The disk is full" in table.log()


async def test_help_knows_the_unknown(table):
    await opened(table)
    await table.press("f1")
    await table.until(lambda: isinstance(table.app.screen, HelpScreen))
    await table.shows("Unknown people: strangers seen", "In the list of unknown people")


async def test_a_candidate_from_outside_is_shown_as_text(table):
    table.desk.waiting = (unknown(4, "[red]A[/red]da\u202e"),)
    await opened(table)
    await table.shows("Is this [red]A[/red]da\ufffd?")


# --- a group's contact sheet -----------------------------------------------------------------


async def unfolded(table):
    await opened(table)
    await table.press("enter")
    await table.until(lambda: isinstance(table.app.screen, GroupScreen))


async def test_a_group_shows_a_picture_of_each_sighting(table):
    table.desk.waiting = (unknown(4, seen=3),)
    await opened(table)
    await table.shows_at(SIZES, "enter shows each of them")
    await table.press("enter")
    await table.shows_at(
        SIZES, "3 sightings, nearest Ada Lovelace", "▀▀▀▀▀▀", "space Mark", "O Split off"
    )
    shown = table.desk.asked("picture")
    assert set(shown) >= {row.picture for row in unknown(4, seen=3).rows}


async def test_marked_pictures_become_a_group_of_their_own_and_u_undoes(table):
    group = unknown(4, seen=3)
    table.desk.waiting = (group,)
    await unfolded(table)
    await table.press("space", "right", "space")
    await table.shows("2 of 3 marked, 6 crops")
    await table.press("O")
    await table.until(lambda: len(table.app.screen.group.rows) == 1)
    marked = (group.sightings[0], group.sightings[2])
    assert table.desk.asked("unknown_split") == [(marked, group.sightings)]
    assert table.app.screen.group.sightings == group.sightings[1:2]
    assert "They are not grouped together again. u undoes it." in table.toasts()
    await table.press("u")
    await table.until(lambda: table.app.screen.group.sightings == group.sightings)
    await table.press("escape")
    await table.until(lambda: isinstance(table.app.screen, UnknownScreen))
    assert len(table.app.screen.view.groups) == 1


@pytest.mark.parametrize(("key", "new"), [("a", False), ("n", True)])
async def test_only_the_marked_pictures_become_a_person(table, key, new):
    group = unknown(4, seen=3)
    table.desk.waiting = (group,)
    await unfolded(table)
    await table.press("down", "end", "space", key)
    await table.until(lambda: isinstance(table.app.screen, WhoForm))
    await table.shows("3 crops")
    await table.type("Grace Hopper")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("unknown_assign"))
    assert table.desk.asked("unknown_assign") == [(group.sightings[2:], "Grace Hopper", new, "")]
    await table.until(lambda: isinstance(table.app.screen, GroupScreen))
    await table.until(lambda: table.app.screen.group.sightings == group.sightings[:2])


async def test_without_a_mark_the_picture_under_the_cursor_is_meant(table):
    group = unknown(4, seen=2)
    table.desk.waiting = (group,)
    await unfolded(table)
    await table.press("right", "d")
    await table.until(lambda: table.desk.asked("unknown_delete"))
    assert table.desk.asked("unknown_delete") == [group.sightings[1:]]


async def test_a_group_that_is_decided_about_closes(table):
    table.desk.waiting = (unknown(4, seen=2), unknown(3))
    await unfolded(table)
    await table.press("space", "space", "S")
    await table.until(lambda: isinstance(table.app.screen, UnknownScreen))
    assert len(table.app.screen.view.groups) == 1


async def test_all_pictures_of_a_group_cannot_be_split_off(table):
    table.desk.waiting = (unknown(4, seen=2),)
    await unfolded(table)
    await table.press("space", "space", "O")
    await table.until(lambda: "Leave one picture without a mark" in table.toasts())
    assert not table.desk.asked("unknown_split")


async def test_help_knows_a_group(table):
    table.desk.waiting = (unknown(4, seen=2),)
    await unfolded(table)
    await table.press("f1")
    await table.until(lambda: isinstance(table.app.screen, HelpScreen))
    await table.shows("An unknown: the newest picture", "Make the marked pictures a group")
