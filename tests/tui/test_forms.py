"""The preview window that the forms offer."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from textual.widgets import Checkbox

from engine.contract.requests import EnrolRequest, ImportRequest, RecogniseRequest
from engine.settings import ConsentSettings, Settings
from tests.tui.samples import model, person

SIZE = (80, 24)


def desk() -> FakeDesk:
    return FakeDesk((person("Ada Lovelace"),), (model(current=True),))


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.mark.usefixtures("display")
async def test_a_ticked_window_is_asked_for_and_offered_again(table):
    await table.press("n", "B", "o", "b", "tab", "tab", "tab", "space")
    await table.shows("▐X▌ OpenCV's own preview too")
    await table.press("enter")
    await table.until(lambda: table.desk.asked("enrol"))
    assert table.desk.asked("enrol") == [
        EnrolRequest(person="Bob", source="0", count=100, window=True)
    ]
    await table.until(lambda: table.app.screen is table.app.screen_desk)
    await table.press("x")
    await table.until(lambda: not table.app.board.titles)
    await table.press("r", "tab")
    await table.shows("▐X▌ OpenCV's own preview too")
    await table.press("space", "enter")
    await table.until(lambda: table.desk.asked("recognise"))
    assert table.desk.asked("recognise") == [RecogniseRequest(source="0", window=False)]


@pytest.mark.usefixtures("no_display")
async def test_consent_is_noted_with_a_new_person(table):
    await table.press("n", "B", "o", "b")
    await table.shows_at([(160, 45), SIZE], "Consent", "who asked, if they agreed")
    await table.press("tab", "tab", "tab", "tab", "M", "e", "enter")
    await table.until(lambda: table.desk.asked("enrol"))
    assert table.desk.asked("enrol") == [
        EnrolRequest(person="Bob", source="0", count=100, consent="Me")
    ]


async def test_consent_is_noted_with_an_import(table):
    await table.press("i", "p", "tab", "tab", "M", "e", "enter")
    await table.until(lambda: table.desk.asked("import"))
    assert table.desk.asked("import") == [ImportRequest(folder="p", consent="Me")]


@pytest.mark.parametrize("key", ["n", "i"])
async def test_nobody_is_asked_for_consent_where_that_is_switched_off(table, key):
    table.desk.settings = Settings(consent=ConsentSettings(required="off"))
    await table.press(key)
    await table.until(lambda: table.app.screen.query("#form-consent-by"))
    assert not table.app.screen.query_one("#form-consent-by").is_on_screen


@pytest.mark.usefixtures("display")
async def test_an_empty_box_shows_no_cross(table):
    await table.press("n")
    await table.shows("▐ ▌ OpenCV's own preview too")


@pytest.mark.usefixtures("no_display")
@pytest.mark.parametrize("key", ["n", "r"])
async def test_without_a_display_the_box_says_why_and_cannot_be_ticked(table, key):
    table.app.last_used.window = True  # of a display that is gone
    await table.press(key, "tab")
    await table.shows("no display here (DISPLAY is not set)")
    box = table.app.screen.query_one("#form-window", Checkbox)
    assert box.disabled
    assert not box.value
    await table.press("tab", "tab", "tab")
    assert table.app.focused is not box
