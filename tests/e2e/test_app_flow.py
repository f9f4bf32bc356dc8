"""The whole job in the app, with the real engine and nothing but keys."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.config import load_settings
from engine.desk.local import LocalDesk
from engine.model.store import ModelStore
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace
from tui.app import FacedeskApp

LONGEST = 600.0
"""Seconds after which a test hangs, on any machine."""
REPOSITORY = Path(__file__).resolve().parents[2]


class Operator:
    """Presses keys and reads the screen, as a person would."""

    def __init__(self, app: FacedeskApp, pilot: Pilot[Any]) -> None:
        self._app, self._pilot = app, pilot

    @property
    def screen(self) -> str:
        """The screen's text."""
        strips = self._app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def sees(self, what: str | Callable[[str], bool]) -> None:
        """Wait until the screen shows it."""
        test = (lambda text: what in text) if isinstance(what, str) else what
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            await self._pilot.pause(0.2)  # drawing the screen for a look is work too
            if test(self.screen):
                return
        pytest.fail(f"the screen never showed {what!r}:\n{self.screen}")

    async def names(self, person: str) -> None:
        """Wait until recognition names somebody: in view, or among the events that stay."""
        await self.sees(lambda text: f"KNOWN  {person}" in text or f" known   {person}" in text)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type text into the focused field."""
        names = {" ": "space"}
        await self._pilot.press(*(names.get(letter, letter) for letter in text))

    async def idle(self) -> None:
        """Wait until no job runs."""
        deadline = time.monotonic() + LONGEST
        while self._app.board.titles:
            assert time.monotonic() < deadline, self.screen
            await self._pilot.pause(0.05)

    async def picture(self, name: str, size: tuple[int, int] | None = None) -> None:
        """README's pictures come from these very tests: `make screenshots` names the folder."""
        folder = os.environ.get("SCREENSHOTS")
        if not folder:
            return
        before = self._app.size
        self._app.screen_desk.title_bar.workspace = "./data"  # the usual one, not the test's
        if size is not None:
            await self._pilot.resize_terminal(*size)
        await asyncio.sleep(2)
        svg = self._app.export_screenshot(title="facedesk")
        Path(folder, f"{name}.svg").write_text(svg)
        if size is not None:
            await self._pilot.resize_terminal(*before)

    async def enrol(self, name: str, source: object, count: int) -> None:
        """`n`, the form, Enter; wait for the end."""
        await self.press("n")
        await self.sees("Close (Esc)")
        await self.type(name)
        await self.press("tab", "ctrl+u")
        await self.type(str(source))
        await self.press("tab", "ctrl+u")
        await self.type(str(count))
        if self._app.quick.then_train:  # remembered: once is enough
            await self.press("tab", "space")
        await self.press("enter")
        if os.environ.get("SCREENSHOTS"):
            await self.sees("different views")
            await self.picture("capture", (80, 24))
        await self.sees(lambda text: f"{count}/{count}" in text or f"{count} of {count}" in text)
        await self.idle()

    async def recognise(self, source: object) -> None:
        """`r`, the form, Enter."""
        await self.press("r")
        await self.sees("Close (Esc)")
        await self.press("ctrl+u")
        await self.type(str(source))
        await self.press("enter")


async def whole_job(
    operator: Operator, people: list[tuple[str, Path | str]], count: int, known: tuple[str, object]
) -> None:
    """Enrol everybody, split, train, and wait until `known` (name, source) is named."""
    for name, source in people:
        await operator.enrol(name, source, count)
    await operator.press("s")
    await operator.sees("one session only")
    await operator.press("t", "4")
    await operator.sees("In use: model of")
    await operator.idle()
    name, source = known
    await operator.recognise(source)
    await operator.press("5")
    await operator.names(name)


def desk(tmp_path: Path) -> LocalDesk:
    """The real desk on an empty workspace."""
    workspace = Workspace(tmp_path / "workspace")
    workspace.prepare()
    return LocalDesk(workspace, load_settings())


