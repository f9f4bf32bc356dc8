"""The field for a source: cameras with name and size, what was used, paths, and mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_desk import FakeDesk
from textual.widgets import Input, OptionList

from engine.camera.v4l import CameraFacts, PictureFormat, Size
from engine.contract import JobEnded
from engine.contract.errors import SourceNotFound
from engine.contract.requests import RecogniseRequest
from tests.tui.samples import model, person
from tui.screens.forms import NewPersonForm, RecogniseForm
from tui.screens.sources import Offer, matching, offers, paths

SIZES = [(80, 24), (120, 40), (200, 60)]
SIZE = SIZES[0]
WEBCAM = CameraFacts(
    path=Path("/dev/video2"),
    name="HD Webcam",
    formats=(PictureFormat("MJPG", (Size(1280, 720), Size(640, 480))),),
)


@pytest.fixture(autouse=True)
def _one_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = CameraFacts(path=Path("/dev/video3"), name="HD Webcam", metadata=True)
    monkeypatch.setattr("tui.screens.sources.inspect_cameras", lambda: (WEBCAM, beside))


def desk(folder: Path = Path("/nonexistent/workspace")) -> FakeDesk:
    return FakeDesk((person("Ada"),), (model(current=True),), workspace=folder)


def test_cameras_come_with_name_and_size_then_what_was_used_then_the_demo() -> None:
    assert offers((WEBCAM,), ["clip.mp4", "2"]) == (
        Offer("2", "HD Webcam, 1280x720"),
        Offer("clip.mp4", "used before"),
        Offer("demo:collins", "a demo that needs no camera"),
    )


def test_paths_are_completed_folders_clips_and_pictures_alone(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    for name in ("party.mp4", "portrait.png", "notes.txt", ".hidden.mp4", "zoo.mp4"):
        (tmp_path / name).touch()
    found = [(Path(o.source).name, o.about) for o in paths(f"{tmp_path}/p")]
    assert found == [("party.mp4", "clip"), ("people", "folder"), ("portrait.png", "picture")]
    assert [o.source for o in paths(f"{tmp_path}/", folders=True)] == [f"{tmp_path}/people/"]
    assert paths("rtsp://host/p") == ()
    assert paths(f"{tmp_path}/none/x") == ()


def test_what_is_typed_narrows_what_is_known() -> None:
    known = offers((WEBCAM,), ["clip.mp4"])
    assert [o.source for o in matching("webc", known)] == ["2"]
    assert matching("2", known) == known


async def test_the_list_opens_with_the_field_and_enter_takes_a_line(table: Any) -> None:
    await table.press("r")
    await table.shows_at(SIZES, "HD Webcam, 1280x720", "demo:collins")
    await table.press("down", "enter")
    assert table.app.screen.value("#form-source") == "2"
    await table.press("enter")
    await table.until(lambda: table.desk.asked("recognise"))
    assert table.desk.asked("recognise")[0].source == "2"


async def test_a_further_source_is_added_behind_the_sign_between_them(table: Any) -> None:
    await table.press("r")
    await table.shows("HD Webcam")
    await table.press("end", *";col")
    await table.until(lambda: table.app.screen.query_one(OptionList).option_count == 1)
    await table.press("down", "enter")
    assert table.app.screen.value("#form-source") == "0; demo:collins"


async def test_a_source_that_is_not_there_is_told_in_the_form_which_keeps_what_was_typed(
    table: Any,
) -> None:
    table.desk.fail["enrol"] = SourceNotFound("There is no such file", "clp.mp4", "Check the path.")
    await table.press("n", *"Bob", "tab")
    await table.press("ctrl+u", *"clp.mp4", "enter")
    await table.shows_at(SIZES, "There is no such file: clp.mp4. Check the path.")
    screen = table.app.screen
    assert isinstance(screen, NewPersonForm)
    assert (screen.value("#form-name"), screen.value("#form-source")) == ("Bob", "clp.mp4")
    await table.press("tab", "shift+tab", "0")
    await table.until(lambda: "no such file" not in table.screen(), "the error is of what stood")


async def test_a_source_that_was_used_is_offered_again_and_one_with_a_password_is_not(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    async with run(desk(tmp_path)) as table:
        for source in ("rtsp://u:secret@host/1", "clip.mp4"):
            await table.app.jobs.recognise(RecogniseRequest(source=source))
            await table.until(lambda: "recognise" in table.app.board.titles)
            table.desk.emit(JobEnded(job="recognise", outcome="stopped"))
            await table.until(lambda: not table.app.board.titles)
        await table.press("r", "ctrl+u")
        await table.until(lambda: isinstance(table.app.screen, RecogniseForm))
        await table.shows("clip.mp4", "used before")
        found = table.app.screen.query_one(OptionList)
        assert not any("secret" in str(option.prompt) for option in found.options)


async def test_the_roster_enrols_from_the_source_of_its_field(table: Any) -> None:
    table.desk.add_to_roster("names.csv")
    await table.press("l")
    await table.until(lambda: table.app.screen.rows)
    field = table.app.screen.query_one("#form-source")
    field.value = "demo:hopper"
    await table.press("enter")
    await table.until(lambda: table.desk.asked("enrol"))
    assert table.desk.asked("enrol")[0].source == "demo:hopper"


async def test_folders_are_completed_in_the_import(table: Any, tmp_path: Path) -> None:
    (tmp_path / "photographs").mkdir()
    await table.press("i")
    table.app.screen.query_one("#form-folder", Input).value = f"{tmp_path}/p"
    await table.press("h")
    await table.until(lambda: table.app.screen.query_one(OptionList).option_count == 1)
    await table.press("down", "enter")
    assert table.app.screen.value("#form-folder") == f"{tmp_path}/photographs/"
