"""Pictures of the app that must not change by accident: `pytest --snapshot-update` renews them.

A made-up desk on which nothing moves; the time of day in the activity log stands still.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from evaluations import evaluation
from fake_desk import FakeDesk
from textual.pilot import Pilot

from engine.contract import Event, JobEnded, JobStarted, Refused
from tests.tui.samples import captured, epoch, face, model, opened, person
from tui.app import FacedeskApp

NOW = 1_795_000_000.0
PEOPLE = (
    person("Ada Lovelace", 100, sessions=2, in_model="yes"),
    person("Grace Hopper", 40, in_model="stale"),
    person("Eileen Collins", 12),
)
LONGEST = 120.0
"""Seconds after which a story that does not get on is stuck."""
NARROW, MIDDLE, WIDE = (80, 24), (120, 40), (200, 60)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr("tui.panes.base.time.time", lambda: NOW)


def desk() -> FakeDesk:
    return FakeDesk(PEOPLE, (model(current=True),))


def app_on(fake: FakeDesk, theme: str = "textual-dark") -> FacedeskApp:
    app = FacedeskApp(fake, clock=lambda: NOW)
    app.theme = theme
    return app


def after(
    fake: FakeDesk, *events: Event, keys: tuple[str, ...] = ()
) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Let the desk play events, press keys, and wait until everything is drawn."""

    async def story(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, FacedeskApp)

        async def until(condition: Callable[[], object]) -> None:
            deadline = time.monotonic() + LONGEST
            while not condition():
                assert time.monotonic() < deadline, "the story did not get on"
                await pilot.pause(0.02)

        await until(lambda: fake.asked("models"))
        done = []
        fake.emit(*events, lambda: done.append(True))
        await until(lambda: done)
        app.take_news()
        await pilot.pause()
        await pilot.press(*keys)
        seen: list[str] = []
        deadline = time.monotonic() + LONGEST
        while len(seen) < 5 or len(set(seen[-5:])) > 1:  # until nothing moves any more
            await pilot.pause(0.15)
            seen.append(repr(app.screen._compositor.render_strips()))
            assert time.monotonic() < deadline, "the screen never came to rest"

    return story


REFUSED = Refused(
    person="Ada Lovelace", reason="too_dark", value=38.0, limit=45.0, frame=9, box=None
)
CAPTURING = (
    JobStarted(job="enrol", title="Enrolling Ada Lovelace from demo:collins"),
    opened(),
    *(captured(n) for n in range(1, 13)),
    REFUSED,
)
TRAINING = (
    JobStarted(job="train", title="Training recipe head"),
    *(epoch(n, max(1, n - 1)) for n in range(1, 9)),
)
WATCHING = (
    JobStarted(job="recognise", title="Recognising from demo:collins"),
    opened(),
    face("known", "Ada Lovelace"),
    face("unknown", track=2, score=0.04),
)
FAILED = (
    JobStarted(job="enrol", title="Enrolling Ada Lovelace from 0"),
    JobEnded(
        job="enrol",
        outcome="failed",
        title="The camera cannot be opened",
        message="no permission on /dev/video0",
        hint="sudo usermod -aG video $USER, then log in again.",
        exit_code=3,
    ),
)


def test_nobody_is_enrolled_on_a_narrow_terminal(snap_compare: Any) -> None:
    fake = FakeDesk()
    assert snap_compare(app_on(fake), terminal_size=NARROW, run_before=after(fake))


def test_capture_on_a_narrow_terminal(snap_compare: Any) -> None:
    fake = desk()
    assert snap_compare(app_on(fake), terminal_size=NARROW, run_before=after(fake, *CAPTURING))


def test_training_on_a_middle_sized_terminal(snap_compare: Any) -> None:
    fake = desk()
    assert snap_compare(app_on(fake), terminal_size=MIDDLE, run_before=after(fake, *TRAINING))


def test_recognition_on_a_wide_terminal(snap_compare: Any) -> None:
    fake = desk()
    assert snap_compare(app_on(fake), terminal_size=WIDE, run_before=after(fake, *WATCHING))


def test_a_job_that_failed(snap_compare: Any) -> None:
    fake = desk()
    assert snap_compare(app_on(fake), terminal_size=NARROW, run_before=after(fake, *FAILED))


def test_the_light_theme(snap_compare: Any) -> None:
    fake = desk()
    story = after(fake, *CAPTURING)
    assert snap_compare(app_on(fake, "textual-light"), terminal_size=NARROW, run_before=story)


def test_the_evaluation(snap_compare: Any) -> None:
    fake = desk()
    story = after(fake, evaluation(model=model().id), keys=("v",))
    assert snap_compare(app_on(fake), terminal_size=MIDDLE, run_before=story)
