"""The split and training panes."""

from __future__ import annotations

import math

from fake_desk import FakeDesk
from textual.widgets import DataTable, Input

from engine.contract import FeaturesProgress, JobEnded, Threshold, TrainDone
from engine.contract.errors import TooFewPeople
from engine.contract.requests import SplitRequest, TrainRequest
from tests.tui.samples import epoch, model, person
from tui.widgets.curves import Canvas, Curves, loss_and_accuracy
from tui.words.events import failed_words

SIZES = [(80, 24), (120, 40), (160, 45)]
SIZE = SIZES[0]
TWO = (person("Ada Lovelace", 100), person("Grace Hopper", 6))


def desk() -> FakeDesk:
    return FakeDesk(TWO)


def rows(table, selector: str) -> list[list[str]]:
    data = table.app.screen_desk.query_one(selector, DataTable)
    return [[str(cell) for cell in data.get_row_at(n)] for n in range(data.row_count)]


async def train(table) -> None:
    await table.press("t")
    await table.until(lambda: "train" in table.app.board.titles, "training runs")


async def test_a_split_shows_counts_a_person_and_warnings(table):
    await table.press("s")
    await table.until(lambda: rows(table, "#split-table"))
    assert table.desk.asked("split") == [SplitRequest(train=0.7, validation=0.15, test=0.15)]
    assert rows(table, "#split-table") == [
        ["Ada Lovelace", "70", "15", "15"],
        ["Grace Hopper", "4", "1", "1"],
    ]
    await table.shows_at(SIZES, "Grace Hopper: only 6", "74 / 16 / 16", "blocks in")


async def test_shares_that_do_not_sum_to_one_are_refused_in_place(run):
    async with run(desk(), size=(80, 24)) as table:
        await table.press("3")
        await table.pilot.pause()
        table.app.screen_desk.query_one("#split-train").focus()
        await table.press("ctrl+u", "0", ".", "9", "enter")
        await table.shows("The shares sum to 1.2, not to 1.")
        assert table.desk.asked("split") == []


async def test_enter_in_a_field_of_the_training_trains(run):
    async with run(desk(), size=(80, 24)) as table:
        await table.press("4")
        await table.pilot.pause()
        next(iter(table.app.screen_desk.training.query(Input))).focus()
        await table.press("enter")
        await table.until(lambda: table.desk.asked("train"))
        assert not table.desk.asked("cancel")


def test_the_words_of_a_failed_job_are_cleaned_of_what_steers_a_terminal():
    event = JobEnded(job="train", outcome="failed", title="a\x1b[2J", message="b\u202e", hint="c")
    assert failed_words(event) == "Failed: a\ufffd[2J. b\ufffd. c"


async def test_edited_shares_and_seed_are_used(run):
    async with run(desk()) as table:
        for field, value in (("train", "0.5"), ("validation", "0.25"), ("test", "0.25")):
            table.app.screen_desk.query_one(f"#split-{field}", Input).value = value
        table.app.screen_desk.query_one("#split-seed", Input).value = "7"
        await table.press("s")
        await table.until(lambda: table.desk.asked("split"))
        assert table.desk.asked("split") == [
            SplitRequest(train=0.5, validation=0.25, test=0.25, seed=7)
        ]


async def test_letters_in_a_number_field_are_keys_of_the_app(table):
    table.app.screen_desk.query_one("#split-train").focus()
    await table.press("t")
    await table.until(lambda: table.desk.asked("train"))
    assert table.app.screen_desk.query_one("#split-train", Input).value == "0.7"


async def test_epochs_grow_the_table_and_the_best_is_marked(table):
    await train(table)
    assert table.desk.asked("train") == [TrainRequest(recipe="head", options={"epochs": 30})]
    table.desk.emit(epoch(1, 1), epoch(2, 2), epoch(3, 2))
    await table.until(lambda: len(rows(table, "#training-table")) == 3)
    first, second, third = rows(table, "#training-table")
    assert [first[0], second[0], third[0]] == ["1", "★ 2", "3"]
    await table.shows_at(SIZES, "Epoch 3 of 12", "best epoch 2", "3/12", "▲2", "1.450", "━v")


