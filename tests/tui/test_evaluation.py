"""The evaluation screen: opening, measuring, reading, writing the report."""

from __future__ import annotations

import pytest
from evaluations import MODEL, curve, evaluation, names
from fake_desk import FakeDesk
from textual.widgets import DataTable, Input, Static

from engine.contract import FeaturesProgress, JobEnded, TrainDone
from engine.contract.errors import DataError
from engine.contract.requests import EvaluateRequest
from tests.tui.samples import model, person
from tui.screens.dialog import Confirm
from tui.screens.evaluation import EvaluationScreen
from tui.widgets.plots import Confusion, ShareRow, tpir_over_fpir
from tui.words.events import describe

SIZE = (80, 24)
SIZES = [SIZE, (120, 40), (160, 45)]
ENDED = JobEnded(job="evaluate", outcome="done")
PARTS = ("overview", "persons", "confusion", "curve", "doubtful")


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace", in_model="yes"),), (model(MODEL, current=True),))


async def opened(table, result=None) -> EvaluationScreen:
    """Press v, and let the evaluation that begins end with `result`."""
    await table.press("v")
    await table.until(lambda: "evaluate" in table.app.board.titles, "measuring has begun")
    if result is not None:
        table.desk.emit(result, ENDED)
        await table.until(lambda: table.app.evaluation.result is result)
        await table.until(lambda: not table.app.board.titles)
        await table.pilot.pause()
    return table.app.screen


async def measuring(table, *requests: EvaluateRequest) -> None:
    """Wait until these have been asked for, and the last of them runs."""
    await table.until(
        lambda: (
            tuple(table.desk.asked("evaluate")) == requests and "evaluate" in table.app.board.titles
        ),
        "measuring",
    )


def inside(table, name: str) -> bool:
    focused = table.app.focused
    return focused is not None and any(getattr(n, "id", "") == name for n in focused.ancestors)


# --- opening and measuring ----------------------------------------------------------------


async def test_v_opens_the_screen_and_measures_the_model_in_use(table):
    await opened(table)
    assert table.desk.asked("evaluate") == [EvaluateRequest()]
    await table.shows("Evaluating the model: preparing", "x Stop")
    table.desk.emit(FeaturesProgress(done=20, total=106, cached=12))
    await table.shows("VGG16 features of the pictures, 12 cached", "20/106")
    table.desk.emit(FeaturesProgress(done=106, total=106, cached=12))
    await table.shows("Evaluating the model: comparing")


async def test_a_result_there_is_shown_without_measuring_again(table):
    await opened(table, evaluation())
    await table.press("escape", "v")
    await table.shows("Right at rank 1")
    assert len(table.desk.asked("evaluate")) == 1


async def test_v_within_the_screen_measures_again(table):
    await opened(table, evaluation())
    await table.press("v")
    await measuring(table, EvaluateRequest(), EvaluateRequest())


async def test_the_evaluation_goes_on_while_the_screen_is_closed(table):
    await opened(table)
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert "evaluate" in table.app.board.titles
    table.desk.emit(evaluation(), ENDED)
    await table.until(lambda: "Evaluated: 94 % of enrolled named" in table.log())
    await table.press("v")
    await table.shows("Right at rank 1")


async def test_another_model_in_use_is_told_and_measured_by_the_next_v(table):
    await opened(table, evaluation())
    table.desk.model_rows = (model("newer", current=True), model(MODEL))
    table.desk.emit(TrainDone(model="newer", promoted=True, **a_training()))
    await table.shows("Another model is in use by now: v measures it.")
    await table.press("escape", "v")
    await measuring(table, EvaluateRequest(), EvaluateRequest())


def a_training() -> dict[str, object]:
    return {
        "recipe": "head",
        "seconds": 9.0,
        "epochs": 3,
        "best_epoch": 2,
        "people": ("Ada",),
        "metrics": {},
    }


async def test_without_a_model_the_screen_says_what_to_do(table):
    await table.begin(FakeDesk((person("Ada"),)))
    await table.press("v")
    await table.shows("No model yet: press t on the desk to train one.")
    assert table.desk.asked("evaluate") == []


async def test_the_palette_opens_the_screen(table):
    commands = {c.title: c for c in table.app.get_system_commands(table.app.screen)}
    await commands["Evaluate (v)"].callback()
    await measuring(table, EvaluateRequest())
    assert isinstance(table.app.screen, EvaluationScreen)


# --- beside other jobs --------------------------------------------------------------------


async def test_nothing_is_measured_while_a_training_runs(table):
    await table.press("t")
    await table.until(lambda: "train" in table.app.board.titles)
    await table.press("v")
    await table.shows("A training is running: press v when it has ended.")
    assert table.desk.asked("evaluate") == []
    await table.press("v")
    await table.until(lambda: "A training is running" in table.toasts())


@pytest.mark.parametrize(("key", "call"), [("t", "train"), ("s", "split")])
async def test_neither_training_nor_split_begin_while_the_model_is_measured(table, key, call):
    await opened(table)
    await table.press("escape", key)
    await table.until(lambda: "evaluation of this split's model" in table.toasts())
    assert table.desk.asked(call) == []


