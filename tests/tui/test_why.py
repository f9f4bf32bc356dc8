"""The why panel: words, pictures, and that it follows the recognition."""

from __future__ import annotations

import gc
import warnings
from dataclasses import replace

import pytest
from fake_desk import FakeDesk

from engine.contract import JobEnded, NothingToExplain, Rule
from engine.contract.requests import RecogniseRequest
from tests.tui.samples import face, gates, model, person, why
from tui.screens.evaluation import EvaluationScreen
from tui.screens.why import WhyScreen
from tui.widgets.crop import Crop
from tui.words.coach import quality, sentences

SIZES = [(80, 24), (120, 40), (160, 45)]
SIZE = SIZES[0]


async def watching(table, *faces):
    await table.app.jobs.recognise(RecogniseRequest(source="demo:collins"))
    await table.until(lambda: "recognise" in table.app.board.titles)
    table.desk.emit(*faces)
    await table.until(lambda: table.app.screen_desk.recognition.sightings)


def desk():
    return FakeDesk((person("Ada Lovelace"),), (model(current=True),))


async def test_the_decision_is_told_in_words_with_its_pictures(table):
    await watching(table, face("known", "Ada Lovelace", score=0.62))
    await table.press("W")
    await table.until(lambda: table.desk.asked("why"))
    assert table.desk.asked("why")[0] == 1
    table.desk.emit(why())
    await table.shows_at(
        SIZES,
        "KNOWN",
        "Ada Lovelace: match 80; 6 of 7 frames agree.",
        "Next is Grace Hopper with match 6.",
        "brightness 121 (needs 45)",
        "this face",
        "0.83 Ada Lovelace",
        "0.31 Grace",
        "▀▀▀▀▀▀",
    )
    assert len(table.desk.asked("picture")) == 3


async def test_another_face_is_explained_when_it_is_selected(table):
    await watching(
        table, face("known", "Ada Lovelace", track=1), face("unknown", track=2, score=0.1)
    )
    await table.press("W")
    await table.until(lambda: 2 in table.desk.asked("why"))
    await table.press("down")
    await table.until(lambda: 1 in table.desk.asked("why"))
    table.desk.emit(why(2, rule=Rule.BELOW_THRESHOLD))
    table.desk.emit(why(1))
    await table.shows("Ada Lovelace: match 80")
    assert "Unknown: nearest" not in table.screen()


async def test_an_answer_that_the_next_one_overtakes_leaves_nothing_undone(table):
    await watching(table, face("known", "Ada Lovelace"))
    await table.press("W")
    await table.until(lambda: table.desk.asked("why"))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table.app.screen.show(replace(why(), nearest=()))
        table.app.screen.show(why())  # before the crops of the first were begun
        await table.shows("0.83 Ada Lovelace")
        gc.collect()
    assert [str(each.message) for each in said] == []


async def test_it_stays_possible_after_the_recognition_has_ended(table):
    await watching(table, face("unknown"))
    table.desk.emit(JobEnded(job="recognise", outcome="done"))
    await table.until(lambda: not table.app.board.titles)
    await table.press("W")
    await table.until(lambda: isinstance(table.app.screen, WhyScreen))
    await table.until(lambda: table.desk.asked("why"))
    table.desk.emit(NothingToExplain(track=1))
    await table.shows("Nothing is kept about this face any more.")
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)


async def test_with_nobody_recognised_the_key_says_what_to_do_first(run):
    async with run(desk()) as table:
        await table.press("W")
        await table.until(lambda: "Press r" in table.toasts())
        assert table.app.screen is table.app.screen_desk


async def test_the_key_works_on_the_desk_alone(table):
    await watching(table, face("unknown"))
    await table.press("v")
    await table.until(lambda: table.app.open_screen(EvaluationScreen) is not None)
    await table.press("W")
    assert not isinstance(table.app.screen, WhyScreen)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"rule": Rule.BELOW_THRESHOLD, "decision": "unknown", "person": None, "score": 0.2},
            "Unknown: nearest is Ada Lovelace with match 5, 50 is needed.",
        ),
        (
            {"rule": Rule.TOO_FEW_FRAMES, "decision": "unsure", "person": None, "of": 1},
            "Unsure: 1 frame so far, 3 are needed",
        ),
        (
            {"rule": Rule.NO_MAJORITY, "decision": "unsure", "person": None, "votes": 3},
            "only 3 of 7 frames name Ada Lovelace, more than half must",
        ),
        ({"runner_up": None}, "Nobody else is in this model."),
        ({"window": 1, "of": 1}, "One picture decided by itself."),
        ({}, "Score 0.62, threshold 0.48."),
        ({"stale": True}, "Pictures of this person changed since training"),
        ({"compared": 0, "nearest": ()}, "No enrolled picture to compare with"),
    ],
)
def test_each_rule_has_its_sentence(fields, words):
    assert words in "\n".join(sentences(why(**fields)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gates": gates(brightness=38.0)}, "LOW brightness 38 (needs 45)"),
        ({"gates": gates(brightness=230.0)}, "TOO BRIGHT 230, at most 215"),
        ({"gates": gates(sharpness=88.0)}, "LOW sharpness 88 (needs 150)"),
        ({"gates": gates(width=61)}, "LOW face 61 px (needs 80)"),
        ({"eyes_found": False}, "EYES NOT FOUND"),
    ],
)
def test_what_falls_short_in_the_probe_is_a_word_and_not_a_colour(fields, words):
    assert words in quality(why(**fields))


async def test_a_picture_that_cannot_be_read_leaves_its_caption(table):
    await watching(table, face("unknown"))
    await table.press("W")
    table.desk.emit(why(crop=b"no picture"))
    await table.until(
        lambda: (
            isinstance(table.app.screen, WhyScreen)
            and table.app.screen.query_one("#why-probe", Crop).caption == "this face"
        )
    )
    await table.shows("this face")
