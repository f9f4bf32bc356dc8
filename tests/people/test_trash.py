"""The trash: a change happens whole or not at all, and can be undone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.contract.errors import DataError, NothingToUndo, UndoConflict
from engine.people.trash import Trash
from engine.rights.upkeep import recover_people
from engine.workspace.files import read_json, write_bytes, write_json
from engine.workspace.folder import Workspace

SPLIT = {
    "seed": 1,
    "shares": {"train": 0.7},
    "warnings": [],
    "people": {"anna": {"train": ["s/0001.png"]}, "bob": {}},
}


@pytest.fixture
def files(workspace: Workspace) -> Workspace:
    """Anna and Bob with a picture each, features and a split."""
    for path in (
        "people/anna/person.json",
        "people/anna/s/0001.png",
        "people/anna/s/0002.png",
        "people/bob/person.json",
        "features/d/anna/s.npz",
    ):
        write_bytes(workspace.root / path, path.encode())
    write_json(workspace.split_file, SPLIT)
    return workspace


def remove_anna(workspace: Workspace, keep_days: int = 30) -> Trash:
    trash = Trash(workspace, keep_days)
    with trash.change("Deleted Anna", "Anna is back", pictures=2) as change:
        change.remove(workspace.people / "anna")
        change.remove(workspace.features / "d" / "anna", optional=True)
        change.edit_split({"anna": None})
    return trash


def move_to_bob(workspace: Workspace) -> Trash:
    """Anna's second picture becomes the first of a new session of Bob's."""
    trash = Trash(workspace)
    with trash.change("Moved", "Moved back") as change:
        session = change.stage()
        write_json(session / "session.json", {"source": "0"})
        change.move(workspace.people / "anna/s/0002.png", session / "0001.png")
        change.move(session, workspace.people / "bob/t")
    return trash


def state(workspace: Workspace) -> dict[str, object]:
    """Every file but those of the trash, with its contents; of split.json the order is free."""
    split = json.loads(workspace.split_file.read_text())
    return {"split": split} | {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for path in sorted(workspace.root.rglob("*"))
        if path.is_file()
        and workspace.trash not in path.parents
        and path.name not in (".lock", ".audit.lock", "split.json", "workspace.json")
    }


def test_what_is_removed_lies_in_the_trash_with_its_words(files: Workspace) -> None:
    trash = remove_anna(files)
    assert not (files.people / "anna").exists()
    assert not (files.features / "d" / "anna").exists()
    split = json.loads(files.split_file.read_text())
    assert split["people"] == {"bob": {}}
    (entry,) = trash.changes()
    assert (entry.title, entry.back, entry.pictures) == ("Deleted Anna", "Anna is back", 2)
    assert (files.trash / entry.id / "kept/0/s/0001.png").is_file()


def test_the_trash_is_private(files: Workspace) -> None:
    remove_anna(files)
    for path in [files.trash, *files.trash.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("do", [remove_anna, move_to_bob])
def test_undo_puts_back_exactly_what_was_there(
    files: Workspace, do: Callable[[Workspace], Trash]
) -> None:
    before = state(files)
    trash = do(files)
    assert state(files) != before
    trash.undo()
    assert state(files) == before
    assert trash.changes() == ()


def test_pictures_move_into_a_new_folder(files: Workspace) -> None:
    move_to_bob(files)
    assert (files.people / "bob/t/0001.png").read_bytes() == b"people/anna/s/0002.png"
    assert (files.people / "bob/t/session.json").is_file()
    assert not (files.people / "anna/s/0002.png").exists()


@pytest.mark.parametrize("do", [remove_anna, move_to_bob])
@pytest.mark.parametrize("at", range(12))
def test_a_crash_anywhere_leaves_before_or_after(
    files: Workspace, monkeypatch: pytest.MonkeyPatch, do: Callable[[Workspace], Trash], at: int
) -> None:
    before = state(files)
    with monkeypatch.context() as patch:
        cut = power_cut(patch, at)
        with contextlib.suppress(PowerCut):
            do(files)
    recover_people(files)
    assert not list(files.trash.rglob("*.doing"))
    trash = Trash(files)
    if trash.changes():
        assert state(files) != before
        trash.undo()
    assert state(files) == before
    assert at < 9 or not cut()
    assert at > 3 or cut(), "the crash was one"


@pytest.mark.parametrize("do", [remove_anna, move_to_bob])
@pytest.mark.parametrize("at", range(10))
def test_a_crash_while_undoing_leaves_before_or_after(
    files: Workspace, monkeypatch: pytest.MonkeyPatch, do: Callable[[Workspace], Trash], at: int
) -> None:
    before = state(files)
    trash = do(files)
    after = state(files)
    with monkeypatch.context() as patch:
        power_cut(patch, at)
        with contextlib.suppress(PowerCut):
            trash.undo()
    recover_people(files)
    assert state(files) == (after if trash.changes() else before)
    assert [path.name for path in files.trash.iterdir()] == [each.id for each in trash.changes()]


class PowerCut(BaseException):
    """The process ends here."""


def power_cut(patch: pytest.MonkeyPatch, at: int) -> Callable[[], bool]:
    """End at the rename number `at`; returns whether that happened. Cleaning up fails too."""
    count = 0
    for name in ("rename", "replace"):
        real = getattr(os, name)

        def cut(*paths: Any, real: Callable[..., None] = real, **folders: Any) -> None:
            nonlocal count
            count += 1
            if count > at:
                raise PowerCut
            real(*paths, **folders)

        patch.setattr(os, name, cut)
    return lambda: count > at


def test_a_failed_block_changes_nothing(files: Workspace) -> None:
    before = state(files)

    def fail() -> None:
        with Trash(files).change("x", "y") as change:
            change.remove(files.people / "anna")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert state(files) == before
    assert list(files.trash.iterdir()) == []


def test_a_step_that_is_not_possible_is_refused_before_the_first(files: Workspace) -> None:
    before = state(files)

    def fail() -> None:
        with Trash(files).change("x", "y") as change:
            change.remove(files.people / "anna")
            change.remove(files.people / "nobody")

    with pytest.raises(UndoConflict):
        fail()
    assert state(files) == before


def test_undo_is_refused_where_the_place_is_taken(files: Workspace) -> None:
    trash = remove_anna(files)
    write_bytes(files.people / "anna/person.json", b"another")
    with pytest.raises(UndoConflict, match="people/anna is there already"):
        trash.undo()
    assert (files.people / "anna/person.json").read_bytes() == b"another"
    assert len(trash.changes()) == 1


def test_undo_is_refused_where_the_folder_around_is_gone(files: Workspace) -> None:
    trash = Trash(files)
    with trash.change("one picture", "") as change:
        change.remove(files.people / "anna/s/0001.png")
    remove_anna(files)
    first = trash.changes()[1].id
    with pytest.raises(UndoConflict) as caught:
        trash.undo(first)
    assert "later" in caught.value.hint
    trash.undo()
    trash.undo()
    assert (files.people / "anna/s/0001.png").is_file()


def test_features_computed_again_meanwhile_stay(files: Workspace) -> None:
    trash = Trash(files)
    with trash.change("one picture", "") as change:
        change.remove(files.people / "anna/s/0001.png")
        change.remove(files.features / "d/anna/s.npz", optional=True)
    write_bytes(files.features / "d/anna/s.npz", b"new")
    trash.undo()
    assert (files.people / "anna/s/0001.png").is_file()
    assert (files.features / "d/anna/s.npz").read_bytes() == b"new"


def test_a_split_made_anew_meanwhile_is_left_alone(files: Workspace) -> None:
    trash = remove_anna(files)
    anew = {**SPLIT, "seed": 2, "people": {"bob": {}}}
    write_json(files.split_file, anew)
    trash.undo()
    assert json.loads(files.split_file.read_text()) == anew


def test_there_may_be_nothing_to_undo(workspace: Workspace) -> None:
    with pytest.raises(NothingToUndo):
        Trash(workspace).undo()


def test_a_damaged_entry_is_listed_and_not_undone(files: Workspace) -> None:
    trash = remove_anna(files)
    (entry,) = trash.changes()
    (files.trash / entry.id / "manifest.json").write_text("{")
    assert [(each.id, each.title) for each in trash.changes()] == [(entry.id, "")]
    with pytest.raises(DataError, match="cannot be undone"):
        trash.undo()


def test_a_manifest_cannot_reach_outside_the_workspace(files: Workspace) -> None:
    trash = remove_anna(files)
    path = files.trash / trash.changes()[0].id / "manifest.json"
    path.write_text(path.read_text().replace("people/anna", "../outside"))
    with pytest.raises(DataError, match="damaged"):
        trash.undo()


def test_only_what_is_older_than_its_days_is_purged(files: Workspace) -> None:
    trash = remove_anna(files)
    now = datetime.now(UTC)
    assert trash.purge(now=now + timedelta(days=29)) == 0
    assert trash.purge(now=now + timedelta(days=31)) == 1
    assert os.listdir(files.trash) == []


def test_the_trash_can_be_emptied_at_once(files: Workspace) -> None:
    trash = remove_anna(files)
    assert trash.purge(everything=True) == 1
    assert trash.changes() == ()


def test_with_no_days_nothing_is_kept(files: Workspace) -> None:
    remove_anna(files, keep_days=0)
    assert not (files.people / "anna").exists()
    assert os.listdir(files.trash) == []


@pytest.mark.parametrize(
    "split",
    [
        [],
        "x",
        {"people": []},
        {"made": [1, {}], "people": {"anna": None}},
        {"made": [1, {}], "people": {"anna": [None]}},
        {"people": {}},
    ],
)
def test_a_manifest_with_a_damaged_split_is_refused_before_anything_moves(
    files: Workspace, split: object
) -> None:
    trash = remove_anna(files)
    manifest = files.trash / trash.find().id / "manifest.json"
    write_json(manifest, {**read_json(manifest), "split": split})
    before = state(files)
    with pytest.raises(DataError):
        trash.undo()
    assert state(files) == before


@pytest.mark.parametrize(
    "path", ["../outside", "people/../../outside", "/etc/passwd", "@/../../x", ""]
)
def test_a_manifest_that_leads_out_of_the_workspace_is_refused(files: Workspace, path: str) -> None:
    trash = remove_anna(files)
    manifest = files.trash / trash.find().id / "manifest.json"
    body = read_json(manifest)
    for steps in ([[path, "people/x", False]], [["people/bob", path, False]]):
        write_json(manifest, {**body, "steps": steps})
        before = state(files)
        with pytest.raises(DataError):
            trash.undo()
        assert state(files) == before
