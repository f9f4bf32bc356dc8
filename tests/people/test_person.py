"""Reading one person's folder: nobody who is on the disk is passed over, and the cause is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.cancel import Cancel
from engine.contract import Event, Notice
from engine.contract.errors import PersonUnreadable
from engine.contract.requests import TrainRequest
from engine.desk import library
from engine.doctor.checks import survey
from engine.jobs.split import with_pictures
from engine.jobs.train import train
from engine.people.person import Person, UnreadPerson, read_person, warn_unread
from engine.people.registry import People, StrangerArea
from engine.settings import Settings
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    """The folder of Ada, who has one picture."""
    people = People(workspace)
    ada = people.add("Ada Lovelace")
    session = people.session_directory(ada.slug, people.new_session(ada, "clip.mp4"))
    write_bytes(session / "0001.png", b"picture")
    return workspace.people / ada.slug


def unread(workspace: Workspace) -> UnreadPerson:
    found = read_person(workspace, "ada-lovelace")
    assert isinstance(found, UnreadPerson)
    return found


def test_a_folder_that_is_gone_is_nobodys(workspace: Workspace) -> None:
    assert read_person(workspace, "ada-lovelace") is None


def test_whoever_can_be_read_is_a_person(workspace: Workspace, folder: Path) -> None:
    found = read_person(workspace, folder.name)
    assert isinstance(found, Person)
    assert (found.name, found.pictures) == ("Ada Lovelace", 1)


@pytest.mark.parametrize("content", [b"", bytes(90), b"{", b"[]", None])
def test_a_damaged_person_is_told_with_the_file_and_the_way_out(
    workspace: Workspace, folder: Path, content: bytes | None
) -> None:
    (folder / "person.json").unlink()
    if content is not None:
        (folder / "person.json").write_bytes(content)
    found = unread(workspace)
    assert not found.denied
    assert str(folder / "person.json") in found.error.message
    assert found.error.hint.endswith("facedesk people erase ada-lovelace")


def test_a_folder_that_this_user_may_not_read_is_told_with_its_mode_and_a_chmod(
    workspace: Workspace, folder: Path, powerless: None
) -> None:
    folder.chmod(0)
    found = unread(workspace)
    folder.chmod(0o700)
    assert found.denied
    assert found.shown == "ada-lovelace"
    assert "Permission denied, people/ada-lovelace has mode 0000" in found.sentence
    assert found.error.hint == f"chmod -R u+rwX {workspace.root}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_another_users_folder_is_told_with_the_owner_and_a_chown(
    workspace: Workspace, folder: Path, powerless: None
) -> None:
    os.chown(folder, 61_234, 61_234)  # as `sudo facedesk enroll` leaves them, the other way round
    found = unread(workspace)
    os.chown(folder, 0, 0)
    assert "people/ada-lovelace belongs to user 61234 (no name)" in found.sentence
    assert found.error.hint == f"sudo chown -R $USER {workspace.root}"


def test_where_only_a_session_may_not_be_read_the_name_is_known(
    workspace: Workspace, folder: Path, powerless: None
) -> None:
    (session,) = (each for each in folder.iterdir() if each.is_dir())
    session.chmod(0)
    found = unread(workspace)
    session.chmod(0o700)
    assert (found.name, found.denied) == ("Ada Lovelace", True)


# --- everybody who reads people -----------------------------------------------------------


def test_the_list_has_a_row_with_the_trouble(workspace: Workspace, folder: Path) -> None:
    People(workspace).add("Zoe")
    (folder / "person.json").write_bytes(b"")
    zoe, ada = library.person_rows(workspace)
    assert (zoe.name, zoe.trouble) == ("Zoe", "")
    assert (ada.name, ada.pictures) == ("ada-lovelace", 0)
    assert "is not valid JSON" in ada.trouble


def test_nobody_trains_or_splits_without_a_person_who_is_there(
    workspace: Workspace, folder: Path
) -> None:
    (folder / "person.json").write_bytes(b"")
    with pytest.raises(PersonUnreadable, match="ada-lovelace"):
        with_pictures(workspace)
    with pytest.raises(PersonUnreadable, match="ada-lovelace"):
        train(workspace, Settings(), TrainRequest(), Cancel(), lambda event: None)


def test_of_several_one_error_names_all(workspace: Workspace, folder: Path) -> None:
    people = People(workspace)
    for each in (folder, workspace.people / people.add("Zoe").slug):
        (each / "person.json").write_bytes(b"")
    with pytest.raises(PersonUnreadable) as caught:
        people.refuse_unread()
    assert "ada-lovelace: " in caught.value.message
    assert "zoe: " in caught.value.message


def test_who_goes_on_without_them_warns(workspace: Workspace, folder: Path) -> None:
    (folder / "person.json").write_bytes(b"")
    told: list[Event] = []
    warn_unread(People(workspace).unread(), told.append)
    (notice,) = told
    assert isinstance(notice, Notice)
    assert notice.level == "warning"
    assert "ada-lovelace" in notice.text


def test_the_doctor_names_people_strangers_and_the_log_with_a_remedy(
    workspace: Workspace, folder: Path, powerless: None
) -> None:
    stranger = People(StrangerArea(workspace)).add("Postman")
    (workspace.strangers / stranger.slug / "person.json").write_bytes(b"")
    folder.chmod(0)
    workspace.audit.chmod(0)
    found = {each.subject: each for each in survey(workspace, Settings())}
    folder.chmod(0o700)
    workspace.audit.chmod(0o700)
    assert {found[each].state for each in ("people", "strangers", "audit")} == {"trouble"}
    assert "ada-lovelace has mode 0000" in found["people"].value
    assert "postman" in found["strangers"].value
    assert "audit has mode 0000" in found["audit"].value
    assert found["people"].remedy == f"chmod -R u+rwX {workspace.root}"
