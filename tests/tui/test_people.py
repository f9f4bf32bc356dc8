"""The people list and a person's screen: search, sort, mark, merge, move, consent, undo."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from evaluations import MODEL, evaluation
from fake_desk import FakeDesk
from textual.events import Key
from textual.widgets import DataTable, Input

from engine.contract import JobStarted
from engine.contract.errors import PersonNotFound, PersonUnreadable, UndoConflict
from engine.contract.people import Answers, Consent, Doubts, Holder, Unsure
from tests.tui.samples import captured, model, person
from tui.screens.dialog import Confirm
from tui.screens.evaluation import EvaluationScreen
from tui.screens.people_forms import ConsentForm
from tui.screens.person import PersonScreen
from tui.widgets.lists import FilterLine, Rows

SIZES = ((80, 24), (120, 40), (200, 60))
PEOPLE = (
    person("Ada Lovelace", 30, in_model="yes", newest="2026-11-21"),
    person("Émile Borel", 10, newest="2026-11-24"),
    person("Grace Hopper", 50, in_model="stale", newest="2026-11-22", sessions=2),
    person("Zoë Quinn", 20, in_model="yes", newest="2026-11-23"),
)


def desk() -> FakeDesk:
    return FakeDesk(PEOPLE, (model(current=True),))


@pytest_asyncio.fixture(loop_scope="module")
async def table(table):
    """Nobody is searched for or marked, and the first is selected."""
    people = table.app.screen_desk.people
    if people.query_one(FilterLine).value:
        await table.press("slash", "escape")
    people.unmark()
    people.query_one(DataTable).move_cursor(row=0)
    return table


def listed(table) -> list[str]:
    return [row.name for row in table.app.screen_desk.people.shown]


async def open_person(table) -> PersonScreen:
    await table.press("enter")
    await table.until(lambda: isinstance(table.app.screen, PersonScreen), "the person's screen")
    await table.until(lambda: table.app.screen.opened and table.app.screen.facts)
    return table.app.screen


# --- the list ------------------------------------------------------------------------------------


async def test_the_list_is_searched_as_one_types_without_accents_or_case(table):
    asked = len(table.desk.asked("people"))
    await table.press("slash")
    await table.type("EMI")
    await table.until(lambda: listed(table) == ["Émile Borel"])
    await table.shows_at(SIZES, "1 of 4")
    assert len(table.desk.asked("people")) == asked  # nothing is read again
    await table.press("escape")
    await table.until(lambda: len(listed(table)) == 4)
    assert table.app.focused.id == "people-table"


ABOUT = (
    (
        {"consent": "none"},
        "Added 2026-11-24. No consent recorded. Press c.\nNot in the model yet. Press t.",
    ),
    (
        {"consent": "outdated", "in_model": "stale"},
        "Added 2026-11-24. Consent is to an older text. Press c.\n"
        "Pictures changed since training. Press t.",
    ),
    (
        {"in_model": "yes", "unseen": "2025-01-02"},
        "Added 2026-11-24. ~ Not seen since 2025-01-02.",
    ),
)


async def test_the_line_about_a_person_says_what_to_press(table):
    rows = tuple(person(f"Ada {n}", **fields) for n, (fields, _words) in enumerate(ABOUT))
    table.desk.rows = rows
    table.app.reload()
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.press("home")
        for n, (_fields, words) in enumerate(ABOUT):
            await table.until(lambda n=n: table.text("#people-detail").startswith(f"Ada {n}"))
            assert table.text("#people-detail") == f"Ada {n}\n{words}"
            await table.press("down")


async def test_a_picture_from_among_other_faces_bears_a_flag(table):
    facts = table.desk.person_facts("Ada Lovelace")
    newest = facts.sessions[-1]
    one, two, *rest = newest.pictures
    crowded = replace(newest, pictures=(one, replace(two, others=3), *rest))
    table.desk.person_facts = lambda name: replace(facts, sessions=(crowded,))
    await open_person(table)
    await table.shows("! 0002.png")
    await table.press("down", "down")
    await table.shows("other faces in its photograph: 3")


async def test_somebody_who_cannot_be_read_has_a_row_and_the_reason(table):
    why = "A person cannot be read: bob: Permission denied. sudo chown -R $USER /data"
    bob = person("bob", 0, trouble=why)
    table.desk.rows = (*PEOPLE, bob)
    table.app.reload()
    await table.until(lambda: listed(table)[-1] == "bob")
    await table.press(*["down"] * len(PEOPLE))
    await table.shows_at(SIZES, "A person cannot be read")
    assert "1 cannot be read" in str(table.app.screen_desk.people.border_subtitle)
    table.desk.fail["person_facts"] = PersonUnreadable("Unread", "bob", "chown")
    await table.press("enter")
    await table.shows("Unread: bob")
    assert not isinstance(table.app.screen, PersonScreen)


async def test_letters_that_are_keys_are_letters_in_the_search(table):
    await table.press("slash")
    await table.type("deguncrmi")
    assert table.app.screen_desk.query_one("#people-search", Input).value == "deguncrmi"
    assert table.app.screen is table.app.screen_desk
    await table.shows("Nobody of this name")


async def test_what_is_typed_right_after_the_slash_is_searched_for(table):
    for key in ("slash", "n", "d"):
        character = "/" if key == "slash" else key
        table.app.post_message(Key(key, character))
    search = table.app.screen_desk.query_one("#people-search", Input)
    await table.until(lambda: search.value == "nd")
    assert table.app.screen is table.app.screen_desk


async def test_what_is_typed_right_after_enter_is_for_the_persons_screen(table):
    for key in ("enter", "d"):
        table.app.post_message(Key(key, None if key == "enter" else key))
    # The d may have asked there already whether its pictures shall go.
    await table.until(lambda: [s for s in table.app.screen_stack if isinstance(s, PersonScreen)])
    await table.until(lambda: table.app.screen_stack[1].facts)
    assert table.desk.asked("delete_people") == []


async def test_enter_in_the_search_goes_to_the_list_that_was_found(table):
    await table.press("slash")
    await table.type("hop")
    await table.press("enter")
    await table.until(lambda: table.app.focused.id == "people-table")
    assert listed(table) == ["Grace Hopper"]


async def test_o_cycles_through_the_ways_to_sort(table):
    names = listed(table)
    seen = []
    for _ in range(4):
        await table.press("o")
        seen.append(listed(table)[0])
    assert seen == ["Émile Borel", "Grace Hopper", "Émile Borel", "Ada Lovelace"]
    assert listed(table) == names


async def test_marked_people_are_deleted_with_one_question(table):
    await table.press("space", "space")
    await table.shows_at(SIZES, "✓ Ada", "2 marked")
    await table.press("d")
    await table.shows_at(
        reversed(SIZES), "Delete 2 people?", "40 pictures in 2 sessions", "undone for 30 days"
    )
    await table.press("y")
    await table.until(lambda: listed(table) == ["Grace Hopper", "Zoë Quinn"])
    assert table.desk.asked("delete_people") == [("Ada Lovelace", "Émile Borel")]
    assert "✓" not in table.screen()


async def test_a_deletion_may_erase_at_once_after_a_second_question(table):
    await table.press("d")
    await table.shows("Erase at once (e)", "leaves no trace")
    await table.press("e")
    await table.shows("Erase for good?", "Nothing brings them back")
    assert table.desk.asked("erase") == []
    await table.press("y")
    await table.until(lambda: table.desk.asked("erase") == [("Ada Lovelace", "")])
    await table.until(lambda: "Receipt 00ff00ff00ff00ff" in table.toasts())
    await table.until(lambda: "Ada Lovelace" not in listed(table))
    assert table.desk.asked("delete_people") == []


SHARED = Doubts("Ada Lovelace", (Holder("person", "Grace Hopper", 24),))
UNSURE = Doubts("Ada Lovelace", (), (Unsure("unknown/x", "2026-11-24T10:00:00", 2, "alike", 0.36),))


async def test_what_others_hold_too_is_asked_about_and_stays_with_them(table):
    table.desk.doubts = SHARED
    await table.press("d", "e", "y")
    await table.shows("Others hold pictures of Ada Lovelace", "Grace Hopper, who is enrolled")
    await table.shows("24 pictures", "They keep theirs")
    await table.press("y")
    await table.until(lambda: "Ada Lovelace" not in listed(table))
    assert table.desk.answers == [Answers(), Answers(shared_stay=True)]


@pytest.mark.parametrize(
    ("keys", "answer"), [(("y",), "remove"), (("n", "y"), "keep")], ids=["remove", "keep"]
)
async def test_unknown_people_who_may_be_the_person_are_asked_about(table, keys, answer):
    table.desk.doubts = UNSURE
    await table.press("d", "e", "y")
    await table.shows("Unknown people who may be Ada Lovelace", "unknown/x", "likeness 0.36")
    for key, word in zip(keys, ("may be Ada Lovelace", "leave the unknown"), strict=False):
        await table.shows(word)
        await table.press(key)
    await table.until(lambda: "Ada Lovelace" not in listed(table))
    assert table.desk.answers == [Answers(), Answers(unsure=answer)]


async def test_both_questions_come_one_after_the_other_and_the_others_follow(table):
    table.desk.doubts = Doubts("Ada Lovelace", SHARED.shared, UNSURE.unsure)
    await table.press("d", "e", "y")
    await table.shows("Others hold pictures")
    await table.press("y")
    await table.shows("erase them too?")
    await table.press("y")
    await table.until(lambda: "Ada Lovelace" not in listed(table))
    assert table.desk.answers[-1] == Answers(shared_stay=True, unsure="remove")


@pytest.mark.parametrize("doubts", [SHARED, UNSURE], ids=["shared", "unsure"])
async def test_without_an_answer_nothing_is_erased(table, doubts):
    table.desk.doubts = doubts
    before = listed(table)
    for key in ("n", "escape", "enter"):
        table.desk.answers.clear()
        await table.press("d", "e", "y")
        await table.shows("erase them too?" if doubts is UNSURE else "Others hold")
        await table.press(key)
        if doubts is UNSURE and key != "escape":
            await table.shows("leave the unknown?")
            await table.press(key)
        await table.until(lambda: table.app.screen is table.app.screen_desk)
        assert listed(table) == before
        assert table.desk.answers == [Answers()]


async def test_nothing_goes_unless_it_was_said_so(table):
    before = listed(table)
    for keys in (("n",), ("escape",), ("enter",), ("e", "n"), ("e", "enter")):
        await table.press("d", *keys)
        await table.until(lambda: table.app.screen is table.app.screen_desk)
        assert listed(table) == before
    assert table.desk.asked("erase") == table.desk.asked("delete_people") == []


async def test_what_expired_is_told_at_the_start(run):
    table_desk = desk()
    table_desk.due = {"trash": 2, "log": 1}
    async with run(table_desk) as table:
        await table.until(lambda: table.desk.asked("purge"))
        await table.press("6")
        await table.shows("Expired and removed for good: 1 log, 2 deletions in the trash")


async def test_somebody_not_seen_for_long_bears_a_mark(table):
    away = person("Ada Lovelace", unseen="2026-01-02", consent="withdrawn")
    table.desk.rows = (away,)
    table.app.reload()
    await table.shows("~ Ada Lovelace", "~ Not", "2026-01-02.", "withdrawn.")


async def test_w_writes_all_that_is_held_on_a_person(table):
    await table.press("enter")
    await table.until(lambda: isinstance(table.app.screen, PersonScreen))
    await table.until(lambda: table.app.screen.facts)
    await table.press("E")
    await table.shows("All that is held", "~/Ada-Lovelace.zip")
    await table.press("enter")
    await table.until(
        lambda: table.desk.asked("export_person") == [("Ada Lovelace", "~/Ada-Lovelace.zip")]
    )


async def test_space_takes_a_mark_away_again(table):
    await table.press("space", "up", "space")
    assert table.app.screen_desk.people.marked == set()


async def test_u_undoes_and_says_what_came_back(table):
    await table.press("d", "y")
    await table.until(lambda: len(listed(table)) == 3)
    await table.press("u")
    await table.until(lambda: len(listed(table)) == 4)
    assert "Ada Lovelace: back" in table.toasts()


async def test_what_cannot_be_undone_is_told(table):
    table.desk.fail["undo"] = UndoConflict("Could not undo this", "a place is taken", "Look.")
    await table.press("u")
    await table.until(lambda: "a place is taken" in table.toasts())


async def test_two_marked_people_are_merged_into_the_one_with_more_pictures(table):
    await table.press("space", "down", "space", "M")
    await table.shows("Merge Ada Lovelace", "no longer in the list")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("merge"))
    assert table.desk.asked("merge") == [("Ada Lovelace", "Grace Hopper")]


async def test_the_selected_person_is_merged_with_one_that_is_typed(table):
    await table.press("M")
    await table.type("zo")
    field = table.app.screen.query_one("#form-name", Input)
    await table.until(lambda: field._suggestion, "the name is suggested")
    await table.press("right", "enter")
    await table.until(lambda: table.desk.asked("merge"))
    assert table.desk.asked("merge") == [("Ada Lovelace", "Zoë Quinn")]


async def test_a_merge_that_is_refused_stays_in_the_form(table):
    table.desk.fail["merge"] = PersonNotFound("Nobody of this name is enrolled", "Zo")
    await table.press("M")
    await table.type("Zo")
    await table.press("enter")
    await table.shows("Nobody of this name is enrolled: Zo.")


async def test_three_people_cannot_be_merged_at_once(table):
    await table.press("space", "space", "space", "M")
    await table.until(lambda: "Mark the two people to merge" in table.toasts())


async def test_people_stay_as_they_are_while_a_capture_runs(table):
    table.desk.emit(JobStarted(job="enrol", title="Enrolling Eve"), captured(1))
    await table.until(lambda: table.app.board.titles)
    await table.press("1")
    for key in ("d", "M", "u", "c"):
        table.app.clear_notifications()
        await table.press(key)
        await table.until(lambda: "Not while this runs" in table.toasts(), key)
        assert table.app.screen is table.app.screen_desk


# --- a person's screen ---------------------------------------------------------------------------


async def test_enter_shows_what_is_known_of_a_person(table):
    await open_person(table)
    await table.shows_at(
        SIZES,
        "6 pictures in 2 sessions",
        "No consent recorded",
        "9 of 12 pictures named rightly",
        "Bob 2 times",
        "0001.png",
    )
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)


async def test_a_session_is_unfolded_and_folded(table):
    screen = await open_person(table)
    rows = screen.query_one(Rows)
    assert rows.row_count == 5  # the newest is unfolded
    await table.press("enter")
    assert rows.row_count == 8
    await table.press("enter")
    assert rows.row_count == 5


async def test_marked_pictures_are_deleted(table):
    await open_person(table)
    await table.press("down", "down", "space", "space", "d")
    await table.shows("Delete 2 pictures?", "undone for 30 days")
    await table.press("y")
    await table.until(lambda: table.desk.asked("delete_pictures"))
    session = "20261124-093000-001"
    assert table.desk.asked("delete_pictures") == [
        ("Ada Lovelace", (f"{session}/0001.png", f"{session}/0002.png"))
    ]
    await table.until(lambda: isinstance(table.app.screen, PersonScreen))
    await table.press("u")
    await table.until(lambda: table.desk.asked("undo"))


async def test_a_selected_session_is_moved_to_another_person(table):
    await open_person(table)
    await table.press("a")
    await table.shows("Move 3 pictures")
    await table.type("Grace Hopper")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("move_pictures"))
    assert table.desk.asked("move_pictures") == [
        ("Ada Lovelace", ("20261123-093000-001",), "Grace Hopper")
    ]


async def test_a_question_takes_the_answer_that_was_typed_ahead(table):
    await open_person(table)
    await table.press("d", "n")
    await table.until(lambda: isinstance(table.app.screen, PersonScreen))
    assert not isinstance(table.app.screen, Confirm)
    assert table.desk.asked("delete_pictures") == []


async def test_consent_is_noted_with_the_configured_text(table):
    await open_person(table)
    await table.press("c")
    await table.shows("Consent of Ada Lovelace", "I agree that pictures", "No consent recorded")
    await table.type("Desk one")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("note_consent"))
    assert table.desk.asked("note_consent") == [("Ada Lovelace", "Desk one", "1")]
    await table.shows("recorded by Desk one", "text version 1")


async def test_consent_needs_somebody_who_asked(table):
    await table.press("c", "enter")
    await table.shows("Say who asked the person.")


async def test_consent_can_be_taken_back(table):
    table.desk.consents["Ada Lovelace"] = Consent(by="Desk one", at="2026-11-20T09:00:00+00:00")
    await table.press("c")
    await table.until(lambda: isinstance(table.app.screen, ConsentForm))
    await table.until(lambda: not table.app.screen.query_one("#form-withdraw").disabled)
    await table.press("tab", "tab", "space", "enter")
    await table.until(lambda: table.desk.asked("withdraw_consent"))
    assert table.desk.asked("note_consent") == []


async def test_a_person_is_renamed_on_their_screen(table):
    await open_person(table)
    await table.press("e")
    await table.type("Ada King")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("rename"))
    await table.until(lambda: table.app.open_screen(PersonScreen).person == "Ada King")


async def test_f1_on_a_persons_screen_explains_it(table):
    await open_person(table)
    await table.press("f1")
    await table.shows("A person: sessions that unfold")


# --- the evaluation that was kept ----------------------------------------------------------------


async def test_the_kept_evaluation_of_the_model_in_use_is_shown_at_once(run):
    table_desk = desk()
    table_desk.evaluations[MODEL] = evaluation()
    async with run(table_desk) as table:
        await table.until(lambda: table.app.evaluation.result is not None)
        await table.press("v")
        await table.until(lambda: table.app.open_screen(EvaluationScreen) is not None)
        assert table.desk.asked("evaluate") == []
