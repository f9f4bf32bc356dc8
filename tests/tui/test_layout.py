"""The layouts of the desk: the picture first, idle panes as lines, the pane in front larger."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import FakeDesk

from engine.contract import HALF_BLOCK_RUN, JobEnded, JobStarted, Preview
from tests.tui.samples import captured, coaching, face, model, opened, person
from tui.panes.base import WORDS, picture_columns
from tui.screens.desk import ALL, TALL, View, arrange

SIZES = [(80, 24), (120, 40), (200, 60)]
JOBS = {"enrol": "capture", "recognise": "recognition"}


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace"),), (model(current=True),))


def frame(columns: int, rows: int) -> Preview:
    cells = HALF_BLOCK_RUN.pack(columns, 0xF00, 0x00F) * rows
    return Preview(columns=columns, rows=rows, cells=cells, sequence=1, dropped=0)


async def start(table, job: str) -> None:
    table.desk.emit(JobStarted(job=job, title=f"Job {job}"), opened())
    await table.until(lambda: job in table.app.board.titles)
    await table.pilot.pause()


def picture(table, job: str):
    return table.app.screen_desk.pane(JOBS[job]).preview


# --- the rule -------------------------------------------------------------------------------


def test_the_pane_with_frames_has_the_desk_and_the_others_are_folded():
    made = arrange(View(120, 40, front="capture", watching="capture"))
    assert made.shown == {"capture"}
    assert made.folded == ("people", "split", "training", "recognition", "activity")


def test_the_pane_in_front_stands_beside_the_frames():
    for front in ALL - {"capture"}:
        made = arrange(View(120, 40, front=front, watching="capture"))
        assert made.shown == {"capture", front}


def test_nothing_is_folded_where_there_is_no_room_for_lines():
    assert arrange(View(120, TALL - 1, front="capture", watching="capture")).folded == ()


def test_the_people_grow_when_they_are_in_front():
    assert arrange(View(120, 40)).columns == "1fr 1fr"
    assert arrange(View(120, 40, front="split", middle="split")).columns == "34 1fr"


def test_zoom_gives_one_pane_the_whole_room():
    made = arrange(View(120, 40, front="split", watching="capture", zoomed=True))
    assert (made.shown, made.folded) == ({"split"}, ())


def test_the_layout_of_all_panes_shows_all_of_them_where_there_is_room():
    assert arrange(View(120, 40, layout="all")).shown == ALL
    assert arrange(View(80, 24, layout="all")).shown == {"people", "capture", "activity"}


@pytest.mark.parametrize(
    ("room", "screen", "shape", "columns"),
    [
        ((80, 18), 80 * 24, 4 / 3, 48),
        ((80, 18), 80 * 24, 16 / 9, 64),
        ((120, 32), 120 * 40, 4 / 3, 85),
        ((120, 32), 120 * 40, 16 / 9, 120 - WORDS - 1),
        ((200, 52), 200 * 60, 4 / 3, 139),
        ((80, 18), 80 * 24, 9 / 16, 20),
    ],
)
def test_a_picture_is_as_large_as_fits_and_gives_way_to_words_only_above_half_of_the_screen(
    room, screen, shape, columns
):
    assert picture_columns(room, shape, screen) == columns


# --- on the screen --------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS)
async def test_the_running_job_shows_its_picture_first(table, job):
    await start(table, job)
    shown = picture(table, job)
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        assert shown.size.width >= 48
        assert shown.size.height >= 18
        if size != (80, 24):
            assert 2 * shown.size.area >= size[0] * size[1]
        others = [w.region.area for w in table.app.screen.query("RichLog, DataTable, .empty")]
        assert shown.size.area > max(others, default=0)


async def test_the_coach_and_the_count_stand_under_the_picture(table):
    await start(table, "enrol")
    table.desk.emit(captured(3), coaching({}))
    await table.until(lambda: table.text("#capture-advice"))
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        below = picture(table, "enrol").region.bottom
        lines = table.screen().splitlines()
        assert lines[below].strip() == table.text("#capture-advice")
        assert "3/" in lines[below + 1]


async def test_who_is_in_view_and_the_rate_stand_under_the_picture(table):
    await start(table, "recognise")
    table.desk.emit(face("known", "Ada Lovelace"))
    await table.until(lambda: "Ada" in table.text("#recognition-who"))
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        below = picture(table, "recognise").region.bottom
        assert "Ada Lovelace" in table.screen().splitlines()[below]


async def test_a_long_line_under_the_picture_takes_no_room_from_it(run):
    async with run(desk(), size=(80, 24)) as table:
        await start(table, "recognise")
        before = picture(table, "recognise").size
        table.app.screen_desk.recognition.after_enrolment("word " * 40)
        await table.pilot.pause()
        assert picture(table, "recognise").size == before


async def test_folded_panes_say_in_a_line_what_they_have(table):
    await table.press("s")
    await table.until(lambda: table.app.screen_desk.split.result)
    await start(table, "recognise")
    await table.shows("1 People", "1 person, 30 pictures", "3 Split", "70/15/15, 1 person")
    await table.shows("2 Capture", "4 Training", "6 Activity")


async def test_a_number_opens_a_folded_pane_beside_the_picture(table):
    await start(table, "recognise")
    await table.press("1")
    await table.until(lambda: table.app.screen_desk.people.region.area)
    assert picture(table, "recognise").region.area


async def test_the_end_of_the_job_gives_the_desk_back(table):
    await start(table, "recognise")
    table.desk.emit(JobEnded(job="recognise", outcome="done"))
    await table.until(lambda: table.app.screen_desk.people.region.area)
    assert not picture(table, "recognise").display


async def test_the_layout_key_goes_round_and_is_remembered(table):
    seen = []
    for _ in range(3):
        await table.press("0")
        seen.append(table.app.screen_desk.layout_name)
    assert seen == ["all", "list", "focus"]
    await table.press("0")
    await table.until(lambda: "all panes side by side" in table.toasts())
    assert table.app.memory.get("layout", "") == "all"


async def test_words_without_room_leave_the_focus_on_the_picture(run):
    async with run(desk(), size=(80, 24)) as table:
        wide = replace(opened(), width=1280, height=720)
        table.desk.emit(JobStarted(job="recognise", title="Watching"), wide)
        pane = table.app.screen_desk.recognition
        await table.until(lambda: not pane.query_one("#recognition-body").display)
        assert table.app.screen_desk.focused is pane.preview
        await table.press("1", "5")
        await table.until(lambda: table.app.screen_desk.front == "recognition")


async def test_a_click_on_a_folded_line_opens_its_pane(table):
    await start(table, "recognise")
    await table.pilot.click("#folded", offset=(3, 0))
    await table.until(lambda: table.app.screen_desk.people.region.area)
