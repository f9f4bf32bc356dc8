"""The passphrase screen before the desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.widgets import Input, Static

from engine.workspace.folder import Workspace
from engine.workspace.vault import convert, opened
from engine.workspace.vault.keys import VaultRecord, Wrap, from_passphrase, read_record
from tui.unlock import UnlockApp

WORDS = "four words of mine"


@pytest.fixture
def record(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultRecord]:
    """The vault of a workspace that is locked; scrypt at its least costs."""
    cheap = Wrap.of_passphrase(1 << 14)
    monkeypatch.setattr(Wrap, "of_passphrase", lambda: cheap)
    convert.create(workspace, from_passphrase(WORDS))
    opened.forget(workspace.root)
    found = read_record(workspace.root)
    assert found is not None
    yield found
    opened.forget(workspace.root)


def said(app: UnlockApp) -> str:
    return str(app.query_one("#unlock-error", Static).render())


async def test_the_right_passphrase_opens(workspace: Workspace, record: VaultRecord) -> None:
    app = UnlockApp(workspace, record)
    async with app.run_test() as pilot:
        await pilot.press(*("space" if each == " " else each for each in WORDS), "enter")
        await app.workers.wait_for_complete()
    assert app.return_value is True
    assert opened.opened(workspace.root) is not None


async def test_a_wrong_one_is_said_and_asked_for_again(
    workspace: Workspace, record: VaultRecord
) -> None:
    app = UnlockApp(workspace, record)
    async with app.run_test() as pilot:
        app.query_one(Input).value = "other words"
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "The passphrase is wrong" in said(app)
        assert app.query_one(Input).value == ""
        app.query_one(Input).value = WORDS
        await pilot.press("enter")
        await app.workers.wait_for_complete()
    assert app.return_value is True


async def test_nothing_typed_is_nothing_tried(workspace: Workspace, record: VaultRecord) -> None:
    app = UnlockApp(workspace, record)
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert said(app) == ""


async def test_what_is_typed_is_not_shown(workspace: Workspace, record: VaultRecord) -> None:
    app = UnlockApp(workspace, record)
    async with app.run_test() as pilot:
        app.query_one(Input).value = WORDS
        await pilot.pause()
        assert "four" not in app.export_screenshot()


async def test_escape_leaves_it_locked(workspace: Workspace, record: VaultRecord) -> None:
    app = UnlockApp(workspace, record)
    async with app.run_test() as pilot:
        await pilot.press("escape")
    assert app.return_value is False
    assert opened.opened(workspace.root) is None
