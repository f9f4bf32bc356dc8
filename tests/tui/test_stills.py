"""Pictures at full quality: which protocol, what is shown, and what is left behind (nothing)."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from fake_desk import FakeDesk
from PIL import Image
from rich.console import Console

from engine.contract import JobEnded, JobStarted
from engine.contract.requests import PictureRow
from tests.tui.samples import captured, model, person
from tui.screens.stills import CROP, EDGE, LIGHT, Grid, Still, StillScreen, read, sheet
from tui.terminal import graphics
from tui.terminal.graphics import Cell, fitted, protocol

REPOSITORY = Path(__file__).resolve().parents[2]
SIZES = ((80, 24), (120, 40), (200, 60))


def crop(red: int) -> Image.Image:
    return Image.new("RGB", (CROP, CROP), (red, 40, 40))


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[PictureRow, ...]:
    folder, made = tmp_path_factory.mktemp("pictures"), []
    for n in range(30):
        path = folder / f"{n + 1:04d}.png"
        crop(n * 8).save(path)
        made.append(PictureRow(session="20261124T093000Z-001", file=path.name, path=str(path)))
    return tuple(made)


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace"),), (model(current=True),))


@pytest_asyncio.fixture(loop_scope="module")
async def table(table, rows):
    table.desk.picture_rows = rows
    return table


# --- the protocol --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "240200"}, "sixel"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "210400"}, "cells"),
        ({"TERM": "xterm-256color"}, "cells"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x", "KITTY_WINDOW_ID": "1"}, "cells"),
        ({"TERM": "screen-256color"}, "cells"),
        ({}, "cells"),
    ],
)
def test_the_protocol_is_read_from_the_environment(environment, expected):
    assert protocol(environment, "true") == expected
    assert protocol(environment, "256") == "cells"


@pytest.mark.filterwarnings("error")
def test_half_blocks_show_the_picture_and_no_library_warns_of_anything():
    drawn = graphics.draw(crop(200), 4, 2, "cells", Console())
    lines = drawn.renderable.lines
    assert [[segment.text for segment in line] for line in lines] == [["▀"] * 4] * 2
    assert {str(segment.style) for line in lines for segment in line} == {"#c82828 on #c82828"}
    assert (drawn.before, drawn.after) == ("", "")


def test_the_library_is_loaded_without_a_word_to_or_from_the_terminal(tmp_path):
    script = (
        "import os, pty, select, sys\n"
        "pid, master = pty.fork()\n"
        "if pid == 0:\n"
        "    from tui.terminal import graphics\n"
        "    graphics.library()\n"
        "    os._exit(0 if sys.stdout.isatty() else 1)\n"
        "said = b''\n"
        "while True:\n"
        "    try:\n"
        "        data = os.read(master, 4096)\n"
        "    except OSError:\n"
        "        break\n"
        "    if not data:\n"
        "        break\n"
        "    said += data\n"
        "print(os.waitpid(pid, 0)[1], said)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "0 b''"


def test_a_picture_for_kitty_is_sent_in_turn_and_taken_back():
    console = Console(color_system="truecolor", force_terminal=True, file=io.StringIO())
    drawn = graphics.draw(crop(200), 10, 5, "kitty", console)
    assert drawn.before.startswith("\x1b_G")
    assert drawn.before.endswith("\x1b\\")
    assert drawn.after.startswith("\x1b_Ga=d")
    console.print(drawn.renderable)
    assert console.file.getvalue().count("\U0010eeee") == 50


@pytest.mark.parametrize(
    ("picture", "expected"),
    [((160, 160), (48, 24)), ((1280, 320), (100, 12)), ((10, 1000), (1, 24))],
)
def test_a_picture_fills_its_room_with_its_proportions_kept(picture, expected):
    columns, rows = fitted(picture, (100, 24), Cell(10, 20))
    assert abs(columns - expected[0]) <= 1
    assert abs(rows - expected[1]) <= 1


# --- the sheet -----------------------------------------------------------------------------


def test_a_still_is_a_file_an_encoded_picture_or_a_raw_crop(tmp_path):
    path = tmp_path / "1.png"
    crop(7).save(path)
    raw = np.asarray(crop(7)).tobytes()
    for picture in (path, encoded(crop(7)), raw):
        assert read(Still(picture, "")).getpixel((80, 80)) == (7, 40, 40)


def test_a_picture_that_cannot_be_read_leaves_its_place_marked(tmp_path):
    for picture in (tmp_path / "gone.png", b"rubbish"):
        assert read(Still(picture, "")).size == (CROP, CROP)


def test_the_sheet_has_the_pictures_in_order_and_frames_the_chosen_one():
    stills = [Still(encoded(crop(n)), "") for n in (10, 90, 200)]
    page = sheet(stills, 1, Grid(2, 2))
    side = CROP + 2 * EDGE
    middles = [
        page.getpixel((x + side // 2, y + side // 2))[0] for x, y in ((0, 0), (side, 0), (0, side))
    ]
    assert middles == [10, 90, 200]
    assert page.getpixel((side + 2, 2)) == LIGHT
    assert page.getpixel((2, 2)) != LIGHT


def test_pages_follow_each_other():
    grid = Grid.within(80, 20)
    assert (grid.columns, grid.rows) == (4, 2)
    assert grid.page_of(0, 30) == range(8)
    assert grid.page_of(9, 30) == range(8, 16)
    assert grid.page_of(29, 30) == range(24, 30)


# --- the screen ----------------------------------------------------------------------------


def still(table) -> StillScreen:
    assert isinstance(table.app.screen, StillScreen)
    return table.app.screen


async def test_a_persons_pictures_are_a_contact_sheet(table):
    await table.press("1", "f")
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.shows("Ada Lovelace", "1 of 30 · session 20261124T093000Z-001 · 0001.png")
        await table.until(lambda: table.screen().count("▀") > 200, "the sheet is drawn")
        across = still(table).grid.columns
        await table.press("right", "down")
        await table.shows(f"{across + 2} of 30", f"{across + 2:04d}.png")
        await table.press("left", "up", "up", "left")
        await table.shows("1 of 30")
    await table.press("escape")
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    assert "▀▀▀▀" not in table.screen()


async def test_plus_shows_one_picture_and_minus_all(table):
    await table.press("1", "f")
    await table.shows("1 of 30")
    await table.press("plus", "right")
    await table.shows("2 of 30")
    assert still(table).large
    await table.press("minus")
    assert not still(table).large


async def test_the_last_capture_is_shown_from_its_file(table):
    await table.press("2", "f")
    await table.until(lambda: "No picture was captured yet" in table.toasts())
    name = "20261124T093000Z-001"
    table.desk.emit(JobStarted(job="enrol", title="Enrolling Ada"))
    table.desk.emit(replace(captured(3), session=name), JobEnded(job="enrol", outcome="done"))
    await table.until(lambda: "Enrolling Ada" in table.log() and not table.app.board.titles)
    await table.press("2", "f")
    await table.shows("Last kept: Ada Lovelace", "0003.png")


async def test_a_cancelled_capture_has_left_no_picture_to_show(run):
    async with run(desk()) as table:
        table.desk.emit(captured(3), JobEnded(job="enrol", outcome="cancelled"))
        await table.until(lambda: "ancelled" in table.log())
        await table.press("2", "f")
        await table.until(lambda: "No picture was captured yet" in table.toasts())


async def test_any_part_of_the_app_can_show_a_picture(table):
    probe = Still(np.asarray(crop(3)).tobytes(), "Ada [b]0.41[/b]")
    table.app.push_screen(StillScreen("A probe", (probe,)))
    await table.until(lambda: table.app.screen.opened)
    await table.shows("A probe", "Ada [b]0.41[/b]")


async def test_keys_without_anything_to_show_explain_themselves(run):
    async with run(FakeDesk()) as table:
        await table.press("1", "f")
        await table.until(lambda: "Nobody is enrolled yet" in table.toasts())
        await table.press("5", "f")
        await table.until(lambda: "No face has been recognised yet" in table.toasts())
