"""Keys as people know them: lists, help, filter, palette, back; one meaning a key; no dead key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from evaluations import evaluation
from fake_desk import FakeDesk
from textual.widgets import DataTable

from engine.contract import JobStarted
from engine.contract.requests import PictureRow
from tests.tui.samples import model, person, unknown
from tui.keys import ANSWERS, KEYS
from tui.screens.help import HelpScreen
from tui.widgets.bars import KeyLine
from tui.widgets.lists import Rows

SIZE = (80, 24)
SIZES = [SIZE, (120, 40), (200, 60)]
PLACES = frozenset({"escape", "enter", "q", *"123456"})
"""Keys whose label says where one goes: back or quit, open or do, the pane of a number."""
SCREENS = {
    "models": ("m",),
    "person": ("enter",),
    "export of a person": ("enter", "E"),
    "a person's pictures": ("f",),
    "evaluation": ("v",),
    "evaluation of other pictures": ("v", "V"),
    "report": ("v", "E"),
    "doctor": ("f2",),
    "unknown": ("b",),
    "group": ("b", "enter"),
    "assign": ("b", "a"),
    "new from unknown": ("b", "n"),
    "roster": ("l", "tab", "tab"),
    "log": ("6", "enter"),
    "deletion": ("d",),
    "new person": ("n",),
    "import": ("i",),
    "recognise": ("r",),
    "rename": ("e",),
    "merge": ("M",),
    "consent": ("c",),
    "jump": ("J",),
}
"""The keys that open each screen and dialog from the desk."""
OF_EACH_KIND = ("person", "models", "log", "new person")
"""A full screen, a list, a text and a form: what they are made of is the same in the others."""


def desk() -> FakeDesk:
    people = tuple(map(person, ("Ada", "Grace", "Zed")))
    made = FakeDesk(people, models=(model("m2", current=True), model("m1")))
    made.waiting = (unknown(4, seen=2),)
    made.picture_rows = (PictureRow(session="s1", file="0001.png", path="/nonexistent/0001.png"),)
    return made


async def go_to(table: Any, where: str) -> None:
    """Open a screen or dialog, each after the one before has read what it shows."""
    for key in SCREENS[where]:
        await table.press(key)
        await table.until(lambda: all(worker.is_finished for worker in table.app.workers))
    assert len(table.app.screen_stack) > 1


def footer(table: Any) -> str:
    return str(table.app.screen.query_one(KeyLine).render())


def test_a_letter_means_one_thing_on_all_screens() -> None:
    labels = defaultdict(set)
    for key in KEYS:
        if key.context not in ANSWERS and key.key not in PLACES:
            labels[key.key].add(key.label)
    assert not {key: words for key, words in labels.items() if len(words) > 1}


def test_keys_that_everybody_knows_are_theirs() -> None:
    known = {"j": "Down", "k": "Up", "g": "First", "G": "Last", "home": "First", "end": "Last"}
    known |= {"slash": "Filter", "question_mark": "Help", "f1": "Help", "colon": "Palette"}
    assert {key.key: key.label for key in KEYS if key.key in known} == known


async def test_j_k_g_and_end_move_in_the_people_list(table: Any) -> None:
    rows = table.app.screen_desk.people.query_one(DataTable)
    for key, row in (("j", 1), ("G", 2), ("k", 1), ("g", 0), ("end", 2), ("home", 0)):
        await table.press(key)
        await table.until(lambda row=row: rows.cursor_row == row, key)


async def test_j_and_k_move_in_lists_of_dialogs_and_in_the_help(table: Any) -> None:
    await table.press("m", "j")
    await table.until(lambda: table.app.screen.query_one(Rows).place == 1)
    await table.press("question_mark", "G")
    body = table.app.screen.query_one("#help-body")
    await table.until(lambda: body.scroll_y == body.max_scroll_y > 0)


@pytest.mark.parametrize("where", SCREENS)
async def test_in_every_screen_and_dialog_the_last_line_fits_and_its_help_key_opens_help(
    table: Any, where: str
) -> None:
    await go_to(table, where)
    before = [*table.app.screen_stack]
    typing = table.app.focused and table.app.focused.check_consume_key("question_mark", "?")
    line = (table.app.screen.query(KeyLine) or table.app.screen_desk.query(KeyLine)).first(KeyLine)
    for size in SIZES if where in OF_EACH_KIND else [SIZE]:
        await table.pilot.resize_terminal(*size)
        await table.until(
            lambda: (
                str(line.render()).endswith("F1 Help" if typing else ("? Help", "F1 Help"))
                and len(str(line.render())) == line.size.width > 50
            ),
            f"{where} at {size}",
        )
    await table.press("f1" if typing else "question_mark")
    await table.until(lambda: isinstance(table.app.screen, HelpScreen))
    await table.press("question_mark")
    await table.until(lambda: table.app.screen_stack == before)


async def test_a_question_mark_in_a_field_is_typed_and_f1_helps_there(table: Any) -> None:
    await table.press("n", "A", "question_mark")
    assert table.app.focused.value == "A?"
    await table.press("f1")
    await table.until(lambda: isinstance(table.app.screen, HelpScreen))


async def test_slash_filters_a_list_enter_goes_to_it_and_escape_shows_all(table: Any) -> None:
    await table.press("m")
    rows = table.app.screen.query_one(Rows)
    await table.until(lambda: rows.row_count == 2)
    await table.press("slash", *"m1")
    await table.until(lambda: rows.row_count == 1)
    await table.press("enter")
    assert table.app.screen.selected.id == "m1"
    await table.press("slash", "escape")
    await table.until(lambda: rows.row_count == 2)
    assert table.app.focused is rows


async def test_slash_filters_the_help(table: Any) -> None:
    await table.press("question_mark", "slash", *"enrol a")
    await table.shows("Enrol a person from a camera")
    await table.until(lambda: "Train a model" not in table.screen())


async def test_a_colon_opens_the_palette(table: Any) -> None:
    await table.press("colon")
    await table.until(lambda: type(table.app.screen).__name__ == "CommandPalette")


@pytest.mark.parametrize("where", ["models", "person", "evaluation", "doctor", "unknown"])
async def test_q_goes_back(table: Any, where: str) -> None:
    await table.press(*SCREENS[where])
    assert table.app.screen is not table.app.screen_desk
    await table.press("q")
    await table.until(lambda: table.app.screen is table.app.screen_desk)


async def test_a_dead_key_says_where_it_works(table: Any) -> None:
    await table.press("a")
    await table.until(lambda: "a (Assign) works in a person's screen." in table.toasts())
    await table.press("h", "h")
    await table.until(lambda: "h does nothing. ? shows the keys." in table.toasts())
    assert table.toasts().count("h does nothing") == 1
    await table.press("m", "t")
    await table.until(lambda: "t (Train) works on the desk" in table.toasts())


async def test_the_footer_shows_what_can_be_done_now_and_no_half_word(table: Any) -> None:
    for width, height in SIZES:
        await table.pilot.resize_terminal(width, height)
        await table.until(lambda width=width: len(footer(table)) == width)
        shown = footer(table)
        assert shown.startswith("e Rename d Delete n New i Import s Split t Train r Recognise ")
        assert shown.endswith("/ Filter ? Help")
        assert "x Stop" not in shown


async def test_the_footer_of_a_running_job_offers_to_end_it_and_no_other(table: Any) -> None:
    table.desk.emit(JobStarted(job="train", title="Training"))
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.until(lambda: "x Stop esc End" in footer(table))
        assert "t Train" not in footer(table)


async def test_the_footer_of_an_empty_workspace_offers_nothing_that_needs_people(
    run: Callable[..., Any],
) -> None:
    needs_people = ("e Rename", "d Delete", " s Split ", " t Train ", "r Recognise", "M Merge")
    async with run(FakeDesk(), size=SIZE) as table:
        await table.press("escape")
        for size in SIZES:
            await table.pilot.resize_terminal(*size)
            await table.until(lambda: "n New" in footer(table))
            assert not [word for word in needs_people if word in footer(table)]


async def test_a_wide_footer_shows_more(table: Any) -> None:
    await table.pilot.resize_terminal(200, 60)
    await table.until(lambda: "o Sort M Merge c Consent" in footer(table))
    assert "m Models" in footer(table)


async def test_the_footer_begins_with_what_the_pane_in_front_is_for(table: Any) -> None:
    await table.press("5")
    await table.until(lambda: footer(table).startswith("r Recognise"))
    await table.press("4")
    await table.until(lambda: footer(table).startswith("t Train"))


async def test_people_of_an_evaluation_are_filtered_with_their_sessions(
    run: Callable[..., Any],
) -> None:
    async with run(desk(), size=SIZE) as table:
        table.app.evaluation.result = evaluation()
        await table.press("v")
        await table.until(lambda: table.app.screen.query("#persons-table"))
        await table.press("2")
        rows = table.app.screen.query_one("#persons-table", Rows)
        await table.until(lambda: table.app.focused is rows and rows.row_count > 1)
        before = rows.row_count
        await table.press("slash", *"ada")
        await table.until(lambda: 0 < rows.row_count < before)


async def test_under_a_form_the_footer_shows_the_forms_keys(table: Any) -> None:
    await table.press("r")
    line = table.app.screen_desk.query_one(KeyLine)
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.until(lambda: str(line.render()).split() == ["esc", "Close", "F1", "Help"])
    await table.press("escape")
    await table.until(lambda: str(line.render()).startswith("e Rename"))
