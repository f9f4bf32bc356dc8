"""What the command line prints, and where."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import pytest

from engine.contract import EpochDone, Preview, TrainDone
from engine.contract.errors import SourceNotFound
from tui.cli.output import Output
from tui.cli.train import trained_lines


def outputs(
    *, as_json: bool = False, quiet: bool = False
) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Output(out, err, as_json=as_json, quiet=quiet), out, err


def test_a_loss_that_is_not_a_number_becomes_null() -> None:
    output, out, _ = outputs(as_json=True)
    nan = float("nan")
    output.event(
        EpochDone(
            epoch=1,
            epochs=1,
            loss=0.5,
            accuracy=1.0,
            val_loss=nan,
            val_accuracy=nan,
            learning_rate=0.1,
            seconds=1.0,
            best=1,
        )
    )
    line = json.loads(out.getvalue())
    assert line["event"] == "epoch"
    assert line["val_loss"] is None
    assert "NaN" not in out.getvalue()


def test_json_prints_no_preview_and_no_words_on_stdout() -> None:
    output, out, err = outputs(as_json=True)
    output.event(Preview(columns=1, rows=1, cells=b"abc", sequence=0, dropped=0))
    output.result("a sentence")
    output.note("a note")
    output.table(("a",), [("b",)])
    assert out.getvalue() == err.getvalue() == ""


def test_an_error_is_one_sentence_and_a_hint_on_stderr_and_an_object_under_json() -> None:
    error = SourceNotFound("No such camera", "/dev/video9", "Look at `facedesk doctor`.")
    output, out, err = outputs(as_json=True)
    output.error(error)
    assert json.loads(out.getvalue())["exit_code"] == 3
    assert err.getvalue().splitlines() == [
        "facedesk: No such camera: /dev/video9.",
        "  Look at `facedesk doctor`.",
    ]


def test_quiet_leaves_results_and_errors() -> None:
    output, out, err = outputs(quiet=True)
    output.note("a note")
    output.result("a result")
    output.error(SourceNotFound("No such camera"))
    assert out.getvalue() == "a result\n"
    assert err.getvalue() == "facedesk: No such camera.\n"


def test_control_sequences_in_names_and_files_are_not_printed() -> None:
    output, out, err = outputs()
    output.result("evil\x1b[2J\u202ename")
    output.note("evil\x1b]0;title\x07")
    output.table(("name",), [("evil\x1b[31m",)])
    assert "\x1b[2J" not in out.getvalue() + err.getvalue()
    assert "\x07" not in err.getvalue()
    assert "\u202e" not in out.getvalue()


def test_markup_in_a_name_is_printed_as_it_is() -> None:
    output, out, _ = outputs()
    output.result("[red]Ada[/red]")
    assert out.getvalue() == "[red]Ada[/red]\n"


LONG = "20261124T160403464Z-head-bc9b"


def test_nothing_of_a_table_is_cut_where_no_screen_limits_it() -> None:
    output, out, _ = outputs()
    output.table(("", "!id", "text"), [("in use", LONG, "word " * 60)])
    (line,) = [line for line in out.getvalue().splitlines() if LONG in line]
    assert ("word " * 60).strip() in line
    assert not output.on_screen


class Screen(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


def test_a_table_that_is_wider_than_the_screen_becomes_a_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    output = Output(screen, io.StringIO(), as_json=False, quiet=False)
    output.table(("", "!id", "#number", "text"), [("in use", LONG, "1234567890", "word" * 30)])
    assert output.on_screen
    assert screen.getvalue().splitlines() == [
        LONG,
        "  in use",
        "  number: 1234567890",
        f"  text: {'word' * 30}",
    ]


def test_progress_is_a_line_a_tenth_in_a_pipe_and_each_title_begins_anew() -> None:
    output, out, err = outputs()
    with output.progress("Features", None) as bar:
        for done in range(1, 41):
            bar.update(done, 40, "Features")
        bar.retitle("good, stay like this")
        bar.update(1, 2, "Epochs")
    lines = err.getvalue().splitlines()
    assert lines == [f"Features: {n} of 40" for n in range(4, 41, 4)] + ["Epochs: 1 of 2"]
    assert out.getvalue() == ""


def test_progress_is_one_bar_with_the_time_left_on_a_terminal() -> None:
    screen = Screen()
    output = Output(io.StringIO(), screen, as_json=False, quiet=False)
    with output.progress("Features", 40) as bar:
        bar.update(20, 40)
    assert "Features" in screen.getvalue()
    assert "20/40" in screen.getvalue()
    assert "-:--:--" in screen.getvalue()  # too early to say
    assert "20 of 40" not in screen.getvalue()


@pytest.mark.parametrize("screen", [io.StringIO, Screen])
def test_quiet_shows_no_progress(screen: type[io.StringIO]) -> None:
    err = screen()
    output = Output(io.StringIO(), err, as_json=False, quiet=True)
    with output.progress("Features", 40) as bar:
        bar.update(20, 40)
    assert err.getvalue() == ""


def test_statistics_are_printed_only_when_asked_for() -> None:
    err = io.StringIO()
    for verbose in (False, True):
        output = Output(io.StringIO(), err, as_json=False, quiet=False, verbose=verbose)
        output.detail(f"verbose is {verbose}")
    assert err.getvalue() == "verbose is True\n"


@pytest.mark.parametrize("promoted", [True, False])
def test_a_training_is_said_in_four_lines(promoted: bool) -> None:
    done = TrainDone(
        model="20261124T160403464Z-head-bc9b",
        recipe="head",
        seconds=21.0,
        epochs=40,
        best_epoch=12,
        promoted=promoted,
        people=("Ada", "Grace"),
        metrics={},
        pictures=200,
        held_out=60,
        named=57,
        why="It names 57 of 60 held-out pictures, the model before 50.",
    )
    lines = trained_lines(done, None)
    assert lines[:2] == [
        "Trained on 200 pictures of 2 people in 21 s.",
        "Names 57 of 60 held-out pictures rightly (95 %).",
    ]
    assert ("NOT in use" in lines[2]) is not promoted
    assert ("facedesk model promote" in lines[2]) is not promoted
    assert done.why in lines[2]


@dataclass(frozen=True)
class Crop:
    """A record to print."""

    file: str
    bright: float


CROPS = (Crop("1.png", 0.5), Crop("2.png", float("nan")))
COLUMNS = {"!file": lambda crop: crop.file, "#bright": lambda crop: f"{crop.bright:.1f}"}


def test_records_are_a_line_each_for_a_script_and_a_table_for_a_person() -> None:
    output, out, _ = outputs(as_json=True)
    output.records("crop", CROPS, COLUMNS)
    output.done("Two crops.", crops=2)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"event": "crop", "file": "1.png", "bright": 0.5},
        {"event": "crop", "file": "2.png", "bright": None},
        {"event": "done", "crops": 2},
    ]
    output, out, _ = outputs()
    output.records("crop", CROPS, COLUMNS)
    output.done("Two crops.", crops=2)
    assert [line.split() for line in out.getvalue().splitlines() if line.strip(" ─")] == [
        ["file", "bright"],
        ["1.png", "0.5"],
        ["2.png", "nan"],
        ["Two", "crops."],
    ]


def test_no_records_are_a_sentence_and_records_may_be_lines() -> None:
    output, out, _ = outputs()
    output.records("crop", (), COLUMNS, empty="No crop yet.")
    output.records("crop", CROPS, lambda crop: [crop.file, "-"])
    assert out.getvalue().splitlines() == ["No crop yet.", "1.png", "-", "2.png", "-"]
