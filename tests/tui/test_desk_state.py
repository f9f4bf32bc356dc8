"""Nothing on the desk is of before: after an end, a restart, another size, another list."""

from __future__ import annotations

from dataclasses import replace

from fake_desk import FakeDesk

from engine.contract import EnrolDone, JobEnded, JobStarted, TrainDone
from tests.tui.samples import captured, coaching, epoch, model, opened, person
from tui.panes.base import Log
from tui.panes.training import verdict

PEOPLE = tuple(person(name) for name in ("Ada", "Bob", "Cy", "Dan"))


def desk() -> FakeDesk:
    return FakeDesk(PEOPLE)


def trained(*, promoted: bool = True, id: str = "new", **fields: object) -> TrainDone:
    done = TrainDone(
        model=id,
        recipe="head",
        people=("Ada", "Bob"),
        epochs=3,
        best_epoch=3,
        seconds=9,
        metrics={},
        promoted=promoted,
    )
    return replace(done, **fields)


WORSE = {"probes": 158, "named_before": 149, "named_now": 116}


# --- how a training ended -------------------------------------------------------------------


def test_a_model_in_use_says_so_with_its_figures():
    told = "In use: model of 2 people, 149 -> 152 of 158 held-out pictures named rightly"
    assert verdict(trained(probes=158, named_before=149, named_now=152)).startswith(told)


def test_a_model_kept_aside_says_that_it_is_not_in_use_and_why():
    told = verdict(trained(promoted=False, **WORSE))
    assert told == "NOT in use: the new model is worse (149 -> 116 of 158); m compares."
    told = verdict(trained(promoted=False, probes=9, named_before=9, named_now=9))
    assert told.startswith("NOT in use: it names strangers or takes two people for one")


async def test_the_line_of_a_model_kept_aside_stays_in_its_pane(table):
    rows = (model("old", current=True),)
    await table.begin(FakeDesk(PEOPLE, rows))
    table.desk.emit(JobStarted(job="train", title="Training"), epoch(1, 1))
    await table.until(lambda: table.app.screen_desk.training.epochs)
    table.desk.emit(trained(promoted=False, **WORSE), JobEnded(job="train", outcome="done"))
    told = "NOT in use: the new model is worse (149 -> 116 of 158); m compares."
    await table.until(lambda: len(table.desk.asked("models")) > 1)
    for size in [(80, 24), (120, 40), (200, 60)]:
        await table.pilot.resize_terminal(*size)
        assert table.text("#training-status") == told


# --- no state of before ---------------------------------------------------------------------


async def test_views_and_seconds_left_go_with_a_capture_that_ends_early(table):
    table.desk.emit(JobStarted(job="enrol", title="Enrolling Zed"), opened(), captured(3))
    said = coaching({("frontal", "middle"): 3}, seconds_left=40.0)
    table.desk.emit(said)
    await table.until(lambda: table.text("#capture-advice"))
    done = EnrolDone(
        person="Zed",
        session="s",
        captured=3,
        target=30,
        refused={},
        seconds=4,
        ended="stopped",
    )
    table.desk.emit(done, JobEnded(job="enrol", outcome="stopped"))
    await table.until(lambda: "stopped" in table.text("#capture-status"))
    await table.pilot.pause()
    assert not table.app.screen_desk.query_one("#capture-grid").display
    assert table.text("#capture-last") == ""
    assert table.text("#capture-advice") == ""


async def test_after_a_restart_the_training_pane_shows_the_model_in_use(run):
    history = tuple(epoch(n, n) for n in (1, 2, 3))
    rows = (model("m", current=True, history=history),)
    async with run(FakeDesk(PEOPLE, rows), size=(120, 40)) as table:
        await table.press("4")
        await table.shows("In use: model of 2026-11-24")
        assert "No training yet" not in table.screen()
        assert table.app.screen_desk.training.epochs == list(history)


async def test_a_model_put_in_use_elsewhere_replaces_the_training_shown(table):
    rows = (model("old", current=True),)
    await table.begin(FakeDesk(PEOPLE, rows))
    table.desk.emit(JobStarted(job="train", title="Training"), trained())
    table.desk.emit(JobEnded(job="train", outcome="done"))
    await table.until(lambda: "model of 2026-11-24" in table.text("#training-status"))


async def test_before_the_first_epoch_no_loss_is_shown(table):
    history = tuple(epoch(n, n, val_loss=0.0) for n in (1, 2, 3))
    rows = (model("m", current=True, history=history),)
    await table.begin(FakeDesk(PEOPLE, rows))
    table.desk.emit(JobStarted(job="train", title="Training"))
    await table.shows("Training: preparing")
    assert "0.00" not in table.screen()


async def test_the_split_that_a_training_made_is_shown_while_it_runs(table):
    await table.until(lambda: table.desk.asked("current_split"))
    before = len(table.desk.asked("current_split"))
    table.desk.emit(JobStarted(job="train", title="Training"), epoch(1, 1))
    await table.until(lambda: len(table.desk.asked("current_split")) > before)
    assert table.app.board.titles


# --- the log --------------------------------------------------------------------------------


async def test_the_log_wraps_to_its_width_and_follows_its_end_after_a_zoom(table):
    for n in range(60):
        table.app.tell(f"line {n} " + "word " * 20)
    await table.press("6")
    log = table.app.screen_desk.query_one(Log)
    for key in ("z", "z"):
        await table.press(key)
        await table.until(lambda: log.max_scroll_x == 0 and log.is_vertical_scroll_end)
        await table.shows("line 59")
        widest = max(line.cell_length for line in log.lines)
        assert widest <= log.scrollable_content_region.width


async def test_a_log_that_was_scrolled_back_stays_there(run):
    async with run(desk()) as table:
        for n in range(60):
            table.app.tell(f"line {n}")
        await table.press("6")
        log = table.app.screen_desk.query_one(Log)
        await table.until(lambda: log.max_scroll_y > 0)
        await table.press("home")
        await table.until(lambda: log.scroll_y == 0)
        table.app.tell("another line")
        await table.pilot.pause()
        assert log.scroll_y == 0


async def test_lines_that_came_while_the_log_was_folded_are_wrapped_when_it_shows(table):
    table.desk.emit(JobStarted(job="enrol", title="Enrolling Zed"), opened())
    await table.until(lambda: table.app.board.titles)
    await table.pilot.pause()
    table.app.tell("a long line " + "word " * 40 + "end of it")
    await table.press("6")
    await table.shows("end of it")


# --- the cursor in the list of people -------------------------------------------------------


def selected(table) -> str:
    return table.app.screen_desk.people.selected.name


async def test_the_cursor_stays_in_its_line_after_a_delete_and_on_its_person_after_an_undo(table):
    await table.press("down")
    assert selected(table) == "Bob"
    await table.press("d", "y")
    await table.until(lambda: len(table.app.screen_desk.people.rows) == 3)
    assert selected(table) == "Cy"
    await table.press("u")
    await table.until(lambda: len(table.app.screen_desk.people.rows) == 4)
    assert selected(table) == "Cy"


async def test_the_cursor_stays_on_its_person_when_somebody_is_enrolled(table):
    await table.press("down", "down")
    table.desk.rows = (person("Aaron"), *PEOPLE)
    table.app.reload()
    await table.until(lambda: len(table.app.screen_desk.people.rows) == 5)
    assert selected(table) == "Cy"
