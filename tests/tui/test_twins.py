"""The question about twins."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk

from engine.contract import JobEnded, SecondFace, SetAside, TwinSuspected
from engine.contract.requests import PictureRow
from tests.tui.samples import captured, person
from tui.screens.questions import FaceQuestion, TwinQuestion
from tui.widgets.crop import Crop

SUSPECT = TwinSuspected(
    person="Grace H.", other="Grace Hopper", score=0.41, threshold=0.21, pictures=6, of=6
)


async def asked(table, event=SUSPECT, question=TwinQuestion):
    await table.press("n")
    await table.type("Grace H.")
    await table.press("enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    table.desk.emit(captured(6, name="Grace H."), event)
    await table.until(lambda: isinstance(table.app.screen, question), "the question")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_question_names_the_other_and_what_it_rests_on(run, size):
    async with run(FakeDesk((person("Grace Hopper"),)), size=size) as table:
        await asked(table)
        await table.shows(
            "Looks like Grace Hopper: same person?",
            "6 of the first 6 pictures of Grace H. are named Grace Hopper.",
            "Stop (s)",
        )
        assert "0.41" not in table.screen()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_question_shows_both_faces_side_by_side(run, size):
    desk = FakeDesk((person("Grace Hopper"),))
    desk.picture_rows = tuple(
        PictureRow(session="1", file=f"{n}.png", path=f"people/{n}.png") for n in range(3)
    )
    async with run(desk, size=size) as table:
        await asked(table)
        crops = table.app.screen.query(Crop)
        await table.until(
            lambda: [crop.caption for crop in crops] == 2 * ["Grace H."] + 2 * ["Grace Hopper"]
        )
        await table.until(lambda: table.screen().count("▀") > 200)


@pytest.mark.parametrize(
    ("key", "choice"),
    [("y", "same"), ("n", "different"), ("s", "stop"), ("enter", "different")],
)
async def test_each_key_gives_its_answer(run, key, choice):
    async with run(FakeDesk((person("Grace Hopper"),))) as table:
        await asked(table)
        await table.press(key)
        await table.until(lambda: table.desk.asked("answer_twin") == [choice])
        assert table.app.screen is table.app.screen_desk


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_esc_decides_nothing_and_says_that_the_capture_waits(run, key):
    async with run(FakeDesk((person("Grace Hopper"),))) as table:
        await asked(table)
        await table.press(key)
        await table.until(lambda: "The capture waits for an answer" in table.toasts())
        assert table.app.screen is not table.app.screen_desk
        assert not table.desk.asked("answer_twin")


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_esc_discards_neither_face(run, key):
    async with run(FakeDesk()) as table:
        await asked_whose(table)
        await table.press(key)
        await table.until(lambda: "The capture waits for an answer" in table.toasts())
        assert not table.desk.asked("answer_face")


async def test_the_question_goes_away_with_its_capture(run):
    async with run(FakeDesk((person("Grace Hopper"),))) as table:
        await asked(table)
        table.desk.emit(JobEnded(job="enrol", outcome="cancelled"))
        await table.until(lambda: table.app.screen is table.app.screen_desk)
        assert not table.desk.asked("answer_twin")


SECOND = SecondFace(
    person="Grace H.",
    session="20261130-100000-001",
    first=40,
    others=36,
    first_picture="people/grace-h/20261130-100000-001/0001.png",
    other_picture="people/grace-h/20261130-100000-001/0050.png",
    other_is="Ada Lovelace",
    asked=True,
)


async def asked_whose(table, event=SECOND):
    await asked(table, event, FaceQuestion)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_question_about_a_second_face_shows_both(run, size):
    async with run(FakeDesk(), size=size) as table:
        await asked_whose(table)
        await table.shows(
            "Two faces: which one is kept?",
            "36 pictures of Grace H. show another face than the other 40:",
            "that of Ada Lovelace.",
            "First (f)",
            "Other (o)",
            "Both (b)",
            "Discard (d)",
        )
        crops = table.app.screen.query(Crop)
        await table.until(lambda: [c.caption for c in crops] == ["the first", "Ada Lovelace"])
        asked = table.desk.asked("picture")
        assert asked == [SECOND.first_picture, SECOND.other_picture]


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("f", "first"),
        ("o", "other"),
        ("b", "both"),
        ("d", "stop"),
        ("enter", "first"),
    ],
)
async def test_each_key_says_whose_face_it_is(run, key, choice):
    async with run(FakeDesk()) as table:
        await asked_whose(table)
        await table.press(key)
        await table.until(lambda: table.desk.asked("answer_face") == [choice])
        assert table.app.screen is table.app.screen_desk


async def test_what_was_put_aside_is_told_with_the_way_back(run):
    async with run(FakeDesk()) as table:
        aside = SetAside(
            person="Grace H.", session="20261130-100000-001", pictures=36, change="20261130-1-001"
        )
        table.desk.emit(aside)
        await table.shows("36 pictures of Grace H. show another face")
