"""The writer lock as the jobs of one app share it."""

from __future__ import annotations

import pytest

from engine.contract import Recovered
from engine.contract.errors import WorkspaceUnusable
from engine.desk.calls import SharedWriter
from engine.desk.local import LocalDesk
from engine.desk.processes import Processes
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.desk.desk_driver import Collector

KILLED = "facedesk import (process 7)"


def test_whoever_takes_the_lock_first_hears_what_was_cut_short(workspace: Workspace) -> None:
    workspace.lock_file.write_text(KILLED)
    told: list[Recovered] = []
    writer = SharedWriter(workspace, told.append)
    with writer.hold("train"), writer.hold("enrol"):
        assert told == [Recovered(interrupted=KILLED)]
    with writer.hold("train"):
        assert len(told) == 1


def test_a_recovery_that_fails_leaves_the_lock_free(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise WorkspaceUnusable("The workspace cannot be used")

    writer = SharedWriter(workspace)
    with monkeypatch.context() as patch:
        patch.setattr("engine.rights.upkeep.recover", fails)
        with pytest.raises(WorkspaceUnusable):
            writer.acquire("train")
    with writer.hold("train"):
        assert "train" in workspace.lock_file.read_text()


def test_the_desk_says_at_its_start_what_a_killed_writer_left(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "get", lambda self, name: None)
    workspace.lock_file.write_text(KILLED)
    (workspace.people / ".tmp-1").write_bytes(b"half")
    desk, heard = LocalDesk(workspace, Settings()), Collector()
    desk.start(heard)
    assert heard.of(Recovered) == [Recovered(interrupted=KILLED, unfinished=1)]
    assert not list(workspace.people.iterdir())
    desk.close()


def test_a_desk_starts_while_another_process_writes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "get", lambda self, name: None)
    desk, heard = LocalDesk(workspace, Settings()), Collector()
    with workspace.writer("facedesk train"):
        desk.start(heard)
    assert heard.events == []
    desk.close()
