"""A link that somebody puts into a workspace is not followed, whoever runs Facedesk there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.contract.errors import FacedeskError, WorkspaceUnusable
from engine.logs import open_log
from engine.people import changes
from engine.people.registry import People
from engine.rights.upkeep import purge, recover
from engine.settings import Settings
from engine.workspace.audit import Audit
from engine.workspace.files import (
    append_line,
    drop_torn_line,
    make_directory,
    new_directory,
    read_bytes,
    read_lines,
    remove_directory,
    sync_file,
    write_bytes,
    write_json,
)
from engine.workspace.folder import Workspace
from tests.faults.small_workspace import build

SECRET = b"root:x:0:0\nnobody else's business"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder that whoever runs Facedesk may write to, and who put the link there may not."""
    folder = tmp_path / "victim"
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask is
    for name in ("file", "f.jsonl", "0001.png", ".tmp-mine"):
        (folder / name).write_bytes(SECRET)
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_bytes(SECRET)
    return folder


def unharmed(victim: Path) -> bool:
    """Whether nothing was written, made, removed or closed to others in the victim's folder."""
    found = sorted(str(path.relative_to(victim)) for path in victim.rglob("*"))
    files = [victim / name for name in found if (victim / name).is_file()]
    return (
        found == [".tmp-mine", "0001.png", "f.jsonl", "file", "sub", "sub/file"]
        and {path.read_bytes() for path in files} == {SECRET}
        and victim.stat().st_mode & 0o777 == 0o755
    )


@pytest.mark.parametrize("name", [".lock", ".audit.lock"])
@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_link_named_as_a_lock_empties_nothing(
    name: str, kind: str, workspace: Workspace, victim: Path
) -> None:
    workspace.prepare()
    place = workspace.root / name
    if kind == "symbolic":
        place.symlink_to(victim / "file")
    else:
        os.link(victim / "file", place)
    if (name, kind) == (".audit.lock", "hard"):  # it is never written to
        People(workspace).add("Ada")
        Audit(workspace).note("split-made")
    else:
        with pytest.raises(WorkspaceUnusable), workspace.writer("test"):
            Audit(workspace).note("split-made")
    assert unharmed(victim)


def test_a_lock_that_a_backup_made_two_of_is_still_one(workspace: Workspace) -> None:
    """`cp -al` keeps a workspace by hard links."""
    with workspace.writer("test"):
        os.link(workspace.lock_file, workspace.root / "kept")
    with workspace.writer("test"):
        pass
    workspace.lock_file.write_bytes(b"facedesk import (process 4711)")
    with workspace.writer("test") as before:
        assert before == "facedesk import (process 4711)"


@pytest.mark.parametrize("name", [".lock", ".audit.lock"])
def test_a_pipe_named_as_a_lock_hangs_nobody(name: str, workspace: Workspace) -> None:
    workspace.prepare()
    os.mkfifo(workspace.root / name)
    if name == ".lock":
        with pytest.raises(WorkspaceUnusable), workspace.writer("test"):
            pass
    else:
        Audit(workspace).note("split-made")  # a lock on it is as good as one on a file


