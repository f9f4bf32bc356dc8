"""The new-person form and the capture pane."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import FakeDesk
from textual.widgets import Input

from engine.contract import EnrolDone, ImportDone, ImportProgress, ImportRefused, JobEnded, Refused
from engine.contract.requests import EnrolRequest, ImportRequest
from tests.tui.samples import captured, coaching, model, opened, person
from tui.screens.forms import NewPersonForm
from tui.widgets.bars import Meter

SIZE = (80, 24)
SIZES = [SIZE, (120, 40), (160, 45)]


def desk() -> FakeDesk:
    return FakeDesk()


def refused(reason, value=0.0, limit=0.0):
    return Refused(person="Ada Lovelace", reason=reason, value=value, limit=limit, frame=1)


async def start(table, name="Ada Lovelace"):
    await table.press("n")
    await table.type(name)
    await table.press("enter")
    await table.until(lambda: "enrol" in table.app.board.titles, "enrolment runs")


async def test_the_form_starts_the_enrolment_it_describes(table):
    await table.press("n")
    await table.type("Ada Lovelace")
    await table.press("tab")
    await table.type("0")
    await table.press("tab", "ctrl+u", "4", "0", "enter")
    await table.until(lambda: table.desk.asked("enrol"))
    (request,) = table.desk.asked("enrol")
    assert isinstance(request, EnrolRequest)
    assert (request.person, request.count) == ("Ada Lovelace", 40)
    await table.until(lambda: not isinstance(table.app.screen, NewPersonForm))


async def test_the_last_source_is_offered_again(table):
    await table.enrol("Ada", "clip.mp4")
    await table.press("escape")
    await table.until(lambda: not table.app.board.titles)
    await table.press("n")
    assert table.app.screen.query_one("#form-source").value == "clip.mp4"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["enter"], "A person needs a name."),
        (["a", "tab", "ctrl+u", "enter"], "Say where the pictures come from."),
        (["a", "tab", "tab", "ctrl+u", "0", "enter"], "from 1 to 10000"),
        (["a", "slash", "b", "enter"], "it holds a slash. Leave it out."),
    ],
)
async def test_what_is_wrong_shows_inside_the_form(table, keys, message):
    await table.press("n", "ctrl+u", *keys)
    await table.shows(message)
    assert isinstance(table.app.screen, NewPersonForm)
    assert "enrol" not in table.app.board.titles


async def test_count_and_refusals_are_live_and_exact(table):
    await start(table)
    table.desk.emit(
        opened(),
        *[captured(n) for n in range(1, 13)],
        *[refused("too_dark", 38, 45) for _ in range(205)],
        *[refused("blurred", 88, 150) for _ in range(3)],
    )
    await table.shows_at(
        SIZES,
        "Capturing Ada Lovelace",
        "12/30",
        "Refused frames: 208",
        "205 too dark",
        "38 < 45",
        "DEMO",
        "demo:collins",
    )


def of_the_middle(line: str) -> bool:
    """Whether it is the coach's row of that distance: some, enough and no pictures."""
    cells = ("middle", "[■··]", "■■■", "···")
    places = [line.find(cell) for cell in cells]
    return -1 not in places and places == sorted(places)


async def test_the_coach_says_what_to_do_why_not_kept_and_what_is_missing(table):
    await start(table)
    table.desk.emit(
        opened(),
        captured(12),
        coaching(
            {("frontal", "middle"): 6, ("left", "middle"): 1},
            captured=12,
            advice="more_light",
            reason="too_dark",
            value=38,
            limit=60,
            pose="left",
            distance="middle",
            seconds_left=18,
        ),
    )
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.shows("! MORE LIGHT ON THE FACE", "too dark: 38, need 60", "even")
        assert table.text("#capture-last") == "7 different views · about 18 s left"
        await table.until(lambda: any(map(of_the_middle, table.screen().splitlines())))


async def test_a_kept_picture_leads_to_the_next_missing_view(table):
    await start(table)
    table.desk.emit(
        coaching({("frontal", "middle"): 3}, captured=3, advice="turn_left", pose="frontal")
    )
    await table.shows("→ TURN A LITTLE LEFT", "kept")


async def test_the_end_says_what_was_kept(table):
    await start(table)
    table.desk.emit(
        captured(12),
        EnrolDone(
            person="Ada Lovelace",
            session="s1",
            captured=12,
            target=30,
            refused={"blurred": 4},
            seconds=9,
            ended="source_ended",
        ),
        JobEnded(job="enrol", outcome="done"),
    )
    await table.until(lambda: "ended early" in table.text("#capture-status"))
    assert "12 of 30 pictures" in table.text("#capture-status")
    assert "refused: blurred 4" in table.log()


async def test_escape_keeps_the_pictures_as_x_does(table):
    await start(table)
    await table.press("x")
    await table.until(lambda: not table.app.board.titles)
    await start(table, "Bob")
    await table.press("escape")
    await table.until(lambda: not table.app.board.titles)
    assert table.desk.asked("stop") == ["enrol", "enrol"]
    assert table.desk.asked("cancel") == []