async def test_features_come_before_the_first_epoch(table):
    await train(table)
    table.desk.emit(FeaturesProgress(done=20, total=106, cached=12))
    await table.shows("VGG16 features of the pictures, 12 cached", "20/106")


async def test_the_end_of_training_is_told_and_the_title_names_the_model(run):
    desk = FakeDesk(TWO)
    async with run(desk, size=(80, 24)) as table:
        assert "no model yet" in table.screen()
        await train(table)
        desk.model_rows = (model(current=True),)
        desk.emit(
            epoch(1, 1),
            TrainDone(
                model="20261124-093000",
                recipe="head",
                seconds=21,
                epochs=12,
                best_epoch=9,
                promoted=True,
                people=("Ada Lovelace", "Grace Hopper"),
                metrics={},
            ),
            JobEnded(job="train", outcome="done"),
        )
        await table.shows("In use: model of 2 people, trained in 21 s.", "model of 2026-11-24")


async def test_what_the_new_threshold_means_is_told_in_a_sentence(table):
    await train(table)
    table.desk.emit(
        epoch(1, 1),
        epoch(2, 2),
        Threshold(
            job="train",
            threshold=0.183,
            fpir=0.01,
            people=2,
            measured=120,
            fpir_low=0,
            fpir_high=0.046,
            sentence="At most 4 of 100 strangers are named (95 %); measured on 120 strangers, "
            "1 of whom was.",
            brief="at most 4 in 100 strangers",
        ),
    )
    await table.until(lambda: table.text("#training-threshold") == "at most 4 in 100 strangers")
    await table.shows_at(SIZES, "at most 4 in 100", "★ 2", "▲2")
    assert table.text("#recognition-threshold") == ""


async def test_recipe_classic_brings_its_own_epochs(run):
    async with run(desk()) as table:
        recipe = table.app.screen_desk.query_one("#training-recipe")
        recipe.value = "classic"
        await table.until(
            lambda: table.app.screen_desk.query_one("#training-classic_epochs", Input).display
        )
        await table.press("t")
        await table.until(lambda: table.desk.asked("train"))
        assert table.desk.asked("train") == [
            TrainRequest(recipe="classic", options={"epochs": 10, "input_side": 160})
        ]


async def test_no_epochs_are_refused_in_place(run):
    async with run(desk(), size=(80, 24)) as table:
        table.app.screen_desk.query_one("#training-epochs", Input).value = ""
        await table.press("t")
        await table.shows("Epochs: a whole number from 1 to 1000.")
        assert table.desk.asked("train") == []


async def test_training_twice_is_explained(table):
    await train(table)
    await table.press("t")
    await table.until(lambda: "A training is running already" in table.toasts())
    assert len(table.desk.asked("train")) == 1


async def test_what_the_engine_refuses_is_a_toast_and_a_line(run):
    desk = FakeDesk(TWO)
    desk.fail["train"] = TooFewPeople("Too few people", "classic needs two", "Enrol one more.")
    async with run(desk) as table:
        await table.press("t")
        await table.until(lambda: "Too few people" in table.toasts())
        assert "ERROR Too few people: classic needs two → Enrol one more." in table.log()


