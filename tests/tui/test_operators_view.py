"""Own keys, jump, zoom, copy, memory, welcome: what makes a day at the desk pleasant."""

from __future__ import annotations

import json
import re
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_desk import FakeDesk
from textual.pilot import Pilot

from engine.contract import JobEnded, JobStarted
from engine.contract.requests import RecogniseRequest
from engine.settings import AppSettings
from tests.tui.samples import epoch, model, person
from tui.app import FacedeskApp
from tui.board import Memory
from tui.keys import KEYS
from tui.keys.keymap import RESERVED, as_file, checked, read_keymap
from tui.panes.base import Pane
from tui.screens.forms import CopiedForm, NewPersonForm, WelcomeForm
from tui.screens.help import JumpScreen
from tui.widgets.bars import TabStrip
from tui.words.tables import Sheet

SIZES = [(80, 24), (120, 40), (200, 60)]
ABSENT = Path("/nonexistent/workspace")
LONGEST = 120.0
"""Seconds after which a test that waits is stuck."""


def desk(folder: Path = ABSENT, *names: str) -> FakeDesk:
    people = map(person, names or ("Ada", "Grace"))
    return FakeDesk(tuple(people), models=(model(current=True),), workspace=folder)


# --- own keys -----------------------------------------------------------------------------


