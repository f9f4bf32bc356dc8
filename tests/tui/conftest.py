"""A desk and the app on it; a fixed clock; waiting for conditions instead of sleeping."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).parent))  # fake_desk, wherever pytest is started from

from fake_desk import FakeDesk

from tui.app import FacedeskApp
from tui.demo import DemoScript

LONGEST = 25.0
"""Seconds after which something that is waited for hangs, on any machine."""


class Clock:
    """A time of day that moves only when told to."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


class Table:
    """The app under test with what tests ask of it."""

    def __init__(self, app: FacedeskApp, desk: FakeDesk, pilot: Pilot[Any], clock: Clock) -> None:
        self.app, self.desk, self.pilot, self.clock = app, desk, pilot, clock

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the app work until the condition holds; fail if it hangs."""
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            if condition():
                return
            if self.app.is_running:
                await self.pilot.pause(0.02)
            else:  # nobody is left who could become idle
                await asyncio.sleep(0.02)
        pytest.fail(f"never happened: {what or condition}\n{self.screen()}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if c == " " else c for c in text))

    async def enrol(self, name: str, source: str) -> None:
        """Fill in the form for a new person and send it."""
        await self.press("n")
        await self.type(name)
        await self.press("tab", "ctrl+u")
        await self.type(source)
        await self.press("enter")
        await self.until(lambda: "enrol" in self.app.board.titles, "enrolment runs")

    def text(self, selector: str) -> str:
        """The shown text of one of the panes' lines."""
        widget = self.app.screen_desk.query_one(selector)
        return str(widget.render()) if widget.display else ""

    def screen(self) -> str:
        """Everything on the screen, as lines."""
        width, _ = self.app.size
        strips = self.app.screen._compositor.render_strips()
        lines = ("".join(segment.text for segment in strip)[:width].rstrip() for strip in strips)
        return "\n".join(lines)

    async def shows(self, *texts: str) -> None:
        """All the texts are on the screen sooner or later."""
        await self.until(lambda: all(text in self.screen() for text in texts), f"shows {texts}")

    async def shows_at(self, sizes: Iterable[tuple[int, int]], *texts: str) -> None:
        """All the texts are on the screen, whichever of these sizes it is given."""
        for size in sizes:
            await self.pilot.resize_terminal(*size)
            await self.shows(*texts)

    def log(self) -> str:
        return "\n".join(self.app.screen_desk.activity.lines)

    def toasts(self) -> str:
        return "\n".join(f"{n.title} {n.message}" for n in self.app._notifications)


@pytest.fixture
def run() -> Callable[..., Any]:
    """`async with run(desk, size=...) as table`: the app, started and with its people listed."""

    @asynccontextmanager
    async def running(
        desk: FakeDesk, size: tuple[int, int] = (120, 40), script: DemoScript | None = None
    ) -> AsyncIterator[Table]:
        clock = Clock()
        app = FacedeskApp(desk, script, clock)
        try:
            async with app.run_test(size=size) as pilot:
                table = Table(app, desk, pilot, clock)
                await table.until(lambda: desk.asked("models"), "the workspace is read")
                await pilot.pause()
                yield table
        finally:
            desk.end()

    return running
