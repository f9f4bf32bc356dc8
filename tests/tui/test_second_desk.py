"""Two desks on one workspace: the second says who holds it and what it may do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_desk import FakeDesk

from engine.contract.errors import PersonNotFound
from engine.contract.requests import PictureRow
from tests.tui.samples import person


async def test_a_second_desk_says_who_holds_the_workspace_and_what_it_may_do(
    run: Callable[..., Any],
) -> None:
    made = FakeDesk()
    made.other = "process 4711, since 2026-12-01 09:30"
    async with run(made) as table:
        await table.until(lambda: "open (process 4711, since 2026-12-01 09:30)" in table.toasts())
        assert "Here you can look, evaluate and recognise at any time." in table.toasts()
        assert "You can change something while the other desk does not." in table.log()


async def test_the_only_desk_says_nothing_of_another(run: Callable[..., Any]) -> None:
    async with run(FakeDesk()) as table:
        await table.until(lambda: table.desk.asked("other_desk"))
        assert "Another desk" not in table.log()


async def test_what_another_process_changed_is_shown_without_a_key(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.LOOK_AROUND", 0.05)
    async with run(FakeDesk((person("Ada"),), workspace=tmp_path)) as table:
        await table.until(lambda: table.app.screen_desk.people.rows)
        table.desk.rows = (person("Grace"),)
        (tmp_path / "audit").mkdir()
        (tmp_path / "audit" / "audit.jsonl").write_text("an entry\n")
        await table.until(lambda: table.app.screen_desk.people.rows[0].name == "Grace")


async def test_a_person_who_is_gone_meanwhile_is_told_and_not_opened(
    run: Callable[..., Any],
) -> None:
    made = FakeDesk((person("Ada"),))
    async with run(made) as table:
        await table.until(lambda: table.app.screen_desk.people.rows)
        made.fail["person_facts"] = PersonNotFound("Nobody of this name is enrolled", "Ada")
        await table.press("enter")
        await table.until(lambda: "Ada is not enrolled any more" in table.toasts())


async def test_a_person_who_goes_while_their_screen_is_open_is_told(
    run: Callable[..., Any],
) -> None:
    made = FakeDesk((person("Ada"),))
    async with run(made) as table:
        await table.until(lambda: table.app.screen_desk.people.rows)
        await table.press("enter")
        await table.until(lambda: getattr(table.app.screen, "facts", None))
        made.fail["person_facts"] = PersonNotFound("Nobody of this name is enrolled", "Ada")
        table.app.people.refresh()
        await table.until(lambda: "Ada is not enrolled any more" in table.toasts())
        assert table.app.screen is table.app.screen_desk


async def test_pictures_that_another_process_deletes_leave_the_chosen_one_chosen(
    run: Callable[..., Any],
) -> None:
    made = FakeDesk((person("Ada"),))
    made.picture_rows = tuple(
        PictureRow(session="s", file=f"{n}.png", path=f"/absent/{n}.png") for n in range(4)
    )
    async with run(made) as table:
        await table.until(lambda: table.app.screen_desk.people.rows)
        await table.press("f")
        await table.shows("1 of 4")
        await table.press("right", "right")
        await table.shows("3 of 4 · session s · 2.png")
        made.picture_rows = made.picture_rows[1:]
        table.app.people.refresh()
        await table.shows("2 of 3 · session s · 2.png")
        await table.press("d")
        await table.until(lambda: table.app.screen.query("Button"))
        made.picture_rows = ()
        table.app.people.refresh()
        await table.until(lambda: len(table.desk.asked("pictures")) == 3)
        await table.press("escape")
        await table.shows("2 of 3 · session s · 2.png")
        await table.press("d")
        await table.until(lambda: table.app.screen.query("Button"))
