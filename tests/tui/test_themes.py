"""Every theme can be read, and colour is never the only sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_desk import FakeDesk

from engine.contract import JobStarted
from tests.tui.samples import epoch, model, person

RUN = tuple(epoch(n, min(n, 5)) for n in range(1, 9))


def unreadable(app: Any) -> list[str]:
    """Words in the colour of their ground."""
    found = []
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style, words = segment.style, segment.text.strip(" ▀▄█─│╭╮╰╯")
            if style and words and style.color and style.color == style.bgcolor:
                same_default = style.color.name == "default"
                found += [] if same_default else [segment.text]
    return found


async def test_desk_and_dialogs_can_be_read_in_every_theme(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    people = (person("Ada", in_model="yes"), person("Grace", in_model="stale"))
    desk = FakeDesk(people, (model(current=True, history=RUN),), workspace=tmp_path)
    async with run(desk, size=(160, 45)) as table:
        desk.emit(JobStarted(job="train", title="Training"), *RUN)
        await table.until(lambda: len(table.app.screen_desk.training.epochs) == len(RUN))
        for theme in ("ansi-dark", "ansi-light", "textual-dark", "textual-light"):
            table.app.theme = theme
            await table.press("4")
            assert not unreadable(table.app), theme
            await table.press("3", "tab")
            assert not unreadable(table.app), theme
            for key in ("m", "J", "f1", "n"):
                await table.press(key)
                await table.until(lambda: len(table.app.screen_stack) == 2)
                await table.pilot.pause()
                assert not unreadable(table.app), (theme, key)
                await table.press("escape")


async def test_without_colour_best_epoch_state_and_focus_still_show(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    desk = FakeDesk((person("Ada", in_model="stale"),), (model(current=True),))
    async with run(desk, size=(80, 24)) as table:
        assert table.app.no_color
        await table.shows("stale", "[1 People]")
        desk.emit(JobStarted(job="train", title="Training"), *RUN)
        await table.shows("★ 5", "[4 Training●]")
