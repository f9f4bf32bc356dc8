from __future__ import annotations

import pytest

from engine.config import load_settings
from engine.contract import Notice
from engine.contract.errors import WorkspaceUnusable
from engine.rights.upkeep import Watched, note_settings
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace


def told(workspace: Workspace) -> list[tuple[str, object]]:
    """Actions and outcomes or sources of the entries about watching."""
    return [
        (entry.action, entry.details.get("outcome", entry.details.get("sources")))
        for entry in Audit(workspace).entries()
        if entry.action.startswith("recognition")
    ]


def test_start_and_end_are_noted_with_the_cameras_and_not_with_names(workspace: Workspace) -> None:
    watched = Watched(workspace, load_settings(), [].append)
    watched.begin(("0", "rtsp://u:p@cam/ada"))
    watched.end("done", frames=3)
    assert told(workspace) == [
        ("recognition-started", ["0", "rtsp://cam"]),
        ("recognition-ended", "done"),
    ]
    assert Audit(workspace).entries()[-1].details["frames"] == 3


def test_nobody_watches_where_it_cannot_be_noted(workspace: Workspace) -> None:
    Audit(workspace).file.mkdir(parents=True)
    with pytest.raises(WorkspaceUnusable):
        Watched(workspace, load_settings(), [].append).begin(("0",))


def test_an_end_that_cannot_be_noted_any_more_is_told(workspace: Workspace) -> None:
    heard: list[Notice] = []
    watched = Watched(workspace, load_settings(), heard.append)
    watched.begin(("0",))
    Audit(workspace).file.unlink()
    Audit(workspace).file.mkdir()
    watched.end("done")
    watched.end("done")
    assert [notice.level for notice in heard] == ["error"]


def test_settings_of_the_environment_are_noted_where_privacy_depends_on_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_settings(workspace, load_settings())
    monkeypatch.setenv("FACEDESK_GATES__MIN_FACE", "90")
    note_settings(workspace, load_settings())
    monkeypatch.setenv("FACEDESK_TRASH__KEEP_DAYS", "0")
    note_settings(workspace, load_settings())
    noted = [e.details for e in Audit(workspace).entries() if e.action == "settings-changed"]
    assert [details["trash"]["keep_days"] for details in noted] == [30, 0]


def test_a_workspace_that_may_only_be_read_is_watched_and_that_no_entry_is_made_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "read_only", True)
    heard: list[Notice] = []
    watched = Watched(workspace, load_settings(), heard.append)
    watched.begin(("0",))
    watched.end("done")
    assert ["not in the audit log" in notice.text for notice in heard] == [True]
    assert told(workspace) == []
