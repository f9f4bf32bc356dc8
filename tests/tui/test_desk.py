"""The desk as a whole: layouts, keys, help, palette, people, models, the end."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from fake_desk import FakeDesk
from rich.console import Console
from textual.widgets import DataTable, Input, Static

from engine.contract import JobEnded, JobStarted, Notice, ProcessDied
from engine.contract.errors import NameTaken, WorkspaceUnusable
from tests.tui.samples import model, opened, person
from tui.app import FacedeskApp
from tui.keys import CONTEXTS, KEYS
from tui.panes.base import Pane
from tui.screens.dialog import DeletionQuestion
from tui.screens.help import help_text
from tui.screens.models import ModelsScreen

SIZE = (80, 24)
SIZES = [SIZE, (120, 40), (160, 45)]
NAMES = ("people", "capture", "split", "training", "recognition", "activity")
MODELS = (model("m2", current=True), model("m1", created="2026-11-20T08:00:00+00:00"))


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace", in_model="yes"), person("Bob")), MODELS)


# --- layout and focus ---------------------------------------------------------------------


async def test_an_empty_workspace_says_what_to_do_first(run):
    async with run(FakeDesk(), size=SIZE) as table:
        first = "Nobody is enrolled yet.", "n  enrol a person", "0 people · no model yet"
        await table.shows_at(SIZES, *first)
        for name in NAMES[2:5]:
            await table.press(str(NAMES.index(name) + 1))
            await table.shows_at(SIZES, table.app.screen_desk.pane(name).EMPTY.split("\n")[0])


async def test_number_keys_bring_each_pane_to_the_front(table):
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        for number, name in enumerate(NAMES, 1):
            await table.press(str(number))
            await table.until(lambda name=name: inside(table.app.focused, name), f"{name} focused")
            assert table.app.screen_desk.pane(name).region.height >= 4


def inside(widget, name: str) -> bool:
    return widget is not None and any(getattr(n, "id", "") == name for n in widget.ancestors)


async def test_wide_terminals_can_show_all_panes_at_once(run):
    async with run(desk(), size=SIZE) as table:
        table.app.screen_desk.layout_name = "all"
        for size, together in zip(SIZES, (3, 6, 6), strict=True):
            await table.pilot.resize_terminal(*size)
            await table.pilot.pause()
            shown = [pane for pane in table.app.screen_desk.query(Pane) if pane.region.area]
            assert len(shown) == together
            screen = table.app.screen_desk.region
            assert all(screen.contains_region(pane.region) for pane in shown)


async def test_the_footer_shows_the_main_keys_unclipped(table):
    await table.shows_at(SIZES, "e Rename d Delete n New", "/ Filter ? Help")
    await table.press("n", "C", "enter")
    await table.shows_at(SIZES, "x Stop esc End")


# --- key table, help, palette -------------------------------------------------------------


def test_every_key_has_an_id_of_its_own_a_label_and_a_sentence():
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert all(key.label and len(key.tooltip) > 4 and key.context in CONTEXTS for key in KEYS)


def test_keys_that_terminals_swallow_are_not_used():
    taken = {f"ctrl+{letter}" for letter in "basjhim"}
    assert not taken & {key.key for key in KEYS}


def test_help_lists_every_key_with_its_sentence_and_the_panes_own_first():
    text = printed(help_text("people"), 200)
    for key in KEYS:
        assert any(key.shown in line and key.tooltip in line for line in text.splitlines()), key
    assert text.index(CONTEXTS["people"]) < text.index(CONTEXTS["anywhere"])


def printed(text, width):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(text)
    return console.file.getvalue()


def test_at_80_columns_a_sentence_of_the_help_goes_on_below_its_beginning():
    lines = printed(help_text("people"), 74).splitlines()
    here = lines[lines.index(next(line for line in lines if CONTEXTS["people"] in line)) :]
    indents = {len(line) - len(line.lstrip()) for line in here if line.strip()}
    assert {0, 2} < indents
    assert all(indent > 20 for indent in indents - {0, 2})


async def test_every_binding_of_the_app_stands_in_the_key_table(table):
    table_ids = {key.id for key in KEYS}
    for node in (table.app, table.app.screen_desk, table.app.screen_desk.people):
        own = [b for b in node._bindings.key_to_bindings.values() for b in b if b.id]
        facedesk = [b for b in own if "." in b.id and b.id.split(".")[0] in CONTEXTS]
        assert facedesk
        assert {binding.id for binding in facedesk} <= table_ids
    for key in KEYS:
        if key.context == "anywhere" and not key.action.startswith("app."):
            action = key.action.partition("(")[0]
            assert hasattr(table.app.screen_desk, f"action_{action}"), key


async def test_f1_opens_help_and_escape_closes_it(table):
    await table.press("f1")
    await table.shows("Enrol a person from a camera")
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)


async def test_the_palette_has_every_action(table):
    commands = {c.title for c in table.app.get_system_commands(table.app.screen)}
    assert {f"{key.label} ({key.shown})" for key in KEYS if key.palette} <= commands
    actions = {key.name for key in KEYS if key.palette}
    assert actions >= {"new_person", "split", "train", "recognise", "delete", "rename"}


async def test_a_palette_command_runs_and_an_impossible_one_explains_itself(table):
    await table.begin(FakeDesk())
    commands = {c.title: c for c in table.app.get_system_commands(table.app.screen)}
    await commands["Train (t)"].callback()
    await table.until(lambda: "Nobody is enrolled yet: press n" in table.toasts())
    await commands["New (n)"].callback()
    await table.until(lambda: table.app.screen.query("#form-name"))


# --- people and models --------------------------------------------------------------------


async def test_people_are_listed_with_pictures_sessions_and_a_word_about_the_model(table):
    rows = (person("Ada", 130, sessions=2, in_model="stale"), person("Bob", in_model="yes"))
    await table.begin(FakeDesk(rows))
    await table.shows("Ada", "130   2 stale", " 30   1   yes", "Pictures changed since")


async def test_renaming_asks_for_the_name_and_lists_it(table):
    await table.press("e")
    await table.press("ctrl+u", "C", "y", "enter")
    await table.until(lambda: table.desk.asked("rename"))
    assert table.desk.asked("rename") == [("Ada Lovelace", "Cy")]
    await table.until(lambda: table.app.screen_desk.people.rows[0].name == "Cy")


async def test_a_taken_name_is_refused_in_the_form(table):
    table.desk.fail["rename"] = NameTaken("This name is taken", "by Bob", "Choose another.")
    await table.press("e", "enter")
    await table.shows("This name is taken: by Bob. Choose another.")


async def test_deleting_asks_first_and_says_what_is_lost(table):
    await table.press("d")
    await table.shows("Delete Ada Lovelace?", "30 pictures in 1 session", "model still knows")
    await table.press("enter")  # the safe answer has the focus
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert table.desk.asked("delete_people") == []
    await table.press("d", "y")
    await table.until(lambda: len(table.app.screen_desk.people.rows) == 1)
    assert table.desk.asked("delete_people") == [("Ada Lovelace",)]


async def test_people_are_not_changed_while_a_capture_runs(table):
    await table.press("n", "C", "enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    await table.press("1")
    await table.pilot.pause()
    table.app.people.action_delete()
    await table.until(lambda: "Not while this runs: Enrolling C" in table.toasts())
    assert table.app.screen is table.app.screen_desk


async def test_models_are_listed_promoted_and_rolled_back(table):
    await table.press("m")
    await table.shows("in use", "2026-11-20", "esc Close P Put into use R Go back")
    await table.press("down", "P")
    await table.until(lambda: table.desk.asked("promote"))
    assert table.desk.asked("promote") == ["m1"]
    await table.until(lambda: table.app.screen.rows[1].current)
    await table.press("R")
    await table.until(lambda: table.desk.asked("rollback"))
    assert isinstance(table.app.screen, ModelsScreen)


async def test_a_damaged_model_is_not_promoted(table):
    await table.begin(FakeDesk((), (model("m1", damaged=True),)))
    await table.press("m")
    await table.shows("damaged")
    await table.press("P")
    await table.until(lambda: "damaged and cannot be used" in table.toasts())
    assert table.desk.asked("promote") == []


# --- text that is not ours ----------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["[red]x[/]", "[/]", "[@click=app.quit]go[/]", "a\x1b[31mb", "x\u202ey"]
)
async def test_markup_and_control_characters_in_names_are_harmless(table, name):
    rows = (person(name, in_model="yes"),)
    await table.begin(FakeDesk(rows, MODELS))
    shown = name.replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")
    await table.shows(shown[:11])
    await table.press("s")
    await table.until(lambda: table.app.screen_desk.split.result)
    table.desk.emit(
        JobStarted(job="enrol", title=f"Enrolling {name}"),
        opened(name),
        Notice(text=name, level="error"),
        JobEnded(job="enrol", outcome="failed", title=name, message=name, hint=name),
    )
    await table.until(lambda: shown in table.log() and not table.app.board.titles)
    await table.press("1")
    await table.pilot.pause()
    await table.press("d")
    await table.until(lambda: isinstance(table.app.screen, DeletionQuestion))
    assert "\x1b" not in table.screen()
    assert "\u202e" not in table.screen()


# --- trouble ------------------------------------------------------------------------------


async def test_a_process_that_died_is_told_and_the_app_goes_on(table):
    table.desk.emit(ProcessDied(process="camera", exit_status=-9, restarting=True))
    await table.until(lambda: "camera process died" in table.toasts())
    assert "it is being restarted" in table.log()
    await table.press("n")
    await table.until(lambda: table.app.screen.query("#form-name"))


async def test_an_unreadable_workspace_is_told_and_the_app_goes_on(table):
    table.desk.fail["people"] = WorkspaceUnusable("Cannot read", "people/", "Check permissions.")
    table.app.reload()
    await table.until(lambda: "Cannot read" in table.toasts())
    assert "→ Check permissions." in table.log()


async def test_an_unexpected_exception_of_the_engine_is_a_line_not_a_crash(table):
    table.desk.fail["split"] = ZeroDivisionError("[b]oops[/]")
    await table.press("s")
    await table.until(lambda: "ZeroDivisionError: [b]oops[/]" in table.log())
    assert table.app.is_running


async def test_a_fault_of_the_app_ends_with_one_sentence_and_code_1(run, capsys, tmp_path):
    (tmp_path / "logs").mkdir()
    table_desk = desk()
    table_desk.workspace = tmp_path

    async def fail_inside() -> None:
        async with run(table_desk) as table:
            apps.append(table.app)
            table.app.call_later(lambda: 1 / 0)
            await table.pilot.pause()

    apps: list[FacedeskApp] = []
    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert apps[0].return_code == 1
    printed = capsys.readouterr().err
    assert "internal fault (ZeroDivisionError: division by zero)" in printed
    assert "Traceback" not in printed
    assert "ZeroDivisionError" in (tmp_path / "logs" / "app.log").read_text()


# --- the end ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_with_nothing_running_closes_the_desk_and_leaves(table, key):
    await table.press(key)
    await table.until(lambda: not table.app.is_running)
    assert table.desk.closed.is_set()
    assert table.app.return_code == 0


async def test_quitting_while_a_capture_runs_asks(table):
    await table.press("n", "C", "enter")
    await table.until(lambda: "enrol" in table.app.board.titles)
    await table.press("q")
    await table.shows("Quit now?", "Still running: Enrolling C")
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert not table.desk.asked("close")
    await table.press("q", "y")
    await table.until(lambda: not table.app.is_running)
    assert table.desk.closed.is_set()


async def test_quitting_while_watching_does_not_ask(table):
    await table.press("r", "enter")
    await table.until(lambda: "recognise" in table.app.board.titles)
    await table.press("q")
    await table.until(lambda: not table.app.is_running)


async def test_a_desk_that_hangs_at_the_end_does_not_hold_the_app(run):
    table_desk = desk()
    table_desk.hold_close.clear()
    async with run(table_desk) as table:
        await table.press("q")
        await table.shows("Closing")
        await table.press("ctrl+c")  # impatient
        await table.until(lambda: not table.app.is_running)
    assert not table_desk.closed.is_set()
    table_desk.hold_close.set()


async def test_ctrl_c_copies_what_is_selected_in_a_field(table):
    await table.press("n", "A", "d", "a")
    field = table.app.screen.query_one("#form-name", Input)
    field.select_all()
    await table.press("ctrl+c")
    assert table.app.clipboard == "Ada"
    assert table.app.is_running


# --- imports ------------------------------------------------------------------------------


def test_importing_the_app_loads_no_heavy_library():
    code = (
        "import sys, tui.app; "
        "print([m for m in ('cv2', 'tensorflow', 'keras', 'numpy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_desk_is_started_after_the_first_paint(run):
    async with run(desk()) as table:
        order = [call for call, _ in table.desk.calls]
        assert order[0] == "start"
        assert order.count("start") == 1
        assert table.app.screen_desk.query_one("#people-table", DataTable).row_count == 2
        assert table.app.screen_desk.query_one("#people-detail", Static).display
