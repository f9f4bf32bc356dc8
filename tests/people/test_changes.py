"""Deleting, merging and moving people and pictures; each can be undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.contract.errors import NameTaken, NoPictures, PersonNotFound, UndoConflict, UsageError
from engine.dataset.split import check_fits, load_split, make_split, save_split
from engine.people import changes
from engine.people.picture_records import read_records
from engine.people.registry import People
from engine.people.trash import Trash
from engine.settings import SplitSettings
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace
from tests.people.test_registry import capture

KEEP = 30


@pytest.fixture
def people(workspace: Workspace) -> People:
    """Anna with two sessions of 8, Bob with one of 8; features and a split."""
    made = People(workspace)
    for name, sessions in (("Anna", 2), ("Bob", 1)):
        person = made.add(name)
        for _ in range(sessions):
            session = capture(made, person, 8)
            write_bytes(workspace.features / "d" / person.slug / f"{session}.npz", b"rows")
            write_bytes(workspace.features / "d" / person.slug / f"{session}.view1.npz", b"rows")
    save_split(workspace, make_split(made.list(), SplitSettings(seed=1)))
    return made


def sessions(people: People, name: str) -> dict[str, tuple[str, ...]]:
    return {each.id: each.pictures for each in people.get(name).sessions}


def features(people: People, slug: str) -> list[str]:
    return sorted(path.name for path in (people.workspace.features / "d" / slug).glob("*"))


def fits(people: People) -> bool:
    split = load_split(people.workspace)
    assert split is not None
    check_fits(split, people.list())  # raises if it does not
    return True


def state(people: People) -> object:
    """All that undo must bring back: people with revisions, features, split, files."""
    root = people.workspace.root
    files = [path for path in root.rglob("*") if path.is_file()]
    return (
        people.list(),
        json.loads(people.workspace.split_file.read_text()),
        {
            path.relative_to(root): path.read_bytes()
            for path in files
            if not {people.workspace.trash, people.workspace.audit} & {*path.parents}
            and path.name not in (".audit.lock", "split.json", "workspace.json")
        },
    )


def test_deleting_people_is_one_change(people: People) -> None:
    before = state(people)
    done = changes.delete_people(people.workspace, ["anna", "Bob", "Anna"], KEEP)
    assert people.list() == ()
    assert done.pictures == 24
    assert done.title == "Deleted Anna, Bob (24 pictures)"
    assert features(people, "anna") == features(people, "bob") == []
    assert json.loads(people.workspace.split_file.read_text())["people"] == {}
    changes.undo(people.workspace)
    assert state(people) == before


def test_nobody_is_deleted_if_one_name_is_wrong(people: People) -> None:
    before = state(people)
    with pytest.raises(PersonNotFound):
        changes.delete_people(people.workspace, ["Anna", "Nobody"], KEEP)
    assert state(people) == before


def test_without_days_a_person_is_gone_at_once(people: People) -> None:
    changes.delete_people(people.workspace, ["Anna"], 0)
    assert [person.name for person in people.list()] == ["Bob"]
    assert Trash(people.workspace).changes() == ()


def test_single_pictures_leave_the_split_fitting(people: People) -> None:
    before = state(people)
    session = next(iter(sessions(people, "Anna")))
    changes.delete_pictures(
        people.workspace, "Anna", [f"{session}/0002.png", f"{session}/0005.png"], KEEP
    )
    assert len(sessions(people, "Anna")[session]) == 6
    assert fits(people)
    assert not [name for name in features(people, "anna") if name.startswith(session)]
    changes.undo(people.workspace)
    assert state(people) == before


def test_a_whole_session_goes_as_a_folder(people: People) -> None:
    before = state(people)
    session = next(iter(sessions(people, "Anna")))
    changes.delete_pictures(people.workspace, "Anna", [session], KEEP)
    assert not (people.workspace.people / "anna" / session).exists()
    assert fits(people)
    changes.undo(people.workspace)
    assert state(people) == before


@pytest.mark.parametrize("chosen", ["19700101-000000-001", "nothing/0001.png"])
def test_a_picture_that_is_not_there_is_refused(people: People, chosen: str) -> None:
    with pytest.raises(NoPictures):
        changes.delete_pictures(people.workspace, "Anna", [chosen], KEEP)
    with pytest.raises(UsageError):
        changes.delete_pictures(people.workspace, "Anna", [], KEEP)


def test_merged_people_are_one_with_all_sessions(people: People) -> None:
    before = state(people)
    kept = sessions(people, "Anna")
    changes.merge(people.workspace, "Bob", "Anna", KEEP)
    assert [person.name for person in people.list()] == ["Anna"]
    after = sessions(people, "Anna")
    assert len(after) == 3
    assert kept.items() <= after.items()
    assert len(features(people, "anna")) == 6
    assert fits(people)
    (new,) = after.keys() - kept.keys()
    assert len(read_records(people.workspace.people / "anna" / new)) == 8
    changes.undo(people.workspace)
    assert state(people) == before


def test_nobody_is_merged_with_themselves(people: People) -> None:
    with pytest.raises(UsageError):
        changes.merge(people.workspace, "Anna", "ANNA", KEEP)


def test_moved_pictures_are_a_session_of_the_other_with_source_time_and_details(
    people: People,
) -> None:
    before = state(people)
    session = people.get("Anna").sessions[0]
    files = [f"{session.id}/0003.png", f"{session.id}/0004.png"]
    changes.move_pictures(people.workspace, "Anna", files, "Bob", KEEP)
    moved = next(each for each in people.get("Bob").sessions if len(each.pictures) == 2)
    assert (moved.source, moved.started) == (session.source, session.started)
    records = read_records(people.workspace.people / "bob" / moved.id)
    assert [record.file for record in records] == ["0003.png", "0004.png"]
    assert people.get("Anna").pictures == 14
    assert fits(people)
    changes.undo(people.workspace)
    assert state(people) == before


def test_a_whole_moved_session_takes_its_features_along(people: People) -> None:
    before = state(people)
    session = people.get("Anna").sessions[0].id
    changes.move_pictures(people.workspace, "Anna", [session], "Bob", KEEP)
    assert people.get("Bob").pictures == 16
    assert len(features(people, "bob")) == 4
    assert fits(people)
    changes.undo(people.workspace)
    assert state(people) == before


def test_changes_are_undone_newest_first(people: People) -> None:
    before = state(people)
    session = people.get("Anna").sessions[0].id
    changes.move_pictures(people.workspace, "Anna", [f"{session}/0001.png"], "Bob", KEEP)
    changes.merge(people.workspace, "Bob", "Anna", KEEP)
    changes.delete_people(people.workspace, ["Anna"], KEEP)
    with pytest.raises(UndoConflict):
        changes.undo(people.workspace, Trash(people.workspace).changes()[-1].id)
    for _ in range(3):
        changes.undo(people.workspace)
    assert state(people) == before


def test_rows_computed_since_a_merge_do_not_outlive_it(people: People) -> None:
    changes.merge(people.workspace, "Anna", "Bob", KEEP)
    for session in sessions(people, "Bob"):
        write_bytes(people.workspace.features / "d" / "bob" / f"{session}.view2.npz", b"rows")
    changes.undo(people.workspace)
    there = set(sessions(people, "Bob"))
    assert {name.partition(".")[0] for name in features(people, "bob")} == there
    assert len(features(people, "anna")) == 4


def test_undo_is_refused_while_another_has_the_name(people: People) -> None:
    changes.delete_people(people.workspace, ["Anna"], KEEP)
    people.rename("Bob", "ANNA")
    with pytest.raises(NameTaken, match="called Anna now") as caught:
        changes.undo(people.workspace)
    assert "Rename" in caught.value.hint
    people.rename("ANNA", "Bob")
    assert changes.undo(people.workspace).back == "Anna: back with 16 pictures"


def test_undo_works_after_a_new_person_took_the_folder_and_left_again(people: People) -> None:
    before = people.get("Anna")
    changes.delete_people(people.workspace, ["Anna"], KEEP)
    people.add("Anna")
    with pytest.raises((NameTaken, UndoConflict)):
        changes.undo(people.workspace)
    changes.delete_people(people.workspace, ["Anna"], KEEP)
    changes.undo(people.workspace)
    assert people.get("Anna").pictures == 0
    with pytest.raises(NameTaken):
        changes.undo(people.workspace)
    people.rename("Anna", "Anna the second")
    changes.undo(people.workspace)
    assert people.get("Anna") == before
    assert people.get("Anna the second").pictures == 0


def test_a_person_without_a_split_can_be_merged(workspace: Workspace, tmp_path: Path) -> None:
    people = People(workspace)
    for name in ("Anna", "Bob"):
        capture(people, people.add(name), 2)
    changes.merge(workspace, "Anna", "Bob", KEEP)
    assert people.get("Bob").pictures == 4
