"""The question about twins."""

from __future__ import annotations

from fake_desk import FakeDesk

from engine.contract import JobEnded, JobStarted, SecondFace, SetAside, TwinSuspected
from engine.contract.requests import PictureRow
from tests.tui.samples import captured, person
from tui.screens.questions import FaceQuestion, TwinQuestion
from tui.widgets.crop import Crop

SUSPECT = TwinSuspected(
    person="Grace H.", other="Grace Hopper", score=0.41, threshold=0.21, pictures=6, of=6
)


SIZE = (80, 24)


def desk() -> FakeDesk:
    return FakeDesk((person("Grace Hopper"),))


ENROLLING = JobStarted(job="enrol", title="Enrolling Grace H. from 0")


async def asked(table, event=SUSPECT, question=TwinQuestion):
    table.desk.emit(ENROLLING, captured(6, name="Grace H."), event)
    await table.until(lambda: isinstance(table.app.screen, question), "the question")


async def test_the_question_names_the_other_and_what_it_rests_on(table):
    await asked(table)
    await table.shows_at(
        ((80, 24), (160, 45)),
        "Looks like Grace Hopper: same person?",
        "6 of the first 6 pictures of Grace H. are named Grace Hopper.",
        "Stop (s)",
    )
    assert "0.41" not in table.screen()


async def test_the_title_names_whom_the_pictures_go_to(table):
    table.desk.emit(ENROLLING, captured(6, name="Grace H."))
    await table.shows("Enrolling Grace H. from 0")
    table.desk.emit(captured(7, name="Grace Hopper"))
    await table.shows("Enrolling Grace Hopper from 0")


async def test_the_question_shows_both_faces_side_by_side(table):
    table.desk.picture_rows = tuple(
        PictureRow(session="1", file=f"{n}.png", path=f"people/{n}.png") for n in range(3)
    )
    await asked(table)
    crops = table.app.screen.query(Crop)
    await table.until(
        lambda: [crop.caption for crop in crops] == 2 * ["Grace H."] + 2 * ["Grace Hopper"]
    )
    for size in ((80, 24), (120, 40), (200, 60)):
        await table.pilot.resize_terminal(*size)
        await table.until(lambda: table.screen().count("▀") > 200)


async def test_each_key_gives_its_answer(table):
    keys = {"y": "same", "n": "different", "s": "stop", "enter": "different"}
    for key, choice in keys.items():
        table.desk.calls.clear()
        await asked(table)
        await table.press(key)
        await table.until(lambda choice=choice: table.desk.asked("answer_twin") == [choice])
        assert table.app.screen is table.app.screen_desk


async def test_esc_decides_nothing_and_says_that_the_capture_waits(table):
    await asked(table)
    for key in ("escape", "q"):
        table.app.clear_notifications()
        await table.press(key)
        await table.until(lambda: "The capture waits for an answer" in table.toasts())
        assert isinstance(table.app.screen, TwinQuestion)
    assert not table.desk.asked("answer_twin")


async def test_esc_discards_neither_face(table):
    await asked_whose(table)
    for key in ("escape", "q"):
        table.app.clear_notifications()
        await table.press(key)
        await table.until(lambda: "The capture waits for an answer" in table.toasts())
        assert isinstance(table.app.screen, FaceQuestion)
    assert not table.desk.asked("answer_face")


async def test_the_question_goes_away_with_its_capture(table):
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


async def test_the_question_about_a_second_face_shows_both(table):
    await asked_whose(table)
    await table.shows_at(
        ((80, 24), (160, 45)),
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


async def test_each_key_says_whose_face_it_is(table):
    keys = {"f": "first", "o": "other", "b": "both", "d": "stop", "enter": "first"}
    for key, choice in keys.items():
        table.desk.calls.clear()
        await asked_whose(table)
        await table.press(key)
        await table.until(lambda choice=choice: table.desk.asked("answer_face") == [choice])
        assert table.app.screen is table.app.screen_desk


async def test_what_was_put_aside_is_told_with_the_way_back(table):
    aside = SetAside(
        person="Grace H.", session="20261130-100000-001", pictures=36, change="20261130-1-001"
    )
    table.desk.emit(aside)
    await table.shows("36 pictures of Grace H. show another face")
