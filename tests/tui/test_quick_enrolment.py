"""From `n` to recognition: what follows a capture by itself, and what ends it."""

from __future__ import annotations

import pytest_asyncio
from fake_desk import FakeDesk

from engine.contract import EnrolDone, JobEnded, TrainDone
from engine.contract.errors import NoPictures
from engine.contract.requests import EnrolRequest, RecogniseRequest, SplitRequest, TrainRequest
from tests.tui.samples import captured, model, person

SIZES = [(80, 24), (120, 40), (160, 45)]
SIZE = SIZES[0]


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace"),), (model(current=True),))


@pytest_asyncio.fixture(loop_scope="module")
async def table(table):
    """An app that remembers no run of another test."""
    yield table
    quick = table.app.quick
    quick.steps, quick._asked, quick.then_train = None, None, True


async def form_sent(table, *more):
    """Fill in the form for Grace Hopper and send it."""
    await table.press("n")
    await table.type("Grace Hopper")
    await table.press(*more, "enter")
    await table.until(lambda: "enrol" in table.app.board.titles, "enrolment runs")


async def start(table, source=""):
    """What sending the form does: it offers the source used last."""
    source = source or table.app.last_used.source
    request = EnrolRequest(person="Grace Hopper", source=source, count=12)
    await table.app.quick.enrol(request, train=True)
    await table.until(lambda: "enrol" in table.app.board.titles, "enrolment runs")


async def watch_hall(table):
    await table.app.jobs.recognise(RecogniseRequest(source="hall.mp4"))
    await table.until(lambda: "recognise" in table.app.board.titles)


def capture(kept, ended):
    done = EnrolDone(
        person="Grace Hopper",
        session="s1",
        captured=kept,
        target=12,
        refused={},
        seconds=4,
        ended=ended,
    )
    return captured(kept, name="Grace Hopper"), done


def capture_ends(table, kept=12, ended="complete", outcome="done"):
    table.desk.emit(*capture(kept, ended), JobEnded(job="enrol", outcome=outcome))


def training_ends(table, *, promoted=True, outcome="done"):
    done = TrainDone(
        model="20261124-100000",
        recipe="head",
        people=("Ada Lovelace", "Grace Hopper"),
        epochs=3,
        best_epoch=3,
        seconds=9,
        metrics={},
        promoted=promoted,
        probes=158,
        named_before=149,
        named_now=158 if promoted else 116,
    )
    table.desk.emit(*([done] if outcome == "done" else []), JobEnded(job="train", outcome=outcome))


async def both_end(table):
    """The capture, and the training that follows it."""
    capture_ends(table)
    await table.until(lambda: table.desk.asked("train"))
    training_ends(table)


async def test_a_name_and_enter_lead_to_recognition(table):
    await form_sent(table)
    asked = EnrolRequest(person="Grace Hopper", source="0", count=100)
    assert table.desk.asked("enrol") == [asked]
    await table.shows_at(SIZES, "●capture ○split ○train ○recognise")
    capture_ends(table)
    await table.until(lambda: table.desk.asked("train"), "training starts by itself")
    await table.shows("✓capture ✓split ●train ○recognise")
    assert isinstance(table.desk.asked("split")[0], SplitRequest)
    assert table.desk.asked("train") == [TrainRequest()]
    training_ends(table)
    await table.until(lambda: "recognise" in table.app.board.titles)
    assert table.desk.asked("recognise") == [RecogniseRequest(source="0")]
    told = "Grace Hopper enrolled and recognised from now on."
    await table.shows_at(SIZES, told)
    table.desk.emit(JobEnded(job="recognise", outcome="done"))
    await table.until(lambda: not table.app.board.titles)
    assert told in table.text("#capture-steps")


async def test_recognition_makes_room_for_n_and_comes_back_with_its_own_source(table):
    await watch_hall(table)
    await start(table)
    assert table.desk.asked("stop") == ["recognise"]
    await both_end(table)
    await table.until(lambda: len(table.desk.asked("recognise")) == 2)
    assert table.desk.asked("recognise")[1] == RecogniseRequest(source="hall.mp4")