async def test_both_demo_portraits_are_enrolled_and_told_apart_with_nothing_but_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 8
    if os.environ.get("SCREENSHOTS"):
        count = 60
    else:
        monkeypatch.setenv("FACEDESK_TRAINING__VIEWS", "0")
        monkeypatch.setenv("FACEDESK_TRAINING__EPOCHS", "1")
        monkeypatch.setenv("FACEDESK_APP__PREVIEW", "low")
    app = FacedeskApp(desk(tmp_path))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(app, pilot)
        people: list[tuple[str, Path | str]] = [
            ("Eileen Collins", "demo:collins"),
            ("Grace Hopper", "demo:hopper"),
        ]
        await whole_job(operator, people, count, ("Grace Hopper", "demo:hopper?seed=4"))
        await operator.picture("desk", (120, 40))
        await operator.press("W")
        await operator.sees("this face")
        await operator.picture("why", (100, 30))
        await operator.press("escape", "escape")
        await operator.idle()
        await operator.press("q")
    audit = Audit(Workspace(tmp_path / "workspace"))
    assert [entry.action for entry in audit.entries() if entry.action != "began"] == [
        "log-begun",
        "settings-changed",
        "enrolled",
        "enrolled",
        "split-made",
        "trained",
        "promoted",
        "recognition-started",
        "recognition-ended",
    ]
    assert audit.verify().fault is None


@pytest.mark.long  # with a demo portrait, and on a terminal, in test_terminal.py
@pytest.mark.shared
async def test_from_the_start_a_name_is_enough_to_be_recognised(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`n`, the name, Enter; the source is the one that was used last. Then a second person, while
    the first is recognised."""
    monkeypatch.setenv("FACEDESK_ENROLMENT__COUNT", "12")
    monkeypatch.setenv("FACEDESK_TRAINING__EPOCHS", "3")
    monkeypatch.setenv("FACEDESK_TRAINING__VIEWS", "0")
    app = FacedeskApp(desk(tmp_path))
    app.last_used.source = str(clips / "man_a_take1.mp4")
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(app, pilot)
        await operator.press("n")
        await operator.sees("Close (Esc)")
        await operator.type("Man A")
        await operator.press("enter")
        # Nothing that flashes by is waited for: a fast machine has trained before a look at it.
        await operator.names("Man A")
        await operator.press("4")
        await operator.sees("In use: model of 1 person")
        await operator.press("n")
        await operator.sees("Close (Esc)")
        await operator.type("Man B")
        await operator.press("tab", "ctrl+u")
        await operator.type(str(clips / "man_b.mp4"))
        await operator.press("enter")
        await operator.names("Man B")
        await operator.press("4")
        await operator.sees("In use: model of 2 people")
        await operator.press("q")
    made = Workspace(tmp_path / "workspace")
    told = [entry.action for entry in Audit(made).entries() if entry.action != "began"]
    assert told[2:7] == [
        "enrolled",
        "split-made",
        "trained",
        "promoted",
        "recognition-started",
    ]
    model = next(model for model in ModelStore(made).list() if model.current)
    assert [name for _slug, name, _revision in model.people] == ["Man A", "Man B"]


@pytest.mark.long
@pytest.mark.shared
async def test_the_same_on_real_clips_with_a_stranger(
    tmp_path: Path, clips: Path, cut: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDESK_TRAINING__VIEWS", "0")
    app = FacedeskApp(desk(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(app, pilot)
        people: list[tuple[str, Path | str]] = [
            ("Man A", clips / "man_a_take1.mp4"),
            ("Man B", clips / "man_b.mp4"),
        ]
        await whole_job(operator, people, 14, ("Man A", clips / "man_a_take2.mp4"))
        await operator.press("escape")
        await operator.idle()
        await operator.recognise(cut(clips / "woman_a.mp4", tmp_path / "woman.mp4", 50))
        await operator.sees(lambda text: "UNKNOWN" in text or " unknown n" in text)
        await operator.idle()
        assert " known   Man" not in operator.screen
        await operator.press("q")
