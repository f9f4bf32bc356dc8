"""Strangers are kept like people, apart from them."""

from __future__ import annotations

import pytest

from engine.contract.errors import PersonNotFound, PersonUnreadable, WorkspaceLocked
from engine.people.changes import clear_strangers, remove_stranger
from engine.people.permission import NOTHING_NEW, enrolled
from engine.people.registry import People, StrangerArea, strangers, unread_strangers
from engine.workspace.files import write_bytes, write_json
from engine.workspace.folder import Workspace
from tests.people.test_registry import capture


def add(workspace: Workspace, name: str, pictures: int = 2) -> str:
    """A stranger with so many pictures; their folder's name."""
    registry = People(StrangerArea(workspace))
    stranger = enrolled(registry, name, NOTHING_NEW)[0]
    if pictures:
        capture(registry, stranger, pictures)
    return stranger.slug


def test_strangers_are_no_people(workspace: Workspace) -> None:
    add(workspace, "Postman")
    assert [each.name for each in strangers(workspace)] == ["Postman"]
    assert People(workspace).list() == ()
    pictures = sorted((workspace.root / "strangers" / "postman").rglob("*.png"))
    assert [path.name for path in pictures] == ["0001.png", "0002.png"]


def test_folders_and_files_of_strangers_are_private(workspace: Workspace) -> None:
    add(workspace, "Postman")
    for path in workspace.strangers.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_stranger_and_a_person_may_have_the_same_name(workspace: Workspace) -> None:
    People(workspace).add("Ada")
    add(workspace, "Ada")
    remove_stranger(workspace, "ada")
    assert [person.name for person in People(workspace).list()] == ["Ada"]
    assert strangers(workspace) == ()


def test_removing_a_stranger_removes_their_features_and_leaves_the_peoples(
    workspace: Workspace,
) -> None:
    slug = add(workspace, "Ada")
    People(workspace).add("Ada")
    own = workspace.stranger_features / "digest" / slug / "s.npz"
    other = workspace.features / "digest" / slug / "s.npz"
    for path in (own, other):
        write_bytes(path, b"")
    write_json(workspace.split_file, {"people": {slug: {}}, "warnings": []})
    before = workspace.split_file.read_bytes()
    assert remove_stranger(workspace, "Ada") == ("Ada", 2)
    assert not own.exists()
    assert other.exists()
    assert workspace.split_file.read_bytes() == before


def test_removing_nobody_says_where_to_look(workspace: Workspace) -> None:
    with pytest.raises(PersonNotFound, match="no such stranger") as caught:
        remove_stranger(workspace, "Nemo")
    assert "strangers list" in caught.value.hint


def test_a_damaged_stranger_is_told_and_removed_by_the_folders_name(workspace: Workspace) -> None:
    slug = add(workspace, "Postman")
    (workspace.strangers / slug / "person.json").write_bytes(bytes(80))
    (unread,) = unread_strangers(workspace)
    assert "stranger of yours cannot be read" in unread.sentence
    assert f"strangers remove {slug}" in unread.sentence
    assert remove_stranger(workspace, slug) == (slug, 2)
    assert list(workspace.strangers.iterdir()) == []


def test_clearing_leaves_everybody_while_one_belongs_to_another_user(
    workspace: Workspace, powerless: None
) -> None:
    add(workspace, "Postman")
    denied = workspace.strangers / add(workspace, "Neighbour")
    denied.chmod(0)
    with pytest.raises(PersonUnreadable, match="Permission denied"):
        clear_strangers(workspace)
    denied.chmod(0o700)
    assert len(strangers(workspace)) == 2


def test_clearing_removes_everybody_damaged_entries_too(workspace: Workspace) -> None:
    add(workspace, "Postman")
    damaged = workspace.strangers / add(workspace, "Neighbour")
    (damaged / "person.json").write_text("{")
    assert clear_strangers(workspace) == 2
    assert list(workspace.strangers.iterdir()) == []
    assert clear_strangers(workspace) == 0


def test_a_stranger_without_pictures_does_not_count(workspace: Workspace) -> None:
    add(workspace, "Postman", pictures=0)
    assert strangers(workspace) == ()


def test_both_areas_have_one_writer(workspace: Workspace) -> None:
    with workspace.writer("a"), pytest.raises(WorkspaceLocked):
        StrangerArea(workspace).writer("b").__enter__()
