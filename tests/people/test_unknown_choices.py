"""What the operator decides about kept strangers, and that all of it can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.contract.errors import (
    DataError,
    NameTaken,
    NothingToUndo,
    PersonNotFound,
    WorkspaceUnusable,
)
from engine.model.feature_store import FeatureCache
from engine.people.picture_records import PictureRecord, SessionWriter, read_records
from engine.people.registry import People, StrangerArea, strangers
from engine.people.trash import Trash
from engine.people.unknown import ChoiceMemory, UnknownStore
from engine.people.unknown_choices import Choices
from engine.settings import UnknownSettings
from engine.workspace.audit import Audit
from engine.workspace.files import read_bytes, remove_directory
from engine.workspace.folder import Workspace
from tests.people.unknowns import EXTRACTOR, sighted

SETTINGS = UnknownSettings()


@pytest.fixture
def unknown(workspace: Workspace) -> UnknownStore:
    return UnknownStore(workspace, SETTINGS)


@pytest.fixture
def choices(workspace: Workspace) -> Choices:
    return Choices(workspace, SETTINGS)


@pytest.fixture
def ids(unknown: UnknownStore) -> list[str]:
    return [unknown.add(sighted(crops=2)), unknown.add(sighted(crops=1, colour=40))]


def files(workspace: Workspace) -> set[str]:
    """Everything in the workspace but the trash and what the unknown list remembers of itself."""
    root = workspace.root
    found = {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    return {
        str(path)
        for path in found
        if path.parts[0] not in ("trash", "audit", ".audit.lock", ".lock", "workspace.json")
        and path.name != "choices.json"
    }


def ada(workspace: Workspace) -> People:
    """Ada, enrolled with one picture."""
    people = People(workspace)
    writer = SessionWriter(people, people.add("Ada"), "0")
    writer.add(
        b"a picture",
        PictureRecord(
            frame=0, seconds=0, box=(0, 0, 9, 9), eyes_found=True, brightness=1, sharpness=1
        ),
    )
    writer.close("complete", {})
    return people


def test_assigned_sightings_become_sessions_of_the_person(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    people = ada(workspace)
    choices.assign(ids, "ada", new=False)
    person = people.get("Ada")
    assert [len(session.pictures) for session in person.sessions] == [1, 2, 1]
    assert [session.source for session in person.sessions] == ["0", "inbox", "inbox"]
    folder = people.session_directory(person.slug, person.sessions[1].id)
    assert [record.brightness for record in read_records(folder)] == [120.0, 120.0]
    assert UnknownStore(workspace, SETTINGS).count() == 0


def test_their_features_go_along_so_that_nothing_is_computed_again(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.assign(ids, "Grace", new=True)
    person = People(workspace).get("Grace")
    cache = FeatureCache(workspace, EXTRACTOR)
    for session in person.sessions:
        ready, rows = cache.ready(person.slug, session.id, session.pictures)
        assert ready == session.pictures
        assert rows.tolist() == [[1.0, 0.0]] * len(ready)


def test_strangers_join_the_operators_own_with_their_features(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.stranger(ids[:1], "Ada Lovelace")
    choices.stranger(ids[1:])
    ignored, denied = strangers(workspace)
    assert ignored.name.startswith("Ignored ")
    assert denied.name.startswith("Not Ada Lovelace ")
    assert denied.sessions[0].source == "inbox, not Ada Lovelace"
    cache = FeatureCache(StrangerArea(workspace), EXTRACTOR)
    session = denied.sessions[0]
    assert cache.ready(denied.slug, session.id, session.pictures)[0] == session.pictures
    assert not People(workspace).list()


@pytest.mark.parametrize("choice", ["assign", "new", "not", "ignore", "delete", "split"])
def test_every_choice_can_be_undone(
    workspace: Workspace, choices: Choices, ids: list[str], choice: str
) -> None:
    ada(workspace)
    before = files(workspace)
    match choice:
        case "assign":
            choices.assign(ids, "Ada", new=False)
        case "new":
            choices.assign(ids, "Grace", new=True)
        case "not":
            choices.stranger(ids, "Ada")
        case "ignore":
            choices.stranger(ids)
        case "delete":
            choices.delete(ids)
        case "split":
            choices.split(ids[:1], ids)
    assert choice == "split" or files(workspace) != before
    choices.undo()
    assert files(workspace) == before
    assert [each.id for each in UnknownStore(workspace, SETTINGS).sightings()] == ids
    with pytest.raises(NothingToUndo):
        choices.undo()


def test_choices_are_undone_one_by_one_the_newest_first(
    choices: Choices, unknown: UnknownStore, ids: list[str]
) -> None:
    choices.delete(ids[:1])
    choices.stranger(ids[1:])
    assert choices.last().title == "Unknown: Ignored"
    choices.undo()
    assert [each.id for each in unknown.sightings()] == ids[1:]
    choices.undo()
    assert [each.id for each in unknown.sightings()] == ids


def test_undoing_a_new_person_leaves_pictures_that_were_enrolled_since(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.assign(ids, "Grace", new=True)
    people = People(workspace)
    writer = SessionWriter(people, people.get("Grace"), "0")
    writer.add(
        b"x",
        PictureRecord(
            frame=0, seconds=0, box=(0, 0, 9, 9), eyes_found=True, brightness=1, sharpness=1
        ),
    )
    choices.undo()
    assert [session.source for session in people.get("Grace").sessions] == ["0"]


def test_a_name_that_is_taken_or_nobodys_changes_nothing(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    ada(workspace)
    before = files(workspace)
    with pytest.raises(NameTaken):
        choices.assign(ids, "Ada", new=True)
    with pytest.raises(PersonNotFound):
        choices.assign(ids, "Grace", new=False)
    with pytest.raises(DataError):
        choices.assign([*ids, "20200101-000000-001"], "Ada", new=False)
    assert files(workspace) == before


def test_a_picture_that_cannot_be_read_leaves_nobody_half_enrolled(
    workspace: Workspace, choices: Choices, unknown: UnknownStore, ids: list[str], monkeypatch
) -> None:
    before = files(workspace)

    def fails(path: Path) -> bytes:
        if path.suffix == ".png":
            raise WorkspaceUnusable("The workspace cannot be used")
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr("engine.people.unknown_choices.read_bytes", fails)
        with pytest.raises(WorkspaceUnusable):
            choices.assign(ids, "Grace", new=True)
    assert files(workspace) == before


def test_nothing_staged_stays_in_the_trash_and_everything_is_private(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.assign(ids, "Grace", new=True)
    assert not list(workspace.trash.rglob("person.json"))
    assert not list(workspace.trash.glob("*/staged"))
    for path in workspace.root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_name_that_a_killed_choice_had_noted_is_free_for_the_next(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    People(workspace).add("Grace")  # killed before the sighting became hers
    choices.assign(ids, "Grace", new=True)
    assert People(workspace).get("Grace").pictures


def test_after_the_retention_time_a_choice_is_gone_for_good(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.delete(ids[:1])
    later = datetime.now(UTC) + timedelta(days=8)
    assert choices.overdue(later)
    assert not choices.overdue()
    assert choices.purge(later) == (1, 1)
    assert choices.last() is None
    assert not list(workspace.trash.iterdir())
    assert not choices.overdue(later)


def test_a_split_is_remembered_until_it_is_undone_and_noted_in_the_audit_log(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    done = choices.split(ids[:1], ids)
    assert done.title == "Split off 1 of 2 unknown"
    assert choices.last() == done
    assert ChoiceMemory(workspace).splits() == (((ids[0],), (ids[1],)),)
    choices.undo()
    assert ChoiceMemory(workspace).splits() == ()
    noted = [e.details["choice"] for e in Audit(workspace).entries() if e.action == "inbox-choice"]
    assert noted == ["split", "undone"]


def test_emptying_the_trash_brings_no_split_group_together(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.split(ids[1:], ids)
    Trash(workspace).purge(everything=True)
    assert len(ChoiceMemory(workspace).splits()) == 1


def test_a_split_is_undone_in_its_turn(
    choices: Choices, ids: list[str], unknown: UnknownStore
) -> None:
    choices.split(ids[:1], ids)
    choices.delete(ids[:1])
    assert choices.undo().title == "Deleted 1 unknown"
    assert choices.undo().title == "Split off 1 of 2 unknown"
    assert [each.id for each in unknown.sightings()] == ids


def test_a_split_of_which_one_side_is_gone_for_good_is_no_choice_to_undo(
    choices: Choices, ids: list[str], unknown: UnknownStore
) -> None:
    choices.split(ids[:1], ids)
    remove_directory(unknown.folder(ids[0]))
    assert choices.last() is None


def test_only_some_of_the_group_can_be_split_off(choices: Choices, ids: list[str]) -> None:
    for marked, group in ((ids, ids), ([], ids), (ids[:1], ids[1:]), (["x-1"], ids)):
        with pytest.raises(DataError):
            choices.split(marked, group)
    assert choices.last() is None


def test_after_the_retention_time_a_split_is_forgotten(
    workspace: Workspace, choices: Choices, ids: list[str]
) -> None:
    choices.split(ids[:1], ids)
    choices.purge(datetime.now(UTC) + timedelta(days=8))
    assert ChoiceMemory(workspace).all() == ()
