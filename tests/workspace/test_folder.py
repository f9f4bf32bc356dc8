"""The workspace folder: private modes, one writer, recovery."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.contract.errors import WorkspaceLocked, WorkspaceUnusable
from engine.workspace.files import (
    make_directory,
    new_directory,
    read_json,
    remove_directory,
    temporary_name,
    write_bytes,
    write_json,
)
from engine.workspace.folder import Workspace

REPOSITORY = Path(__file__).resolve().parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_naming_a_workspace_touches_nothing(tmp_path: Path) -> None:
    Workspace(tmp_path / "w")
    assert names(tmp_path) == []


@pytest.mark.usefixtures("open_umask")
def test_folders_and_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "outer" / "w")
    with workspace.writer("test"):
        write_json(workspace.people / "a" / "person.json", {})
        with new_directory(workspace.models / "m") as folder:
            write_bytes(folder / "head.npz", b"")
    everything = [tmp_path / "outer", *(tmp_path / "outer").rglob("*")]
    assert len(everything) > 9
    for path in everything:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_preparing_closes_folders_that_a_restore_left_open(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.people.mkdir()
    workspace.people.chmod(0o755)
    tmp_path.chmod(0o755)
    workspace.prepare()
    assert mode(workspace.people) == 0o700
    assert mode(tmp_path) == 0o755


def test_a_file_in_place_of_the_workspace_is_reported(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(WorkspaceUnusable):
        Workspace(tmp_path / "w").prepare()


def test_a_removal_cut_short_leaves_nothing_under_its_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(workspace.people / "a" / "f", b"")

    def refused(*_: object, **_more: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refused)
        with pytest.raises(WorkspaceUnusable):
            remove_directory(workspace.people / "a")
    assert not (workspace.people / "a").exists()
    assert len(workspace.recover()) == 1
    assert names(workspace.people) == []


def test_recovery_removes_unfinished_things_and_nothing_else(workspace: Workspace) -> None:
    kept = [
        workspace.people / "a" / "s" / "0001.png",
        workspace.models / "current",
        workspace.split_file,
        workspace.root / "notes.txt",
        workspace.root / ".tmp-1",
    ]
    lost = [
        workspace.root / temporary_name(),
        workspace.people / "a" / "s" / ".tmp-2",
        workspace.features / "x" / ".tmp-3",
        workspace.models / ".tmp-4" / "head.npz",
    ]
    for path in (*kept, *lost):
        make_directory(path.parent)
        path.write_bytes(b"")
    removed = workspace.recover()
    assert removed == (lost[0].name, "people/a/s/.tmp-2", "features/x/.tmp-3", "models/.tmp-4")
    assert all(path.exists() for path in kept)
    assert workspace.recover() == ()


def test_recovering_an_absent_workspace_finds_nothing(tmp_path: Path) -> None:
    assert Workspace(tmp_path / "absent").recover() == ()


# --- the writer lock --------------------------------------------------------------------------


def hold(root: Path) -> subprocess.Popen[str]:
    """Another process that holds the writer lock until it is killed or told to end."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom engine.workspace.folder import Workspace\n"
        "with Workspace(Path(sys.argv[1])).writer('training'):\n"
        "    print('held', flush=True)\n    sys.stdin.readline()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_process_is_kept_out_and_told_who_writes(workspace: Workspace) -> None:
    with hold(workspace.root) as holder:
        try:
            for _ in range(2):  # The first refusal must not wipe the holder's name.
                with pytest.raises(WorkspaceLocked) as caught, workspace.writer("enrolment"):
                    pass
                assert f"training (process {holder.pid})" in str(caught.value)
        finally:
            holder.communicate("\n")
    with workspace.writer("enrolment"):
        assert "enrolment" in workspace.lock_file.read_text()


def test_a_killed_writer_leaves_no_lock(workspace: Workspace) -> None:
    with hold(workspace.root) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with workspace.writer("enrolment"):
            assert "enrolment" in workspace.lock_file.read_text()


def test_a_second_job_of_this_process_is_kept_out(workspace: Workspace) -> None:
    with (
        workspace.writer("enrolment"),
        pytest.raises(WorkspaceLocked, match="enrolment"),
        workspace.writer("training"),
    ):
        pass


def test_the_lock_is_free_after_an_error(workspace: Workspace) -> None:
    with pytest.raises(RuntimeError), workspace.writer("first"):
        raise RuntimeError
    with workspace.writer("second"):
        assert "second" in workspace.lock_file.read_text()
    assert workspace.lock_file.read_text() == ""


def test_reading_needs_no_lock(workspace: Workspace) -> None:
    with workspace.writer("training"):
        write_json(workspace.split_file, {"a": 1})
        assert read_json(workspace.split_file) == {"a": 1}


def test_a_file_system_without_locks_is_reported(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refused)
    with pytest.raises(WorkspaceUnusable), workspace.writer("training"):
        pass