def keys_in(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    file = folder / "keys.toml"
    file.write_text(text)
    monkeypatch.setenv("FACEDESK_KEYS", str(file))


async def test_a_key_of_the_key_file_works_and_the_old_one_does_not(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_in(monkeypatch, tmp_path, '"anywhere.new_person" = "f4"\n[people]\nrename = "f7"\n')
    async with run(desk(tmp_path, "Ada"), size=(160, 45)) as table:
        await table.press("n")
        assert table.app.screen is table.app.screen_desk
        await table.press("f7")
        await table.shows("New name")
        await table.press("escape", "f4")
        await table.until(lambda: isinstance(table.app.screen, NewPersonForm))


async def test_footer_and_help_show_the_key_in_force(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_in(monkeypatch, tmp_path, '"anywhere.train" = "f6"\n')
    async with run(desk(tmp_path, "Ada"), size=(160, 45)) as table:
        await table.shows("F6 Train")
        await table.press("f1")
        await table.until(lambda: re.search("F6 {2,}Train {2,}", table.screen()), "the help's line")


async def test_a_greyed_key_explains_itself_under_its_own_key(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_in(monkeypatch, tmp_path, '"anywhere.train" = "f6"\n')
    async with run(FakeDesk(workspace=tmp_path)) as table:
        await table.press("t")
        assert "Nobody is enrolled" not in table.toasts()
        await table.press("f6")
        await table.until(lambda: "Nobody is enrolled" in table.toasts())


async def test_a_mistake_in_the_key_file_is_told_and_the_default_stays(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_in(monkeypatch, tmp_path, '"anywhere.trian" = "f6"\n"anywhere.split" = "ctrl+s"\n')
    async with run(desk(tmp_path, "Ada")) as table:
        await table.until(lambda: "there is no anywhere.trian" in table.log())
        assert "anywhere.split stays s: ctrl+s is reserved" in table.log()


@pytest.mark.parametrize(
    ("identity", "key", "why"),
    [
        ("anywhere.train", "ctrl+b", "reserved"),
        ("inbox.inbox_assign", "ctrl+b", "reserved"),  # as key files of before call it
        ("anywhere.train", "r", "anywhere.recognise"),
        ("people.rename", "r", "anywhere.recognise"),
        ("anywhere.train", "e", "people.rename"),
        ("models.promote", "escape", "dialog.dismiss_dialog"),
        ("anywhere.interrupt", "f9", "fixed"),
        ("anywhere.help-field", "h", "typed into fields"),
        ("anywhere.train", "7", "typed into fields"),
        ("anywhere.train", "no key", "no key"),
    ],
)
def test_what_a_key_cannot_be_is_refused_with_the_reason(identity: str, key: str, why: str) -> None:
    keymap = checked({identity: key}, KEYS)
    assert not keymap.changed
    assert why in keymap.troubles[0]


def test_two_keys_may_be_exchanged() -> None:
    keymap = checked({"anywhere.train": "r", "anywhere.recognise": "t"}, KEYS)
    assert keymap.changed == {"anywhere.train": "r", "anywhere.recognise": "t"}
    assert not keymap.troubles


def test_a_wish_that_lost_its_place_gives_the_key_back() -> None:
    keymap = checked({"anywhere.train": "r", "anywhere.recognise": "ctrl+b"}, KEYS)
    assert not keymap.changed


def test_the_key_file_that_is_printed_can_be_read_again(tmp_path: Path) -> None:
    changed = checked({"anywhere.train": "f6"}, KEYS)
    file = tmp_path / "keys.toml"
    file.write_text(as_file(KEYS, changed))
    assert read_keymap(file, KEYS) == changed


@pytest.mark.parametrize("text", ["not toml", '"anywhere.train" = 3', "\xff"])
def test_a_damaged_key_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(text.encode("latin-1"))
    keymap = read_keymap(file, KEYS)
    assert not keymap.changed
    assert len(keymap.troubles) == 1


def test_ids_are_unique_and_moving_about_and_leaving_keep_their_keys() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    kept = {"anywhere.focus_next", "anywhere.interrupt", "anywhere.quit-anywhere", "dialog.confirm"}
    assert kept <= {key.id for key in KEYS if key.key in RESERVED}


# --- jump and zoom ------------------------------------------------------------------------


async def test_jump_puts_a_letter_on_every_pane_in_view(table: Any) -> None:
    await table.press("4")
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.press("J")
        await table.until(lambda: isinstance(table.app.screen, JumpScreen))
        panes = [to for to, _at in table.app.screen.places.values() if isinstance(to, Pane)]
        assert {pane.NAME for pane in panes} == {
            pane.NAME for pane in table.app.screen_desk.query(Pane) if pane.region.area
        }
        await table.press("escape")


async def test_a_letter_moves_the_focus_to_a_field(table: Any) -> None:
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.press("4", "J")
        await table.until(lambda: isinstance(table.app.screen, JumpScreen))
        places = table.app.screen.places
        letter = next(k for k, (to, _at) in places.items() if to.id == "training-epochs")
        await table.press(letter)
        await table.until(lambda: getattr(table.app.focused, "id", "") == "training-epochs")
        table.app.set_focus(None)


async def test_escape_leaves_jump_mode_where_one_was(table: Any) -> None:
    before = table.app.focused
    await table.press("J", "escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert table.app.focused is before


async def test_zoom_gives_the_pane_in_front_the_desk_and_takes_it_back(table: Any) -> None:
    shown = lambda: {p.NAME for p in table.app.screen_desk.query(Pane) if p.region.area}  # noqa: E731
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.press("4")
        before = shown()
        await table.press("z")
        await table.until(lambda: shown() == {"training"})
        assert table.app.screen_desk.training.size.width >= size[0] - 4
        assert table.app.screen_desk.query_one(TabStrip).display
        await table.press("5")
        await table.until(lambda: shown() == {"recognition"})
        await table.press("4", "z")
        await table.until(lambda before=before: shown() == before)


# --- copy ---------------------------------------------------------------------------------


async def test_the_epoch_table_is_copied_and_written_as_csv(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    async with run(desk(tmp_path, "Ada")) as table:
        table.desk.emit(JobStarted(job="train", title="Training"), epoch(1, 1), epoch(2, 2))
        await table.until(lambda: len(table.app.screen_desk.training.epochs) == 2)
        await table.press("4", "y")
        await table.until(lambda: isinstance(table.app.screen, CopiedForm))
        await table.shows("3 lines", "OSC 52")
        assert table.app.clipboard.startswith("epoch\tloss")
        await table.press("enter")
        await table.until(lambda: list((tmp_path / "exports").glob("training-*.csv")))
        (file,) = (tmp_path / "exports").iterdir()
        assert file.read_text().splitlines()[0].startswith("epoch,loss,accuracy,val_loss")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_people_and_log_are_copied_from_their_panes(table: Any) -> None:
    await table.press("1", "y")
    await table.until(lambda: isinstance(table.app.screen, CopiedForm))
    assert "Grace" in table.app.clipboard
    await table.press("escape", "6", "y")
    await table.until(lambda: isinstance(table.app.screen, CopiedForm))
    assert "Ready." in table.app.clipboard


async def test_where_nothing_is_shown_copying_says_so(table: Any) -> None:
    await table.press("5", "y")
    await table.until(lambda: "nothing to copy" in table.toasts())


def test_no_cell_of_a_file_is_a_formula() -> None:
    sheet = Sheet("people", ("name", "score"), (("=cmd()", "-0.5"), ("@x", "+a"), ("a,b", "1")))
    lines = sheet.file().splitlines()
    assert lines[1] == "'=cmd(),-0.5"
    assert lines[2] == "'@x,'+a"
    assert lines[3] == '"a,b",1'


# --- memory -------------------------------------------------------------------------------


async def test_pane_zoom_and_theme_are_there_again_at_the_next_start(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    async with run(desk(tmp_path, "Ada"), size=(80, 24)) as table:
        await table.press("4", "z")
        table.app.theme = "ansi-light"
        await table.until(lambda: Memory(tmp_path).get("theme", "") == "ansi-light")
    async with run(desk(tmp_path, "Ada"), size=(80, 24)) as table:
        assert table.app.theme == "ansi-light"
        await table.until(lambda: table.app.screen_desk.front == "training")
        assert table.app.screen_desk.zoomed


async def test_the_last_source_is_offered_again_unless_it_holds_a_password(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    async with run(desk(tmp_path, "Ada")) as table:
        for source in ("demo:hopper", "rtsp://user:secret@10.0.0.7/live"):
            await table.app.jobs.recognise(RecogniseRequest(source=source))
            await table.until(lambda: (tmp_path / "ui.json").exists())
            await table.app.workers.wait_for_complete()
            assert "secret" not in (tmp_path / "ui.json").read_text()
            assert Memory(tmp_path).get("source", "0") == "demo:hopper"
            table.desk.emit(JobEnded(job="recognise", outcome="stopped"))
            await table.until(lambda: not table.app.board.titles)


@pytest.mark.parametrize("text", ["", "[", "[1]", "\x00"])
def test_a_damaged_memory_is_forgotten_not_a_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "ui.json").write_text(text)
    assert Memory(tmp_path).get("front", "people") == "people"


async def test_an_app_whose_memory_is_wrong_starts_as_it_did_at_first(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "ui.json").write_text('{"theme": 3, "front": "nowhere"}')
    async with run(desk(tmp_path, "Ada")) as table:
        assert table.app.screen_desk.front == "people"


def test_the_memory_is_private_and_only_of_plain_values(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.put("sort", "name")
    memory.save()
    file = tmp_path / "ui.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"sort": "name"}


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "absent")
    memory.put("sort", "name")
    memory.save()
    assert not (tmp_path / "absent").exists()


async def test_a_theme_that_does_not_exist_is_told(run: Callable[..., Any], tmp_path: Path) -> None:
    made = desk(tmp_path, "Ada")
    made.settings = replace(made.settings, app=AppSettings(theme="pink"))
    async with run(made) as table:
        await table.until(lambda: "There is no theme 'pink'" in table.log())


# --- welcome ------------------------------------------------------------------------------


async def looked(app: FacedeskApp, pilot: Pilot[Any]) -> None:
    """Wait until the app has looked at its workspace, and so has welcomed whom it welcomes."""
    deadline = time.monotonic() + LONGEST
    while app._first_look:
        assert time.monotonic() < deadline
        await pilot.pause(0.02)
    await pilot.pause()


async def test_the_first_start_begins_with_the_form_for_the_first_person_and_never_again(
    tmp_path: Path,
) -> None:
    for welcomed in (False, True):
        fake = FakeDesk(workspace=tmp_path)
        app = FacedeskApp(fake, welcome=True)
        async with app.run_test(size=SIZES[0]) as pilot:
            await looked(app, pilot)
            assert isinstance(app.screen, WelcomeForm) is not welcomed
            if not welcomed:
                for size in reversed(SIZES):
                    await pilot.resize_terminal(*size)
                    await pilot.pause()
                    parts = app.screen.query("#form-go, #form-close, .hint")
                    assert all(part.region.area for part in parts)
                await pilot.press(*"Ada", "enter")
                while not fake.asked("enrol"):
                    await pilot.pause(0.02)
                assert fake.asked("enrol")[0].person == "Ada"
            await app.workers.wait_for_complete()
        fake.end()


async def test_where_somebody_is_enrolled_there_is_no_welcome(tmp_path: Path) -> None:
    app = FacedeskApp(desk(tmp_path, "Ada"), welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await looked(app, pilot)
        assert app.screen is app.screen_desk
