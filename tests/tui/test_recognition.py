"""The recognition pane."""

from __future__ import annotations

import dataclasses

from fake_desk import FakeDesk

from engine.contract import (
    JobEnded,
    JobStarted,
    PictureDoubted,
    RecogniseDone,
    RecognitionRate,
    SourceLost,
    Threshold,
)
from engine.contract.errors import NoModel
from engine.contract.requests import RecogniseRequest
from tests.tui.samples import face, model, opened, person
from tui.words.events import describe

SIZES = [(80, 24), (120, 40), (160, 45)]
SIZE = SIZES[0]


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace", in_model="stale"),), (model(current=True),))


async def watch(table) -> None:
    table.desk.emit(JobStarted(job="recognise", title="Recognising from 0"))
    await table.until(lambda: "recognise" in table.app.board.titles, "recognition runs")


async def test_the_form_starts_watching_its_source(table):
    await table.press("r", "enter")
    await table.until(lambda: "recognise" in table.app.board.titles, "recognition runs")
    assert table.desk.asked("recognise") == [RecogniseRequest(source="0")]


async def test_sources_together_are_watched_at_once_and_offered_again(table):
    await table.press("r", "end", *"; my clip.mp4;1", "enter")
    await table.until(lambda: "recognise" in table.app.board.titles, "recognition runs")
    asked = RecogniseRequest(source="0", beside=("my clip.mp4", "1"))
    assert table.desk.asked("recognise") == [asked]
    await table.press("x")
    await table.until(lambda: not table.app.board.titles)
    await table.press("r")
    await table.shows("0; my clip.mp4; 1")


async def test_of_several_sources_each_face_says_which(table):
    await watch(table)
    door = face("known", "Ada Lovelace", track=1)
    table.desk.emit(opened(), face("known", "Ada Lovelace", track=1))
    await table.until(lambda: "KNOWN" in table.text("#recognition-now"))
    assert "rtsp://door" not in table.text("#recognition-now")
    table.desk.emit(
        dataclasses.replace(opened(), source="rtsp://door"),
        dataclasses.replace(door, source="rtsp://door", track=2),
    )
    await table.until(lambda: "rtsp://door" in table.text("#recognition-now"))
    assert "rtsp://door" in table.text("#recognition-source")


async def test_known_unsure_and_unknown_are_told_by_word(table):
    await watch(table)
    table.desk.emit(
        opened(),
        RecognitionRate(fps=14.2, frames=120, dropped=35, faces=3),
        face("known", "Ada Lovelace", track=1, score=0.41, stale=True),
        face("unsure", None, track=2, score=0.2),
        face("unknown", None, track=3, score=0.06),
    )
    await table.shows_at(
        SIZES, "KNOWN  Ada Lovelace STALE", "UNSURE", "UNKNOWN", "14.2 fps", "120 frames, 35"
    )
    now = table.text("#recognition-now")
    assert "match 90" in now
    assert "match 23" in now
    assert "votes 6/7" in now
    assert "since " in now
    assert "nearest Ada Lov" in now


async def test_changes_of_decision_stay_in_the_last_events(table):
    await watch(table)
    table.desk.emit(face("unsure"), face("known", "Ada Lovelace"), face("known", "Ada Lovelace"))
    await table.until(lambda: table.text("#recognition-history").count("\n") == 2)
    newest, oldest = table.text("#recognition-history").splitlines()[1:]
    assert "known   Ada Lovelace 90" in newest
    assert "unsure" in oldest


async def test_a_face_that_left_is_no_longer_in_view(table):
    await watch(table)
    table.desk.emit(opened(), face("known", "Ada Lovelace"))
    await table.until(lambda: "KNOWN" in table.text("#recognition-now"))
    table.clock.now += 3
    await table.until(lambda: "KNOWN" not in table.text("#recognition-now"))
    assert table.text("#recognition-who") == "Nobody in view"


