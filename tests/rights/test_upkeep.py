"""What a killed run leaves is put in order by the next writer, and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.contract import Recovered
from engine.contract.errors import DiskFull, WorkspaceUnusable
from engine.people.changes import delete_people
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People, StrangerArea, strangers
from engine.people.trash import Trash
from engine.pictures import encode_png
from engine.rights.upkeep import recover_people
from engine.workspace.files import make_directory, write_bytes, write_json
from engine.workspace.folder import Workspace
from tests.people.test_registry import capture


@pytest.fixture
def anna(workspace: Workspace) -> Workspace:
    """A workspace with Anna, two pictures of hers, and a split."""
    people = People(workspace)
    capture(people, people.add("Anna"), 2)
    split = {"people": {"anna": {}}, "warnings": [], "seed": 1, "shares": {}}
    write_json(workspace.split_file, split)
    return workspace


KILLED = "facedesk enroll (process 7)"


class Killed(BaseException):
    """The process ends here."""


def cut_short_while_editing_the_split(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delete Anna in a process that dies when it would write split.json."""

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("engine.people.traces.write_json", dies)
        with pytest.raises(Killed):
            delete_people(workspace, ["Anna"], 30)


def test_a_workspace_in_order_has_nothing_to_tell(anna: Workspace) -> None:
    assert recover_people(anna) is None


def test_a_killed_writer_is_named_though_it_left_nothing(anna: Workspace) -> None:
    assert recover_people(anna, "facedesk train (process 7)") == Recovered(
        interrupted="facedesk train (process 7)"
    )


def test_a_capture_that_was_cut_short_is_told_once_with_what_it_kept(anna: Workspace) -> None:
    people = People(anna)
    writer = SessionWriter(people, people.get("Anna"), "0", 100)
    for number in range(3):
        writer.add(
            encode_png(np.full((160, 160, 3), number, np.uint8)),
            PictureRecord(
                frame=number,
                seconds=number,
                box=(0, 0, 90, 90),
                eyes_found=True,
                brightness=90,
                sharpness=90,
            ),
        )
    assert recover_people(anna, KILLED) == Recovered(interrupted=KILLED, kept=(("Anna", 3),))
    assert recover_people(anna, KILLED) == Recovered(interrupted=KILLED)
    assert people.get("Anna").pictures == 5


def test_unfinished_files_and_leftovers_of_both_areas_go(anna: Workspace) -> None:
    area = StrangerArea(anna)
    capture(People(area), People(area).add("Postman"), 1)
    for folder in (anna.people / "anna", anna.strangers / "postman"):
        make_directory(folder / "20260101-000000-001")  # a session without a picture
    write_bytes(anna.strangers / "postman" / ".tmp-1" / "0001.png", b"")
    write_bytes(anna.stranger_features / "digest" / "nobody" / "s.npz", b"")
    assert recover_people(anna) == Recovered(unfinished=1, leftovers=3)
    assert People(anna).get("Anna").pictures == 2
    assert len(strangers(anna)) == 1
    assert recover_people(anna) is None


def test_a_deletion_that_had_begun_is_finished_and_named(
    anna: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short_while_editing_the_split(anna, monkeypatch)
    found = recover_people(anna)
    assert found == Recovered(finished=("Deleted Anna (2 pictures)",))
    assert b"anna" not in anna.split_file.read_bytes()
    assert Trash(anna).undo().title == "Deleted Anna (2 pictures)"
    assert People(anna).get("Anna").pictures == 2


def test_a_deletion_that_fails_did_not_happen(
    anna: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFull("The disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("engine.people.traces.write_json", full)
        with pytest.raises(DiskFull):
            delete_people(anna, ["Anna"], 30)
    assert People(anna).get("Anna").pictures == 2
    assert list(anna.trash.iterdir()) == []
    assert recover_people(anna) is None


def test_what_a_full_disk_forbids_waits_and_nobody_is_kept_out(
    anna: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short_while_editing_the_split(anna, monkeypatch)

    def full(*_: object) -> None:
        raise DiskFull("The disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("engine.people.traces.write_json", full)
        assert recover_people(anna) == Recovered(failed="The disk is full")
    assert recover_people(anna) == Recovered(finished=("Deleted Anna (2 pictures)",))


def test_an_undo_that_follows_finishes_the_change_first(
    anna: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(anna)
    capture(people, people.add("Bob"), 1)
    delete_people(anna, ["Bob"], 30)
    cut_short_while_editing_the_split(anna, monkeypatch)
    assert Trash(anna).undo().title == "Deleted Anna (2 pictures)"
    assert [person.name for person in people.list()] == ["Anna"]


def test_an_undoing_whose_record_is_damaged_keeps_its_pictures(anna: Workspace) -> None:
    deleted = delete_people(anna, ["Anna"], 30)
    folder = anna.trash / deleted.id
    (folder / "manifest.json").write_bytes(b"{")
    folder.rename(anna.trash / f"{deleted.id}.undoing")
    assert recover_people(anna) == Recovered(finished=("a change whose record is damaged",))
    assert len(list(folder.rglob("*.png"))) == 2


def test_an_undoing_whose_record_cannot_be_read_just_now_waits(
    anna: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = delete_people(anna, ["Anna"], 30)
    (anna.trash / deleted.id).rename(anna.trash / f"{deleted.id}.undoing")

    def fails(path: Path) -> None:
        raise WorkspaceUnusable("The workspace cannot be used", "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("engine.people.trash.read_json", fails)
        found = recover_people(anna)
    assert found is not None
    assert "Input/output error" in found.failed
    assert recover_people(anna) == Recovered(finished=("Anna: back with 2 pictures",))
    assert People(anna).get("Anna").pictures == 2
