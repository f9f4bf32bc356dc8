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
import pytest_asyncio
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.widgets import DataTable

sys.path.insert(0, str(Path(__file__).parent))  # fake_desk, wherever pytest is started from

from fake_desk import FakeDesk

from engine.contract import JobEnded
from engine.contract.requests import EvaluateRequest
from tui.app import FacedeskApp
from tui.demo import DemoScript
from tui.screens.desk import View

LONGEST = 25.0
"""Seconds after which something that is waited for hangs, on any machine."""


def parse_once(parse: Callable[..., list[RuleSet]]) -> Callable[..., list[RuleSet]]:
    """Textual reads all style sheets anew for each app, the seventh part of a start."""
    parsed: dict[object, list[RuleSet]] = {}

    def known(self: Stylesheet, css: str, **facts: Any) -> list[RuleSet]:
        key = (css, *facts.items(), *self._variables.items())
        if key not in parsed:
            parsed[key] = parse(self, css, **facts)
        return parsed[key]

    return known


Stylesheet._parse_rules = parse_once(Stylesheet._parse_rules)  # type: ignore[method-assign]


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
        self._size, self._theme = app.size, app.theme
        self._told = 0

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the app work until the condition holds; fail if it hangs."""
        deadline = time.monotonic() + LONGEST
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"never happened: {what or condition}\n{self.screen()}")
            await asyncio.sleep(0.02)  # the pilot's pause asks each widget: 4 ms of work
        if self.app.is_running:  # else nobody is left who could become idle
            await self.pilot.pause(0)

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

    async def begin(self, desk: FakeDesk) -> None:
        """Stand as after a start on `desk`: close and end what is open or runs, forget what was."""
        self.app.quick.steps = None  # else the end of a job is the start of its next step

        def idle() -> bool:
            titles = self.app.board.titles
            self.desk.emit(*(JobEnded(job=job, outcome="stopped") for job in titles))
            return not titles

        await self.until(idle, "nothing runs")
        while self.app.screen is not self.app.screen_desk:
            await self.app.screen.dismiss(None)
        self.desk.hold(desk)
        evaluation, doctor = self.app.evaluation, self.app.doctor
        evaluation.result, evaluation.trouble, evaluation.request = None, "", EvaluateRequest()
        doctor.looked, doctor.still = (), None
        doctor._measured.clear()
        used = self.app.last_used
        used.source, used.count, used.window = "0", desk.settings.enrolment.count, False
        used.beside = ()
        self.app.memory._values.clear()
        self.app.screen_desk.people._sort = 0
        self.app.screen_desk.people.unmark()
        self.app.reload()
        self.app.unknown.reload()
        await self.until(lambda: self.desk.asked("models"), "the workspace is read")
        self.app.screen_desk.show_pane("people")
        self.app.screen_desk._look_at(View(*self.app.size))
        self.app.theme = self._theme
        self.app.clear_notifications()
        self._told = len(self.app.screen_desk.activity.lines)
        if self.app.size != self._size:
            await self.pilot.resize_terminal(*self._size)
        await self.pilot.pause()
        self.app.screen_desk.people.query_one(DataTable).move_cursor(row=0)

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

        def shown() -> bool:
            screen = self.screen()
            return all(text in screen for text in texts)

        await self.until(shown, f"shows {texts}")

    async def shows_at(self, sizes: Iterable[tuple[int, int]], *texts: str) -> None:
        """All the texts are on the screen, whichever of these sizes it is given."""
        for size in sizes:
            await self.pilot.resize_terminal(*size)
            await self.shows(*texts)

    def log(self) -> str:
        return "\n".join(self.app.screen_desk.activity.lines[self._told :])

    def toasts(self) -> str:
        return "\n".join(f"{n.title} {n.message}" for n in self.app._notifications)


@asynccontextmanager
async def running(
    desk: FakeDesk, size: tuple[int, int] = (120, 40), script: DemoScript | None = None
) -> AsyncIterator[Table]:
    """The app, started and with its people listed."""
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


@pytest.fixture
def run() -> Callable[..., Any]:
    """`async with run(desk, size=...) as table`: an app of the test's own."""
    return running


class Shared:
    """An app for several tests. A test that ends it leaves the next one a new app."""

    def __init__(self, desk: Callable[[], FakeDesk], size: tuple[int, int]) -> None:
        self._desk, self._size = desk, size
        self._task: asyncio.Task[None] | None = None

    async def _run(self, opened: asyncio.Future[Table]) -> None:
        """Textual's context is to be left in the task that entered it."""
        async with running(self._desk(), self._size) as table:
            opened.set_result(table)
            await self._over.wait()

    async def open(self) -> None:
        opened: asyncio.Future[Table] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        self._task = asyncio.create_task(self._run(opened))
        await asyncio.wait({self._task, opened}, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            await self.close()
        self._table = opened.result()

    async def close(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            self._over.set()
            await task

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Table]:
        """The app as after its start, in whose context the test runs."""
        new = self._task is None
        if new:
            await self.open()
        with self._table.app._context():
            if not new:
                await self._table.begin(self._desk())
            yield self._table
        if not self._table.app.is_running:
            await self.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Shared]:
    """What a module's tests share: an app on its `desk()`, of its SIZE if it has one."""
    shared = Shared(request.module.desk, getattr(request.module, "SIZE", (120, 40)))
    yield shared
    await shared.close()


@pytest_asyncio.fixture(loop_scope="module")
async def table(shared: Shared) -> AsyncIterator[Table]:
    """An app as after its start, which other tests use before and after.

    For tests that look, or whose traces are in the workspace, on the log or in an open screen:
    those are as if new. A test that leaves its mark elsewhere on the app starts its own with `run`.
    """
    async with shared.lent() as table:
        yield table


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests with a shared app run on the loop on which it was started."""
    if "table" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)