async def test_x_in_the_screen_gives_the_evaluation_up(table):
    await opened(table)
    await table.press("x")
    await table.shows("The evaluation was given up: v measures again.")
    assert table.desk.asked("stop") == ["evaluate"]


async def test_escape_on_the_desk_asks_before_the_evaluation_is_given_up(table):
    await opened(table)
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    await table.press("escape")
    await table.until(lambda: isinstance(table.app.screen, Confirm))
    assert not table.desk.asked("cancel")
    await table.press("y")
    await table.until(lambda: table.desk.asked("cancel"))
    assert table.desk.asked("cancel") == ["evaluate"]


async def test_people_are_not_deleted_while_the_model_is_measured(table):
    await opened(table)
    await table.press("escape")
    table.app.people.action_delete()
    await table.until(lambda: "Not while this runs: Evaluating" in table.toasts())


async def test_quitting_while_the_model_is_measured_does_not_ask(table):
    await opened(table)
    await table.press("escape", "q")
    await table.until(lambda: not table.app.is_running)


# --- trouble ------------------------------------------------------------------------------


async def test_a_failure_is_a_toast_a_line_and_stays_in_the_screen(table):
    failed = JobEnded(
        job="evaluate", outcome="failed", title="No probes", message="none", hint="Split first."
    )
    await opened(table)
    table.desk.emit(failed)
    await table.shows("Failed: No probes. none. Split first.")
    assert "No probes" in table.toasts()
    assert "ERROR Evaluating the model: No probes: none → Split first." in table.log()


async def test_what_the_engine_refuses_at_once_is_a_toast(table):
    table.desk.fail["evaluate"] = DataError("No split", "no held-out pictures", "Press s.")
    await table.press("v")
    await table.until(lambda: "No split" in table.toasts())
    await table.shows("Not measured yet.")


# --- reading ------------------------------------------------------------------------------


async def test_number_keys_bring_each_part_to_the_front_alone_or_among_all_where_there_is_room(
    table,
):
    screen = await opened(table, evaluation(31))
    for size, together in zip(SIZES, (1, 5), strict=False):
        await table.pilot.resize_terminal(*size)
        for number, name in enumerate(PARTS, 1):
            await table.press(str(number))
            await table.until(lambda name=name: inside(table, name), f"{name} focused")
            assert sum(bool(part.region.area) for part in screen.parts) == together
            part = screen.query_one(f"#{name}")
            assert part.region.height >= 6
            assert screen.region.contains_region(part.region)


async def test_the_overview_tells_shares_bounds_and_what_they_rest_on(table):
    await opened(table, evaluation())
    await table.shows_at(
        SIZES,
        "94 % of enrolled named",
        "0.972 0.875 to 0.999",
        "Strangers named (FPIR)",
        "TPIR at FPIR 1 %",
        "Too few strangers for FPIR 0.1 %.",
        "0.182, set for FPIR 1 %",
        "36 probes, 2 without a face",
        "180 searches by 60 strangers",
        "At most 4 of 100 strangers are named",
        "1 warning, 2 confused",
    )


async def test_whose_the_strangers_are_is_told(table):
    await opened(table, evaluation(strangers_from="left_out"))
    await table.shows("each enrolled person among the others")


async def test_without_strangers_no_share_of_them_and_no_curve_is_shown(table):
    screen = await opened(table, evaluation(strangers=0))
    await table.shows("no strangers to test with", "no search by a stranger")
    assert not screen.query_one("#share-fpir", ShareRow).display
    await table.press("4")
    await table.shows("No strangers were searched, so there is no curve. Press V")


async def test_people_have_a_row_and_their_sessions_rows_where_there_are_several(table):
    await opened(table, evaluation())
    await table.press("2")
    data = table.app.screen.query_one("#persons-table", DataTable)
    await table.until(lambda: data.row_count == 7)
    rows = [" ".join(" ".join(map(str, data.get_row_at(n))).split()) for n in range(7)]
    assert rows[0] == "1 Ada Lovelace 12 11 92 % 11 92 % Grace Lovelace (1)"
    assert rows[1:3] == ["20261124-0930 6 6 100 % 5 83 %", "20261125-1400 6 4 67 % 3 50 %"]
    assert rows[3] == "2 Grace Lovelace 12 12 100 % 11 92 % -"


async def test_the_matrix_tells_the_cell_under_the_cursor(table):
    await opened(table, evaluation())
    await table.press("3")
    await table.until(lambda: inside(table, "confusion"))
    await table.press("right")
    await table.shows("Ada Lovelace: 11 of 12 probes named rightly.")
    await table.press("right")
    await table.shows("Ada Lovelace: 1 of 12 probes named Grace Lovelace.")
    await table.press("down", "end")
    await table.shows("Grace Lovelace: 1 of 12 probes unknown, named nobody.")


