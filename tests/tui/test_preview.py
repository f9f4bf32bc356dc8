"""The live preview: what is asked for, what is drawn, and when nothing is."""

from __future__ import annotations

import base64
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fake_desk import FakeDesk
from textual.app import App, ComposeResult
from textual.geometry import Region

from engine.contract import HALF_BLOCK_RUN, JobEnded, JobStarted, Preview
from engine.contract.requests import PreviewWish
from tests.tui.samples import captured, coaching, face, model, person
from tui.app import FacedeskApp
from tui.live import Sighting
from tui.panes.recognition import tags
from tui.terminal.line import LIMITS
from tui.widgets import preview as widget
from tui.widgets.preview import FramePreview, inks, kitty_delete, kitty_frame

SIZES = [(80, 24), (120, 40), (200, 60)]
SIZE = (160, 45)
RED, BLUE = 0xF00, 0x00F


class SlowTerminal:
    """A terminal that never keeps up."""

    def look(self, app: object) -> bool:
        return True


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace"),), (model(current=True),))


def frame(*rows: tuple[tuple[int, int, int], ...], sequence: int = 1) -> Preview:
    columns = sum(length for length, _, _ in rows[0])
    cells = b"".join(HALF_BLOCK_RUN.pack(*run) for row in rows for run in row)
    return Preview(columns=columns, rows=len(rows), cells=cells, sequence=sequence, dropped=0)


def two_halves(sequence: int = 1) -> Preview:
    return frame(((10, RED, BLUE),), ((6, RED, BLUE), (4, RED, RED)), sequence=sequence)


class Alone(App[None]):
    """An app that shows frames and nothing else."""

    CSS = "FramePreview { display: block; width: 60; }"

    def compose(self) -> ComposeResult:
        yield FramePreview()


@asynccontextmanager
async def alone() -> AsyncIterator[FramePreview]:
    """A preview without a desk; each look at its clock is a second later."""
    app = Alone()
    async with app.run_test(size=(80, 24)):
        preview = app.query_one(FramePreview)
        preview.clock = itertools.count().__next__
        preview.account.budget = LIMITS["normal"].budget
        yield preview


async def watch(table) -> None:
    table.desk.emit(JobStarted(job="recognise", title="Recognising from 0"))
    await table.until(lambda: "recognise" in table.app.board.titles, "recognition runs")


async def capture(table) -> None:
    table.desk.emit(JobStarted(job="enrol", title="Enrolling Ada from 0"))
    await table.until(lambda: "enrol" in table.app.board.titles, "enrolment runs")


def shown(table, pane: str) -> FramePreview:
    return table.app.screen_desk.query_one(f"#{pane}-preview", FramePreview)


def wish(table) -> PreviewWish:
    asked = table.desk.asked("preview")
    return asked[-1] if asked else PreviewWish()


