"""Two desks on one workspace: the second says who holds it and what it may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_desk import FakeDesk


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