async def test_the_threshold_is_told_in_words(table):
    await watch(table)
    table.desk.emit(
        Threshold(
            job="recognise",
            threshold=0.183,
            fpir=0.01,
            people=2,
            measured=320,
            fpir_low=0,
            fpir_high=0.011,
            sentence="",
            brief="at most 1 in 100 strangers",
        ),
        opened(),
        RecognitionRate(fps=14.2, frames=120, dropped=35, faces=0),
    )
    await table.shows_at(SIZES, "14.2 fps", "demo:collins")
    assert table.text("#recognition-threshold") == "at most 1 in 100 strangers"


async def test_the_end_sums_up(table):
    await watch(table)
    table.desk.emit(
        RecognitionRate(fps=14.2, frames=120, dropped=35, faces=1),
        RecogniseDone(frames=150, faces=140, fps=14.0, people={"Ada Lovelace": 120, "unknown": 20}),
        JobEnded(job="recognise", outcome="done"),
    )
    await table.until(lambda: "Ended: 150 frames" in table.text("#recognition-status"))
    assert "Ada Lovelace on 120 frames, 20 faces unknown" in table.text("#recognition-status")


def test_the_log_says_who_was_seen_on_how_many_frames():
    people = {"unsure": 2, "Grace Hopper": 98, "unknown": 1}
    line = describe(RecogniseDone(frames=110, faces=101, fps=14.0, people=people))
    seen = "Grace Hopper on 98 frames, 1 face unknown, 2 faces unsure"
    assert line.text == f"Watched 110 frames, 101 faces: {seen}"


def test_the_log_names_the_portrait_of_the_demo_camera():
    detail = "portrait of Grace Hopper"
    line = describe(dataclasses.replace(opened(), detail=detail))
    assert line.text == "Demo camera: portrait of Grace Hopper."


async def test_a_lost_camera_is_told_in_the_pane_that_uses_it(table):
    await watch(table)
    table.desk.emit(SourceLost(source="0", reason="no frame", attempt=2, retry_in=1.0))
    await table.until(lambda: "Source lost: attempt 2" in table.text("#recognition-status"))
    assert "Source lost: no frame" in table.log()


async def test_the_empty_pane_asks_for_a_model_only_where_there_is_none(run):
    for models, asks in (((), True), ((model(current=True),), False)):
        async with run(FakeDesk((person("Ada"),), models)) as table:
            shown = table.app.screen_desk.query_one("#recognition-empty")
            await table.until(lambda s=shown, a=asks: ("It needs a model" in str(s.content)) == a)


async def test_without_a_model_the_key_explains_itself(run):
    async with run(FakeDesk((person("Ada"),))) as table:
        assert table.app.screen_desk.check_action("recognise", ()) is None
        await table.press("r")
        await table.until(lambda: "no model yet: press t" in table.toasts())


async def test_what_the_engine_refuses_stays_in_the_form(run):
    table_desk = desk()
    table_desk.fail["recognise"] = NoModel("No model", "it was deleted", "Train one.")
    async with run(table_desk, size=(80, 24)) as table:
        await table.press("r", "enter")
        await table.shows("No model: it was deleted. Train one.")
        assert table.app.board.titles == {}


async def test_a_clock_that_is_set_back_keeps_nobody_in_view(table):
    await watch(table)
    table.desk.emit(opened(), face("known", "Ada Lovelace", track=1))
    await table.until(lambda: "KNOWN" in table.text("#recognition-now"))
    table.clock.now -= 3600
    await table.until(lambda: "Nobody in view" in table.text("#recognition-who"))
    table.desk.emit(face("known", "Ada Lovelace", track=1))
    await table.until(lambda: "KNOWN" in table.text("#recognition-now"))


async def test_a_picture_that_stands_still_is_said_in_the_pane(table):
    await watch(table)
    table.desk.emit(
        opened(),
        PictureDoubted(text="the picture stands still", source="0", trouble="still"),
    )
    await table.until(lambda: "stands still" in table.text("#recognition-status"))
