"""The desk on an encrypted workspace: its processes seal what they write and read it again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_driver import started, wait_unlocked

from engine.config import load_settings
from engine.contract import ProcessReady
from engine.contract.errors import VaultLocked
from engine.contract.requests import EnrolRequest
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from engine.workspace.vault import convert, opened
from engine.workspace.vault.convert import survey, verify
from engine.workspace.vault.keys import Opener
from tests.templates import NO_VIEWS
from tui.board import Memory
from tui.screens.stills import BROKEN, Still, read

SETTINGS = load_settings(training=NO_VIEWS)
OPENER = Opener("key-file", bytes(range(32)))
DEMO = EnrolRequest(person="Eileen Collins", source="demo:collins", count=3, pace="fast")


@pytest.fixture
def sealed(workspace: Workspace) -> Iterator[Workspace]:
    """An encrypted, opened workspace."""
    convert.create(workspace, OPENER)
    yield workspace
    opened.forget(workspace.root)


def test_what_the_processes_write_is_sealed_and_what_they_show_is_not(sealed: Workspace) -> None:
    desk = LocalDesk(sealed, SETTINGS)
    collector = started(desk)
    try:
        desk.enrol(DEMO)
        assert collector.wait_end("enrol").outcome == "done"
        rows = desk.pictures("Eileen Collins")
        stills = [read(Still(Path(row.path), "")) for row in rows]
        assert len(stills) == 3
        assert all(still.getpixel((0, 0)) != BROKEN for still in stills)
        wait_unlocked(sealed)  # the features are written too
    finally:
        desk.close()
    assert survey(sealed).plain == 0
    assert list(sealed.features.rglob("*.npz"))
    assert verify(sealed)[1] == ()


def test_a_process_that_died_is_replaced_by_one_with_the_key(sealed: Workspace) -> None:
    desk = LocalDesk(sealed, SETTINGS)
    collector = started(desk)
    try:
        first = collector.wait(ProcessReady, lambda event: event.process == "camera")
        os.kill(first.pid, signal.SIGKILL)
        collector.wait(ProcessReady, lambda e: e.process == "camera" and e.pid != first.pid)
        desk.enrol(DEMO)
        assert collector.wait_end("enrol").outcome == "done"
    finally:
        desk.close()
    assert verify(sealed)[1] == ()


def test_a_desk_on_a_locked_workspace_says_so_and_writes_nothing(sealed: Workspace) -> None:
    opened.forget(sealed.root)
    desk = LocalDesk(sealed, SETTINGS)
    started(desk)
    try:
        with pytest.raises(VaultLocked):
            desk.enrol(DEMO)
    finally:
        desk.close()
    assert survey(sealed).plain == 0


def test_what_the_app_remembers_is_sealed(sealed: Workspace) -> None:
    memory = Memory(sealed.root)
    memory.put("source", "rtsp://door.local/Eileen")
    memory.save()
    assert b"Eileen" not in sealed.view_file.read_bytes()
    assert Memory(sealed.root).get("source", "") == "rtsp://door.local/Eileen"
