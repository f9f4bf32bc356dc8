"""People and the trash through the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.desk.library import load_evaluation
from engine.people.registry import People
from engine.workspace.folder import Workspace
from tests.people.test_registry import capture


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    """Anna with two sessions of 3 and Bob with one."""
    people = People(workspace)
    for name, sessions in (("Anna", 2), ("Bob", 1)):
        person = people.add(name)
        for _ in range(sessions):
            capture(people, person, 3)
    return workspace


def counts(facedesk: Any, workspace: Workspace) -> dict[str, int]:
    run = facedesk("people", "--workspace", workspace.root, "--json")
    return {row["name"]: row["pictures"] for row in run.named("person")}


def test_a_person_is_deleted_and_comes_back(facedesk: Any, workspace: Workspace) -> None:
    at = ("--workspace", workspace.root, "--json")
    before = People(workspace).list()
    run = facedesk("people", "delete", "anna", *at)
    assert run.code == 0, run.err
    assert counts(facedesk, workspace) == {"Bob": 3}
    listed = facedesk("trash", *at)
    assert [each["title"] for each in listed.named("change")] == ["Deleted Anna (6 pictures)"]
    assert facedesk("trash", "undo", run.done["id"], *at).code == 0
    assert People(workspace).list() == before
    assert facedesk("trash", "undo", *at).code == 4


def test_pictures_are_moved_and_people_merged(facedesk: Any, workspace: Workspace) -> None:
    at = ("--workspace", workspace.root, "--json")
    session = People(workspace).get("Anna").sessions[0].id
    run = facedesk("people", "move", "Anna", f"{session}/0001.png", "Bob", *at)
    assert run.code == 0, run.err
    assert counts(facedesk, workspace) == {"Anna": 5, "Bob": 4}
    assert facedesk("people", "delete", "Anna", session, *at).code == 0
    assert counts(facedesk, workspace) == {"Anna": 3, "Bob": 4}
    assert facedesk("people", "merge", "Bob", "Anna", *at).code == 0
    assert counts(facedesk, workspace) == {"Anna": 7}


def test_consent_and_facts_are_shown(facedesk: Any, workspace: Workspace) -> None:
    at = ("--workspace", workspace.root)
    assert facedesk("people", "consent", "Anna", *at).code == 4  # nobody noted it
    run = facedesk("people", "consent", "Anna", "--by", "Desk one", "--text-version", "3", *at)
    assert run.code == 0, run.err
    shown = facedesk("people", "show", "Anna", "--pictures", *at).out
    assert "recorded by Desk one" in shown
    assert "text version 3" in shown
    assert "0003.png" in shown
    assert facedesk("people", "consent", "Anna", "--withdraw", *at).code == 0
    facts = facedesk("people", "show", "Anna", *at, "--json").objects[0]
    assert facts["consent"]["withdrawn"]
    assert len(facts["sessions"]) == 2
    assert load_evaluation(workspace, "any") is None


def test_the_trash_is_emptied_on_demand(facedesk: Any, workspace: Workspace) -> None:
    at = ("--workspace", workspace.root, "--json")
    facedesk("people", "delete", "Bob", *at)
    assert facedesk("purge", "--trash", *at).done["removed"] == {}
    assert facedesk("purge", "--trash", "--all", *at).done["removed"] == {"trash": 1}
    assert list(workspace.trash.iterdir()) == []


def test_a_trash_that_keeps_nothing_deletes_at_once(facedesk: Any, workspace: Workspace) -> None:
    at = ("--workspace", workspace.root, "--json")
    run = facedesk("people", "delete", "Bob", *at, FACEDESK_TRASH__KEEP_DAYS="0")
    assert run.code == 0, run.err
    assert not list(Path(workspace.trash).iterdir())
    assert "Bob" not in json.dumps(counts(facedesk, workspace))