Deed = Callable[[Path], object]
DEEDS: dict[str, Deed] = {
    "read": read_bytes,
    "read lines": lambda path: read_lines(path),
    "append": lambda path: append_line(path, b"{}"),
    "flush": sync_file,
    "cut": drop_torn_line,
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("where", ["the file", "its folder", "a folder above"])
def test_files_are_not_reached_by_links(
    deed: str, where: str, workspace: Workspace, victim: Path
) -> None:
    workspace.prepare()
    people = workspace.people
    if where == "the file":
        path = people / "f.jsonl"
        path.symlink_to(victim / "f.jsonl")
    elif where == "its folder":
        path = people / "ada" / "f.jsonl"
        (people / "ada").symlink_to(victim)
    else:
        people.rmdir()
        people.symlink_to(victim.parent)
        path = people / "victim" / "f.jsonl"
    with pytest.raises(WorkspaceUnusable, match="link") as refused:
        DEEDS[deed](path)
    assert str(workspace.root) in str(refused.value)
    assert unharmed(victim)


@pytest.mark.parametrize("where", ["ada", "ada/sub"])
def test_nothing_is_made_written_or_removed_through_a_link(
    where: str, workspace: Workspace, victim: Path
) -> None:
    workspace.prepare()
    (workspace.people / "ada").symlink_to(victim)
    folder = workspace.people / where
    for deed in (
        lambda: write_bytes(folder / "file", b"mine"),
        lambda: write_json(folder / "new.json", {}),
        lambda: make_directory(folder / "new"),
        lambda: new_directory(folder / "new").__enter__(),
        lambda: remove_directory(folder / "file"),
    ):
        with pytest.raises(WorkspaceUnusable, match="link"):
            deed()
        assert unharmed(victim)
    remove_directory(workspace.people / "ada")  # the link goes, what it names stays
    assert not (workspace.people / "ada").is_symlink()
    assert unharmed(victim)


def test_a_file_is_put_in_the_place_of_a_link(workspace: Workspace, victim: Path) -> None:
    workspace.prepare()
    workspace.split_file.symlink_to(victim / "file")
    write_bytes(workspace.split_file, b"{}")
    assert (workspace.split_file.is_symlink(), read_bytes(workspace.split_file)) == (False, b"{}")
    assert unharmed(victim)


@pytest.mark.parametrize("name", sorted(p.name for p in Workspace(Path("/x")).private))
def test_a_writer_begins_in_no_workspace_whose_own_folder_is_a_link(
    name: str, tmp_path: Path, victim: Path
) -> None:
    workspace = build(tmp_path / "workspace")
    folder = workspace.root / name
    if folder.exists():
        folder.rename(tmp_path / "aside")
    folder.symlink_to(victim)
    with pytest.raises(WorkspaceUnusable, match="link"), workspace.writer("test") as interrupted:
        recover(workspace, interrupted)
    assert unharmed(victim)
    workspace.recover()
    assert unharmed(victim)


def test_a_person_that_is_a_link_is_nobody_and_stays_untouched(
    tmp_path: Path, victim: Path
) -> None:
    workspace = build(tmp_path / "workspace")
    for name in ("eve", "anna/20260101-000000-001"):
        (workspace.people / name).symlink_to(victim)
    (workspace.features / "x").symlink_to(victim)
    (workspace.trash / "20200101-000000-001").symlink_to(victim)
    with workspace.writer("test") as interrupted:
        recover(workspace, interrupted)
        purge(workspace, Settings())
        changes.delete_people(workspace, ["Anna"], 30)
        changes.undo(workspace)
    assert [person.slug for person in People(workspace).list()] == ["anna", "bob"]
    assert unharmed(victim)


def test_a_log_that_is_a_link_gets_no_line(workspace: Workspace, victim: Path) -> None:
    workspace.prepare()
    (workspace.logs / "cli.log").symlink_to(victim / "file")
    handle = open_log(workspace.logs, "cli")
    try:
        assert os.readlink(f"/proc/self/fd/{handle}") == os.devnull
    finally:
        os.close(handle)
    assert unharmed(victim)


def test_the_workspace_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    build(tmp_path / "disk" / "workspace")
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    workspace = Workspace(tmp_path / "home" / "workspace")
    with workspace.writer("test") as interrupted:
        recover(workspace, interrupted)
        changes.delete_people(workspace, ["Anna"], 30)
    assert [person.slug for person in People(workspace).list()] == ["bob"]


def test_no_error_of_a_link_is_an_untyped_one(workspace: Workspace, victim: Path) -> None:
    workspace.prepare()
    (workspace.audit / "audit.jsonl").symlink_to(victim / "f.jsonl")
    with pytest.raises(FacedeskError, match="link"):
        Audit(workspace).ready()
    assert unharmed(victim)