async def test_n_while_watching_goes_on_with_the_source_of_the_enrolment(table):
    await watch_hall(table)
    await start(table, "door.mp4")
    await both_end(table)
    await table.until(lambda: len(table.desk.asked("recognise")) == 2)
    assert table.desk.asked("recognise")[1] == RecogniseRequest(source="door.mp4")


async def test_the_name_is_offered_again_after_a_capture_that_failed_without_a_picture(table):
    await form_sent(table)
    table.desk.emit(JobEnded(job="enrol", outcome="failed", title="No source"))
    await table.until(lambda: not table.app.board.titles)
    await table.press("n")
    await table.until(lambda: table.app.screen.query_one("#form-name").value == "Grace Hopper")
    await table.press("enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    await both_end(table)
    await table.until(lambda: "recognise" in table.app.board.titles)
    await table.press("n")
    await table.until(lambda: table.app.screen.query_one("#form-name").value == "")


async def test_a_capture_that_fails_brings_back_what_was_watched(table):
    await watch_hall(table)
    await start(table, "door.mp4")
    table.desk.emit(JobEnded(job="enrol", outcome="failed", title="No source"))
    await table.until(lambda: len(table.desk.asked("recognise")) == 2)
    assert table.desk.asked("recognise")[1] == RecogniseRequest(source="hall.mp4")


async def test_a_name_that_cannot_be_used_does_not_end_recognition(table):
    await watch_hall(table)
    await table.press("n", "a", "slash", "b", "enter")
    await table.shows("slash")
    assert not table.desk.asked("stop")


async def test_without_the_tick_nothing_follows_and_that_is_remembered(table):
    await form_sent(table, "tab", "tab", "tab", "space")
    capture_ends(table)
    await table.until(lambda: not table.app.board.titles)
    await table.pilot.pause()
    assert not table.desk.asked("split")
    await table.press("n")
    assert not table.app.screen.query_one("#form-train").value


async def test_a_capture_of_no_use_ends_the_run_with_a_sentence(table):
    for kept, ended, why in (
        (12, "cancelled", "the capture was given up"),
        (2, "stopped", "2 pictures are too few"),
    ):
        await start(table)
        capture_ends(table, kept, ended, outcome=ended)
        await table.until(lambda why=why: why in table.text("#capture-steps"), why)
        assert "✗capture" in table.text("#capture-steps")
    assert not table.desk.asked("train")


async def test_a_stopped_capture_goes_on_with_what_it_has(table):
    await start(table)
    capture_ends(table, 7, "stopped", "stopped")
    await table.until(lambda: table.desk.asked("train") == [TrainRequest()])


async def test_escape_keeps_the_pictures_and_nothing_follows(table):
    await start(table)
    table.desk.emit(*capture(7, "stopped"))
    await table.press("escape")
    told = "Not trained: 7 pictures of Grace Hopper kept. Press t to train."
    await table.until(lambda: told in table.text("#capture-steps"))
    assert not table.desk.asked("split")
    assert not table.desk.asked("cancel")


async def test_escape_in_the_training_ends_the_run_and_recognition_comes_back(table):
    await watch_hall(table)
    await start(table)
    capture_ends(table)
    await table.until(lambda: "train" in table.app.board.titles)
    await table.press("escape", "y")
    await table.until(lambda: "recognise" in table.app.board.titles)
    assert table.desk.asked("cancel") == ["train"]
    assert "The training was cancelled" in table.text("#capture-steps")


async def test_what_cannot_be_trained_is_said(table):
    table.desk.fail["train"] = NoPictures("Too few pictures", "one a person", "Enrol more.")
    await start(table)
    capture_ends(table)
    await table.until(lambda: "Too few pictures" in table.text("#capture-steps"))
    assert "✗train" in table.text("#capture-steps")


async def test_with_a_model_kept_aside_the_one_before_is_used(table):
    await start(table)
    capture_ends(table)
    await table.until(lambda: "train" in table.app.board.titles)
    training_ends(table, promoted=False)
    await table.until(lambda: "recognise" in table.app.board.titles)
    told = "NOT in use: the new model is worse (149 -> 116 of 158); m compares."
    await table.shows_at(SIZES, told)
    assert f"Grace Hopper enrolled. {told}" in table.text("#capture-steps")
    assert "!train" in table.text("#capture-steps")