@pytest.mark.parametrize("pane", ["capture", "recognition"])
async def test_the_camera_is_asked_for_exactly_the_cells_there_are(run, pane, monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    async with run(desk(), size=SIZES[0]) as table:
        assert not table.desk.asked("preview")
        await (capture if pane == "capture" else watch)(table)
        for size in SIZES:
            await table.pilot.resize_terminal(*size)
            await table.until(lambda: wish(table).wanted, "the frame is wanted")
            await table.until(
                lambda: (wish(table).columns, wish(table).rows) == tuple(shown(table, pane).size)
            )
            assert (wish(table).level, wish(table).colours) == ("normal", "true")


async def test_a_large_picture_comes_less_often_so_that_keys_are_answered(table):
    await watch(table)
    for size, rate in zip(SIZES, (8, 8, 4), strict=True):
        await table.pilot.resize_terminal(*size)
        await table.until(lambda rate=rate: wish(table).rate == rate, f"{rate} a second")


async def test_another_screen_in_front_stops_the_frames(table):
    await watch(table)
    await table.until(lambda: wish(table).wanted)
    await table.press("f1")
    await table.until(lambda: not wish(table).wanted, "behind the help nothing is sent")
    await table.press("escape")
    await table.until(lambda: wish(table).wanted, "back on the desk it is")


async def test_the_end_of_the_job_stops_the_frames_and_clears_the_room(table):
    await watch(table)
    await table.until(lambda: wish(table).wanted)
    table.desk.emit(two_halves())
    await table.until(lambda: "▀▀▀▀▀▀▀▀▀▀" in table.screen())
    table.desk.emit(JobEnded(job="recognise", outcome="done"))
    await table.until(lambda: not wish(table).wanted)
    await table.until(lambda: "▀▀▀▀" not in table.screen())
    assert not shown(table, "recognition").display


async def test_the_key_goes_through_the_levels_and_off_sends_nothing(table):
    await watch(table)
    await table.shows("5 Recognition · preview auto normal 0.0 Mbit/s 0 fps")
    await table.press("p", "p")
    await table.until(lambda: wish(table).level == "low")
    assert wish(table).rate <= LIMITS["low"].rate
    await table.shows("· preview low 0.0 Mbit/s")
    await table.press("p")
    await table.until(lambda: not wish(table).wanted)
    await table.shows("· preview off")
    await table.until(lambda: not shown(table, "recognition").display)
    await table.press("p")
    await table.until(lambda: wish(table).wanted)


async def test_an_automatic_preview_gives_way_to_a_terminal_that_is_behind(run, monkeypatch):
    async with run(desk(), size=(160, 45)) as table:
        await watch(table)
        await table.until(lambda: wish(table).wanted)
        monkeypatch.setattr(table.app.preview, "_backlog", SlowTerminal())
        await table.until(lambda: not wish(table).wanted, "down to nothing")
        await table.shows("preview auto off")


async def test_greys_are_asked_for_where_no_colour_is_wanted(run, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with run(desk(), size=(160, 45)) as table:
        await watch(table)
        await table.until(lambda: wish(table).colours == "grey")


async def test_a_terminal_of_sixteen_colours_is_told_once_how_to_get_more(run, monkeypatch):
    monkeypatch.setattr("tui.desk.preview.colours", lambda app: "16")
    async with run(desk(), size=(120, 40)) as table:
        for _ in range(2):
            await watch(table)
            await table.until(lambda: wish(table).colours == "16")
            table.desk.emit(JobEnded(job="recognise", outcome="done"))
            await table.until(lambda: not table.app.board.titles)
        assert table.log().count("export COLORTERM=truecolor") == 1


async def test_only_lines_that_changed_are_drawn_again(monkeypatch):
    async with alone() as preview:
        preview.show(two_halves())
        drawn: list[Region] = []
        monkeypatch.setattr(preview, "refresh", lambda *regions, **_: drawn.extend(regions))
        preview.show(frame(((10, RED, BLUE),), ((10, RED, BLUE),), sequence=2))
        assert drawn == [Region(0, 1, 10, 1)]


async def test_nothing_is_drawn_while_the_terminal_is_behind(monkeypatch):
    async with alone() as preview:
        monkeypatch.setattr(widget, "crowded", lambda app: True)
        preview.show(two_halves())
        assert preview.frame is None
        monkeypatch.setattr(widget, "crowded", lambda app: False)
        preview.show(two_halves())
        assert preview.frame is not None


BOX = (200, 120, 180, 180)
"""Where `samples.face` is found, in a frame of 640x480."""


def with_face(*boxes: tuple[int, int, int, int], searched: int = 1) -> Preview:
    rows = tuple(((48, RED, BLUE),) for _ in range(18))
    made = frame(*rows, sequence=searched)
    found = {"boxes": boxes or (BOX,), "searched": searched, "width": 640, "height": 480}
    return replace(made, **found)


def seen(event, at: float = 0.0) -> Sighting:
    return Sighting(event, at, at)


@pytest.mark.parametrize(
    ("event", "text", "colour"),
    [
        (face("known", "Ada Lovelace"), "Ada Lovelace", "green"),
        (face("unknown"), "unknown", "red"),
        (face("unsure"), "unsure", "yellow"),
    ],
)
def test_a_box_has_the_colour_and_the_words_of_its_decision(event, text, colour):
    picture = with_face()
    made = inks(picture, tags(picture, [seen(event)]))
    label = "".join(ink.character for ink in made[4] if ink.label)
    assert label.strip() == text
    assert {ink.colour for line in made.values() for ink in line} == {colour}
    edges = {ink.character for line in made.values() for ink in line if not ink.label}
    assert {"│", "─", "└", "┘"} <= edges


def test_a_face_that_is_not_decided_yet_is_neither_green_nor_named():
    picture = with_face()
    (tag,) = tags(picture, [])
    assert (tag.text, tag.decision) == ("...", "")
    assert {i.colour for line in inks(picture, (tag,)).values() for i in line} == {"white"}


def test_an_unknown_is_never_given_the_name_of_somebody_elsewhere_in_the_frame():
    other = (420, 120, 180, 180)
    picture = with_face(BOX, other)
    known, unknown = face("known", "Ada"), replace(face("unknown", track=2), box=other)
    assert [t.text for t in tags(picture, [seen(known)])] == ["Ada", "..."]
    assert [t.text for t in tags(picture, [seen(known), seen(unknown)])] == ["Ada", "unknown"]


def test_the_decision_about_this_very_frame_outweighs_an_earlier_one_in_the_same_place():
    picture = with_face(searched=7)
    before, now = face("known", "Ada"), replace(face("unknown", track=2), frame=7)
    assert [t.text for t in tags(picture, [seen(before), seen(now)])] == ["unknown"]


def test_a_face_somewhere_else_than_before_is_not_named_yet():
    picture = with_face((20, 120, 180, 180), searched=7)
    assert [t.text for t in tags(picture, [seen(face("known", "Ada"))])] == ["..."]


def test_a_face_of_another_camera_is_not_named():
    picture = replace(with_face(), source="hall")
    assert [t.text for t in tags(picture, [seen(face("known", "Ada"))])] == ["..."]


async def test_any_name_fits_on_the_picture():
    async with alone() as preview:
        for number, name in enumerate(["山田太郎", "Zoë", "a" * 99, "x\u202ey", ""], start=1):
            picture = with_face((560, 0, 79, 470), searched=number)
            event = replace(face("known", name), box=(560, 0, 79, 470), frame=number)
            preview.show(picture, tags(picture, [seen(event)]))
            assert preview.frame is picture
            assert {line.strip.cell_length for line in preview._lines} == {48}
            assert "\u202e" not in "".join(line.strip.text for line in preview._lines)


async def test_a_label_is_on_the_screen_at_every_size(table):
    await watch(table)
    await table.until(lambda: wish(table).wanted)
    table.desk.emit(face("unknown", candidate="Ada Lovelace"), with_face())
    await table.shows_at(SIZES, "▀ unknown ")


async def test_a_capture_says_on_the_picture_whether_its_frames_are_good(table):
    await capture(table)
    await table.until(lambda: wish(table).wanted)
    preview = shown(table, "capture")
    table.desk.emit(captured(1), coaching({}), with_face())
    await table.until(lambda: [t.text for t in preview._tags] == ["Ada Lovelace"])
    table.desk.emit(coaching({}, advice="hold_still", reason="blurred"), with_face())
    await table.until(lambda: [t.text for t in preview._tags] == ["blurred"])


# --- terminals that show pictures -----------------------------------------------------------


def picture(sequence: int = 1) -> Preview:
    return replace(with_face(), cells=b"\x89PNG" * 4000, form="png", sequence=sequence)


def test_a_picture_is_sent_in_pieces_that_the_protocol_allows():
    text = kitty_frame(b"x" * 9000, 7001, Region(2, 4, 48, 18))
    head, *pieces = text.split("\x1b_G")
    assert head == "\x1b7\x1b[5;3H"
    assert "c=48,r=18" in pieces[0]
    assert [piece.split(";")[0][-3:] for piece in pieces] == ["m=1", "m=1", "m=0"]
    assert all(len(piece) < 4300 for piece in pieces)
    sent = "".join(piece.split(";", 1)[1].split("\x1b")[0] for piece in pieces)
    assert base64.b64decode(sent) == b"x" * 9000


async def test_a_picture_takes_the_place_of_the_one_before_and_goes_at_the_end(monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(widget, "send", lambda app, text: sent.append(text))
    async with alone() as preview:
        preview.show(picture(), tags(picture(), [seen(face("known", "Ada Lovelace"))]))
        assert "i=7001" in sent[-1]
        assert " Ada Lovelace " in preview._lines[4].strip.text
        assert preview._lines[5].strip.cell_length == 48
        preview.show(picture(2))
        assert sent[-1].endswith(kitty_delete(7001))
        assert "i=7002" in sent[-1]
        preview.show(None)
        assert sent[-1] == kitty_delete(7002)


async def test_another_screen_in_front_takes_the_picture_away(table, monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(widget, "send", lambda app, text: sent.append(text))
    await watch(table)
    await table.until(lambda: wish(table).wanted)
    shown(table, "recognition").show(picture())
    await table.press("f1")
    await table.until(lambda: sent[-1] == kitty_delete(7001))


async def test_a_picture_is_asked_for_only_where_the_terminal_and_its_line_carry_it(
    run, monkeypatch
):
    for name in ("TERM", "TMUX", "STY", "SSH_CONNECTION", "TERM_PROGRAM", "KITTY_WINDOW_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setattr("tui.desk.preview.colours", lambda app: "true")
    monkeypatch.setattr(FacedeskApp, "is_headless", False)
    async with run(desk(), size=(120, 40)) as table:
        await watch(table)
        await table.until(lambda: wish(table).form == "png", "kitty shows pictures")
        for elsewhere in (
            {"SSH_CONNECTION": "10.0.0.2 5 10.0.0.1 22"},
            {"TMUX": "/tmp/x"},
            {"TERM": "xterm-256color"},
        ):
            with monkeypatch.context() as patch:
                for name, value in elsewhere.items():
                    patch.setenv(name, value)
                table.app.preview.look()
                assert (wish(table).form, wish(table).cell) == ("cells", (1, 2)), elsewhere
            table.app.preview.look()
            assert wish(table).form == "png"
            assert wish(table).cell != (1, 2)


async def test_a_frame_cut_short_draws_what_there_is():
    whole = two_halves()
    first_line = whole.cells[: HALF_BLOCK_RUN.size]
    async with alone() as preview:
        for cells in (b"", b"abc", HALF_BLOCK_RUN.pack(0, 1, 2) * 20):
            preview.show(replace(whole, cells=first_line + cells))
            assert [line.strip.text for line in preview._lines] == ["▀" * 10], cells
            preview.show(None)