async def test_training_and_capture_run_side_by_side_and_escape_means_the_pane_in_front(table):
    await train(table)
    await table.press("n", "B", "o", "b", "enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    await table.press("4")
    await table.pilot.pause()
    await table.press("escape", "escape")
    assert table.desk.asked("cancel") == []
    await table.press("escape", "y")
    await table.until(lambda: table.desk.asked("cancel"))
    assert table.desk.asked("cancel") == ["train"]


def test_a_line_joins_its_ends_and_a_dotted_one_leaves_gaps():
    canvas = Canvas(4, 1)
    canvas.line((0, 0), (7, 0), owner=1, every=1)
    assert "".join(canvas.glyph(c, 0) for c in range(4)) == "⠉⠉⠉⠉"
    dotted = Canvas(4, 1)
    dotted.line((0, 0), (7, 0), owner=0, every=2)
    assert "".join(dotted.glyph(c, 0) for c in range(4)) == "⠁⠁⠁⠁"


def test_dots_outside_the_raster_are_left_out():
    canvas = Canvas(1, 1)
    canvas.dot(-1, 0, 0)
    canvas.dot(0, 4, 0)
    assert canvas.glyph(0, 0) == " "


async def test_curves_bear_missing_values_and_a_single_epoch(table):
    await train(table)
    table.desk.emit(epoch(1, 1, val_loss=math.nan, val_accuracy=math.nan))
    await table.until(lambda: len(rows(table, "#training-table")) == 1)
    assert rows(table, "#training-table")[0][2] == "-"
    drawn = str(table.app.screen_desk.query_one("#curve-loss", Curves).render())
    assert "━v -" in drawn


async def test_a_model_that_is_kept_aside_is_told_and_can_be_put_into_use(run):
    why = "Of 30 held-out pictures the model in use names 30 rightly, the new one 12."
    desk = FakeDesk(TWO, (model("old", current=True),))
    async with run(desk, size=(80, 24)) as table:
        await train(table)
        desk.model_rows = (model("new", aside=why), model("old", current=True))
        desk.emit(
            epoch(1, 1),
            TrainDone(
                model="new",
                recipe="head",
                seconds=21,
                epochs=12,
                best_epoch=9,
                promoted=False,
                people=("Ada Lovelace", "Grace Hopper"),
                metrics={},
                why=why,
            ),
            JobEnded(job="train", outcome="done"),
        )
        told = "NOT in use: it names strangers or takes two people for one; m says more."
        await table.until(lambda: told in table.text("#training-status"))
        assert told in table.toasts()
        assert f"! Model new trained in 21 s. It is NOT in use. {why}" in table.log()
        await table.press("m")
        await table.shows("aside", "in use", "Kept aside when it was trained. Of 30 held-out")
        await table.press("P")
        await table.until(lambda: desk.asked("promote"))
        assert desk.asked("promote") == ["new"]
        await table.until(lambda: table.app.screen.rows[0].current)


async def test_a_stopped_training_shows_the_model_it_kept(run):
    desk = FakeDesk(TWO)
    async with run(desk, size=(80, 24)) as table:
        await train(table)
        desk.emit(epoch(1, 1), epoch(2, 2))
        await table.until(lambda: len(rows(table, "#training-table")) == 2)
        desk.model_rows = (model("m", current=True),)
        desk.emit(
            TrainDone(
                model="m",
                recipe="head",
                seconds=3,
                epochs=2,
                best_epoch=2,
                promoted=True,
                people=("Ada Lovelace",),
                metrics={},
            )
        )
        await table.press("x")
        await table.until(lambda: not table.app.board.titles)
        assert desk.asked("stop") == ["train"]
        told = "In use: model of 1 person, trained in 3 s."
        await table.until(lambda: told in table.text("#training-status"))
        await table.shows("r recognise")


async def test_every_option_of_a_recipe_can_be_read_at_every_size(run):
    async with run(desk(), size=SIZES[0]) as table:
        await table.press("4")
        table.app.screen_desk.query_one("#training-recipe").value = "classic"
        await table.shows_at((*SIZES[:2], (200, 60)), "Epochs", "Input side", "160")


def test_an_axis_of_one_value_does_not_go_below_nothing():
    loss, _accuracy = loss_and_accuracy("c")
    assert loss._range([0.0]) == (0.0, 0.5)
    assert loss._range([2.0]) == (1.5, 2.5)
