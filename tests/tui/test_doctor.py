"""The doctor's screen: what it lists, what it measures, and that nothing can hang it."""

from __future__ import annotations

import threading

from fake_desk import FakeDesk
from rich.color import Color
from textual.widgets import DataTable

from engine.contract import JobEnded, RecordingEnded, RecordingStarted
from engine.contract.errors import WorkspaceUnusable
from engine.contract.requests import CheckRequest, EnrolRequest
from tests.tui.samples import captured, finding, measured, opened, person
from tui.screens.doctor import DoctorScreen
from tui.screens.help import HelpScreen
from tui.widgets.crop import Crop

SIZE = (80, 24)
SIZES = [SIZE, (120, 40), (160, 45)]
CAMERA = finding("/dev/video0", group="camera", value="HD Webcam", device="/dev/video0")
DENIED = finding(
    "/dev/video1",
    "warning",
    group="camera",
    value="Other: The camera may not be used",
    detail="/dev/video1 belongs to group video",
    remedy="Run `sudo usermod -aG video ada`, then log out and in again.",
    device="/dev/video1",
)
WEIGHTS = finding("VGG16 weights", value="SHA-256 9ec853083066")
BROKEN = finding("disk", "trouble", group="storage", value="0.1 GB free", remedy="du -sh /srv")


def desk(*findings, **fields) -> FakeDesk:
    made = FakeDesk(**fields)
    made.findings = findings or (CAMERA, DENIED, WEIGHTS, BROKEN)
    return made


async def look(table):
    await table.press("f2")
    await table.until(lambda: table.app.doctor.looked, "the doctor has looked")
    await table.pilot.pause()


async def test_findings_stand_under_their_groups_with_sign_and_word(table):
    await look(table)
    for size in SIZES:
        await table.pilot.resize_terminal(*size)
        await table.shows("Cameras", "✓ ok", "HD Webcam", "! WARNING", "Workspace", "✗ TROUBLE")
        await table.shows("Files", "SHA-256 9ec853083066", "1 thing is broken")
        assert max(map(len, table.screen().splitlines())) <= size[0]


async def test_the_selected_finding_shows_its_detail_and_remedy_in_full(table):
    await look(table)
    await table.press("down")
    await table.shows_at(SIZES, "belongs to group video", "→ Run `sudo usermod -aG video ada`")


async def test_enter_measures_the_selected_camera_and_shows_its_picture(table):
    await look(table)
    await table.press("enter")
    await table.until(lambda: table.desk.asked("check"))
    assert table.desk.asked("check") == [CheckRequest(source="/dev/video0")]
    await table.shows("Measuring /dev/video0")
    rate = finding("/dev/video0 rate", group="camera", value="29.9 fps", device="/dev/video0")
    table.desk.emit(measured(), rate, JobEnded(job="check", outcome="done"))
    await table.shows("    rate", "29.9 fps", "▀▀▀")
    still = table.app.screen.query_one(Crop)
    colours = {s.style.color for s in still.render_line(0) if s.style and s.style.color}
    assert Color.from_rgb(200, 30, 30) in colours


async def test_a_camera_that_we_hold_ourselves_is_not_measured_and_it_says_so(table):
    await table.begin(desk(people=(person("Ada"),)))
    table.desk.enrol(EnrolRequest(person="Ada", source="0", count=5))
    table.desk.emit(opened(), captured(1))
    await table.until(lambda: table.app.board.camera_job == "enrol")
    await look(table)
    await table.shows("The camera is in use: Enrolling Ada")
    await table.press("enter")
    await table.pilot.pause()
    assert not table.desk.asked("check")


async def test_a_line_without_a_camera_cannot_be_measured(table):
    await table.begin(desk(WEIGHTS))
    await look(table)
    await table.press("enter")
    await table.until(lambda: "Choose the line of a camera" in table.log())
    assert not table.desk.asked("check")


async def test_the_source_used_last_can_be_measured_too(table):
    await table.begin(desk(WEIGHTS))
    table.app.last_used.source = "demo:collins"
    await look(table)
    await table.press("up", "up", "up", "down")
    await table.shows("the source used last")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("check"))
    assert table.desk.asked("check") == [CheckRequest(source="demo:collins")]


async def test_a_doctor_that_hangs_leaves_the_screen_alive(table):
    free = threading.Event()
    table.desk.doctor = lambda: (free.wait(30), ())[1]
    await table.press("f2")
    await table.shows("Looking at cameras")
    await table.press("escape")
    await table.until(lambda: not isinstance(table.app.screen, DoctorScreen))
    free.set()


async def test_a_doctor_that_fails_is_told(table):
    table.desk.fail["doctor"] = WorkspaceUnusable("The workspace cannot be used", "x", "y")
    await table.press("f2")
    await table.until(lambda: "The workspace cannot be used" in table.log())


async def test_escape_goes_back_and_a_second_look_is_fresh(table):
    await look(table)
    await table.press("escape")
    await table.until(lambda: not isinstance(table.app.screen, DoctorScreen))
    table.desk.findings = (WEIGHTS,)
    await table.press("f2")
    await table.until(lambda: len(table.desk.asked("doctor")) == 2)
    await table.until(lambda: "HD Webcam" not in table.screen())


async def test_help_explains_the_doctor_first(table):
    await look(table)
    await table.press("f1")
    await table.until(lambda: isinstance(table.app.screen, HelpScreen))
    await table.shows("Doctor: what is there and what is wrong", "In the doctor")


async def test_text_from_a_camera_is_never_markup(table):
    evil = finding("/dev/video0", group="camera", value="[red]x[/]\x1b[31m", device="/dev/video0")
    await table.begin(desk(evil))
    await look(table)
    await table.shows("[red]x[/]\ufffd[31m")


async def test_the_cursor_stays_on_its_camera_while_figures_come(table):
    await look(table)
    await table.press("down")
    table.desk.emit(finding("/dev/video1 rate", group="camera"))
    await table.shows("/dev/video1 rate")
    place = table.app.screen.query_one(DataTable).cursor_row
    assert table.app.screen.selected == DENIED, place


async def test_the_title_says_that_a_session_is_recorded(table):
    await table.begin(FakeDesk())
    table.desk.emit(RecordingStarted(job="enrol", file="/x/day.fdrec"))
    await table.shows(" REC ")
    table.desk.emit(RecordingEnded(job="enrol", file="/x/day.fdrec", megabytes=1.0))
    await table.until(lambda: " REC " not in table.screen())
    assert "/x/day.fdrec" in table.log()