@pytest.mark.parametrize("key", ["i", "r"])
async def test_escape_ends_an_import_or_a_recognition_in_good_order(table, key):
    await table.begin(FakeDesk((person("Ada"),), models=(model(),)))
    await table.press(key)
    await table.type("photos")
    await table.press("enter")
    await table.until(lambda: table.app.board.titles)
    await table.press("escape")
    await table.until(lambda: not table.app.board.titles)
    assert len(table.desk.asked("stop")) == 1
    assert table.desk.asked("cancel") == []


async def test_a_capture_that_was_given_up_says_that_undo_brings_it_back(table):
    await start(table)
    table.desk.emit(
        EnrolDone(
            person="Ada Lovelace",
            session="",
            captured=0,
            target=100,
            refused={},
            seconds=9,
            ended="cancelled",
            given_up=53,
            change="20261124-093000-001",
        ),
        JobEnded(job="enrol", outcome="done"),
    )
    await table.until(lambda: "given up" in table.text("#capture-status"))
    told = "53 pictures in the trash, u brings them back"
    assert told in table.text("#capture-last")
    assert f"Ada Lovelace: {told}" in table.log()


async def test_a_busy_camera_is_explained(table):
    await table.begin(FakeDesk((person("Ada"),)))
    await start(table, "Bob")
    assert table.app.screen_desk.check_action("new_person", ()) is None
    for key in ("n", "i", "r"):
        table.app.clear_notifications()
        await table.press(key)
        await table.until(lambda: "The camera is in use: Enrolling Bob" in table.toasts())
        assert "x ends it and keeps what it has" in table.toasts()
        assert table.app.screen is table.app.screen_desk


async def test_an_import_counts_files_and_says_which_were_refused(table):
    await table.press("i")
    await table.type("photos")
    await table.press("enter")
    await table.until(lambda: "import" in table.app.board.titles)
    assert table.desk.asked("import") == [ImportRequest(folder="photos")]
    table.desk.emit(
        ImportProgress(done=40, total=200, file="ada/[b]1[/b].jpg"),
        ImportRefused(file="ada/2.jpg", reason="no_face"),
    )
    await table.shows("40/200", "ada/[b]1[/b].jpg", "Refused files: 1", "no face")
    table.desk.emit(
        ImportDone(people=3, images=190, refused=10, seconds=70, crowded=5),
        JobEnded(job="import", outcome="done"),
    )
    await table.until(lambda: "190 pictures of 3 people" in table.text("#capture-status"))
    assert "1 min 10 s" in table.text("#capture-status")
    assert "other faces were in 5 pictures" in table.text("#capture-last")
    assert "ada/2.jpg: no face" in table.log()


async def test_a_failed_job_shows_cause_and_cure(table):
    await start(table)
    table.desk.emit(
        JobEnded(
            job="enrol",
            outcome="failed",
            title="No such camera",
            message="/dev/video0 does not exist",
            hint="Plug it in.",
            exit_code=3,
        )
    )
    await table.until(lambda: "Failed: No such camera" in table.text("#capture-status"))
    assert "Plug it in." in table.toasts()
    assert "ERROR" in table.log()
    assert "→ Plug it in." in table.log()


async def test_a_second_capture_starts_from_zero(table):
    await start(table)
    table.desk.emit(captured(5), refused("blurred", 88, 150))
    await table.until(lambda: "Refused frames: 1" in table.text("#capture-refused"))
    await table.press("x")
    await table.until(lambda: not table.app.board.titles)
    await start(table, "Bob")
    await table.until(lambda: table.text("#capture-refused") == "")
    assert table.app.screen_desk.query_one("#capture-meter", Meter).done == 0


async def test_keys_typed_ahead_of_a_tab_go_to_the_right_fields(table):
    await table.press("n")
    await table.until(lambda: table.app.focused is not None)
    for key in ("A", "d", "a", "tab", "x", "y"):
        table.app.simulate_key(key)  # a burst, as over a slow line: nothing is awaited
    await table.until(
        lambda: (
            table.app.screen.query_one("#form-source", Input).value == "xy"
            and table.app.screen.query_one("#form-name", Input).value == "Ada"
        )
    )


async def test_nods_have_a_row_of_their_own_where_they_are_asked_for(table):
    await start(table)
    said = coaching({("frontal", "middle"): 3}, advice="look_up", pose="up", distance="middle")
    nods = (("up", "middle", 1), ("down", "middle", 0))
    table.desk.emit(replace(said, cells=(*said.cells, *nods)))
    await table.shows("→ LOOK UP A LITTLE", "up    [■··] down   ···")


async def test_a_face_too_small_is_told_with_its_pixels(table):
    await start(table)
    table.desk.emit(coaching({}, advice="come_closer", reason="too_small", value=63, limit=80))
    await table.shows("! COME CLOSER")
    assert table.text("#capture-why") == "too small: 63 pixels, 80 needed"


async def test_a_camera_on_its_head_is_told_without_numbers(table):
    await start(table)
    table.desk.emit(
        coaching({}, advice="camera_upside_down", reason="upside_down", value=179, limit=50)
    )
    await table.shows("! THE CAMERA STANDS ON ITS HEAD: TURN IT")
    assert table.text("#capture-why") == "upside down"