async def test_a_matrix_of_31_people_scrolls_with_names_and_numbers_in_view(table):
    await opened(table, evaluation(31))
    await table.press("3")
    await table.until(lambda: inside(table, "confusion"))
    await table.press("ctrl+end", "end")
    wanted = "31 Ada Johnson", "29 30 31", "unknown", "Ada Johnson-Vaughan of Hampton:"
    await table.shows_at([SIZE, (160, 45)], *wanted)


async def test_a_new_theme_tints_the_matrix_anew_and_keeps_the_cursor(table):
    screen = await opened(table, evaluation())
    await table.press("3")
    await table.until(lambda: inside(table, "confusion"))
    await table.press("down", "right")
    matrix = screen.query_one(Confusion)
    before = matrix.get_row_at(0)[1].style
    table.app.theme = "textual-light"
    await table.until(lambda: matrix.get_row_at(0)[1].style != before)
    assert matrix.cursor_coordinate == (1, 1)


async def test_the_curve_marks_threshold_and_asked_fpir_and_says_where_it_ends(table):
    await opened(table, evaluation(strangers=30))
    await table.press("4")
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.shows("1.00┤", "10 %", "100 %", "◆ threshold  ▲ FPIR asked for: 1 %")
        await table.shows("Dotted: meaningless, below 1 of 30 strangers")
        assert "▲──" in table.screen()


def test_of_thresholds_that_let_the_same_strangers_pass_the_lowest_counts():
    points = tpir_over_fpir(curve(10, 1, 0.1))
    assert len(points) == 11
    assert points[0][0] == 0.0
    assert points[0][1] > 0.8
    assert [p[0] for p in points] == sorted(p[0] for p in points)


async def test_doubtful_tells_leakage_warnings_pairs_and_suspects(table):
    await opened(table, evaluation())
    await table.press("5")
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.press("home")
        await table.shows("split in use 0.91 · random split 0.97", "! Ada Lovelace: one session")
        await table.press("end")
        await table.shows("Ada Lovelace, perhaps another person: Looks odd.", "people/ada/s1/0007")


async def test_nothing_doubtful_is_said_too(table):
    clear = evaluation(confused=(), suspects=(), warnings=(), leakage={})
    await opened(table, clear)
    assert "Look at 5 Doubtful" not in table.screen()
    await table.press("5")
    await table.shows("Nothing looks doubtful.")


async def test_help_explains_the_evaluation_first(table):
    await opened(table, evaluation())
    await table.press("f1")
    await table.shows("Rank-1: the best match is right.", "In the evaluation")


async def test_names_with_markup_are_harmless(table):
    odd = ("[red]x[/]", "[@click=app.quit]go[/]", "a\x1b[31mb")
    result = evaluation()
    swap = dict(zip(names(3), odd, strict=True))
    result = evaluation(
        people=odd, per_person={swap[name]: counts for name, counts in result.per_person.items()}
    )
    await table.pilot.resize_terminal(160, 45)
    await opened(table, result)
    await table.shows("1 [red]x[/]", "3 a\ufffd[31mb")
    assert "\x1b" not in table.screen()


# --- forms --------------------------------------------------------------------------------


async def test_other_pictures_are_measured_and_again_by_v(table):
    other = EvaluateRequest(probes="/p", strangers="/s", fpir=0.05)
    await opened(table, evaluation())
    await table.press("V")
    await table.until(lambda: table.app.screen.query("#form-probes"))
    for field, value in (("probes", "/p"), ("strangers", "/s"), ("fpir", "0.05")):
        table.app.screen.query_one(f"#form-{field}", Input).value = value
    await table.press("enter")
    await measuring(table, EvaluateRequest(), other)
    table.desk.emit(evaluation(), ENDED)
    await table.until(lambda: not table.app.board.titles)
    await table.press("v")
    await measuring(table, EvaluateRequest(), other, other)


async def test_an_fpir_that_is_no_share_is_refused_in_place(table):
    await opened(table, evaluation())
    await table.press("V")
    await table.until(lambda: table.app.screen.query("#form-fpir"))
    form = table.app.screen
    for fpir in ("0", "1", "x"):
        form.query_one("#form-fpir", Input).value = fpir
        form.query_one("#form-error", Static).update("")
        await table.press("enter")
        await table.shows("FPIR is a share between 0 and 1")
    assert len(table.desk.asked("evaluate")) == 1


async def test_w_asks_for_a_folder_and_measures_with_the_report(table):
    await opened(table, evaluation())
    await table.press("E")
    await table.shows("/srv/facedesk/data/reports")
    await table.press("enter")
    report = EvaluateRequest(report="/srv/facedesk/data/reports")
    await measuring(table, EvaluateRequest(), report)
    table.desk.emit(evaluation(report="/srv/facedesk/data/reports/a.html"), ENDED)
    await table.shows("Report     /srv/facedesk/data/reports/a.html")


# --- the log ------------------------------------------------------------------------------


def test_the_log_tells_the_result_in_one_line():
    event = evaluation(rank1=0.95, tpir_at_threshold=0.82, strangers=30, stranger_people=12)
    wanted = "82 % of enrolled named rightly, 0 of 30 searches by strangers named somebody"
    assert describe(event).text == f"Evaluated: {wanted}"
