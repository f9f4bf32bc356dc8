"""The unknown list through the real command line; the flow with real faces is in
tests/desk/test_unknown_flow.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.people.unknown import UnknownStore
from engine.settings import UnknownSettings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted


@pytest.fixture
def waiting(tmp_path: Path) -> tuple[Path, str]:
    """A workspace in which one group waits, and its id."""
    workspace = Workspace(tmp_path / "w")
    workspace.prepare()
    unknown = UnknownStore(workspace, UnknownSettings())
    first = unknown.add(sighted(candidate="Ada Lovelace"))
    unknown.add(sighted())
    return workspace.root, first


def test_groups_are_listed_assigned_and_the_choice_undone(
    facedesk: Any, waiting: tuple[Path, str]
) -> None:
    workspace, group = waiting
    (row,) = facedesk("unknown", "--workspace", workspace, "--json").named("unknown")
    assert (row["id"], row["crops"], row["candidate"]) == (group, 4, "Ada Lovelace")
    run = facedesk("unknown", "assign", group, "Grace Hopper", "--workspace", workspace)
    assert run.code == 4
    assert "Nobody of this name is enrolled" in run.err
    run = facedesk(
        "unknown", "assign", group, "Grace Hopper", "--new", "--workspace", workspace, "--json"
    )
    assert run.done == {"event": "done", "title": "Unknown is Grace Hopper", "pictures": 4}
    (person,) = facedesk("people", "--workspace", workspace, "--json").named("person")
    assert (person["pictures"], person["sessions"]) == (4, 2)
    assert facedesk("unknown", "undo", "--workspace", workspace).code == 0
    assert facedesk("people", "--workspace", workspace, "--json").done["people"] == 0
    assert facedesk("unknown", "--workspace", workspace, "--json").done["groups"] == 1


def test_a_group_is_split_and_a_part_of_it_assigned(
    facedesk: Any, waiting: tuple[Path, str]
) -> None:
    workspace, group = waiting
    where = ("--workspace", workspace)
    (row,) = facedesk("unknown", *where, "--json").named("unknown")
    first, second = row["sightings"]
    assert [each["id"] for each in row["rows"]] == [first, second]
    assert second in facedesk("unknown", "list", *where).out
    assert facedesk("unknown", "split", group, "20200101-000000-001", *where).code == 4
    assert facedesk("unknown", "split", group, first, second, *where).code == 4
    run = facedesk("unknown", "split", group, second, *where, "--json")
    assert run.done == {"event": "done", "title": "Split off 1 of 2 unknown", "pictures": 2}
    assert facedesk("unknown", *where, "--json").done["groups"] == 2
    assert facedesk("unknown", "undo", *where).code == 0
    assert facedesk("unknown", *where, "--json").done["groups"] == 1
    run = facedesk("unknown", "assign", group, "Grace", "--new", "--only", second, *where, "--json")
    assert run.done["pictures"] == 2
    (row,) = facedesk("unknown", *where, "--json").named("unknown")
    assert row["sightings"] == [first]


def test_the_switch_is_off_until_it_is_set_and_stays(facedesk: Any, tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    listed = ("unknown", "list", "--workspace", workspace, "--json")
    assert facedesk(*listed).done["keeping"] is False
    assert facedesk("unknown", "on", "--yes", "--workspace", workspace).code == 0
    assert facedesk(*listed).done["keeping"] is True
    assert facedesk("unknown", "off", "--workspace", workspace).code == 0
    assert facedesk(*listed).done["keeping"] is False


def test_deleting_all_and_purging(facedesk: Any, waiting: tuple[Path, str]) -> None:
    workspace, _ = waiting
    assert facedesk("unknown", "delete", "--workspace", workspace).code == 2
    assert facedesk("unknown", "delete", "--all", "--workspace", workspace).code == 0
    assert facedesk("unknown", "undo", "--workspace", workspace).code == 0
    run = facedesk("purge", "--unknown", "--all", "--yes", "--workspace", workspace, "--json")
    assert run.done["removed"] == {"unknown": 2}


def test_what_is_due_is_counted_by_the_command_that_removes_it(
    facedesk: Any, waiting: tuple[Path, str]
) -> None:
    root, group = waiting
    deleted = facedesk("unknown", "delete", group, "--workspace", root)
    assert deleted.code == 0
    workspace = Workspace(root)
    unknown = UnknownStore(workspace, UnknownSettings())
    folders = [unknown.folder(unknown.add(sighted())) for _ in range(3)]
    for number, folder in enumerate(folders, 1):
        folder.rename(folder.with_name(f"20200101-120000-{number:03d}"))
    at = ("--workspace", root, "--json")
    assert facedesk("purge", "--unknown", *at).done["removed"] == {"unknown": 3}
    assert facedesk("purge", "--unknown", *at).done["removed"] == {}
    (change,) = facedesk("trash", "list", *at).named("change")
    old = "20200101-120000-001"
    (workspace.trash / change["id"]).rename(workspace.trash / old)
    assert facedesk("purge", "--trash", *at).done["removed"] == {"trash": 1}
