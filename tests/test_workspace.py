"""The workspace folder: atomic writes, private modes, one writer, recovery."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import DataError, DiskFull, FacedeskError, WorkspaceLocked, WorkspaceUnusable
from engine.files import (
    make_directory,
    new_directory,
    read_json,
    remove_directory,
    write_bytes,
    write_json,
)
from engine.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuse(monkeypatch: pytest.MonkeyPatch, function: str, number: int) -> None:
    """Let one system call fail as a full or read-only disk does."""

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(function, fails)


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


def test_a_write_replaces_the_whole_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "f", b"a long first version")
    write_bytes(tmp_path / "f", b"second")
    assert (tmp_path / "f").read_bytes() == b"second"
    assert names(tmp_path) == ["f"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, WorkspaceUnusable),
        (errno.EIO, WorkspaceUnusable),
    ],
)
@pytest.mark.parametrize(
    "function", ["os.fsync", "os.fdopen", "tempfile.mkstemp", "pathlib.Path.replace"]
)
def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    number: int,
    expected: type[FacedeskError],
) -> None:
    write_bytes(tmp_path / "f", b"old")
    with monkeypatch.context() as patch:
        refuse(patch, function, number)
        with pytest.raises(expected) as caught:
            write_bytes(tmp_path / "f", b"new")
    assert str(tmp_path / "f") in str(caught.value)
    assert (tmp_path / "f").read_bytes() == b"old"
    assert names(tmp_path) == ["f"]


def test_an_interrupt_while_writing_leaves_no_unfinished_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.files.os.fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_bytes(tmp_path / "f", b"new")
    assert names(tmp_path) == []


def test_json_keeps_any_script(tmp_path: Path) -> None:
    write_json(tmp_path / "f.json", {"name": "李明"})
    assert "李明" in (tmp_path / "f.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "f.json") == {"name": "李明"}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_damaged_json_is_a_data_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f.json").write_bytes(content)
    with pytest.raises(DataError, match=r"f\.json"):
        read_json(tmp_path / "f.json")


def test_absent_json_is_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "f.json")


def test_unreadable_json_is_reported_as_an_unusable_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceUnusable):
        read_json(tmp_path)


def test_a_new_folder_appears_complete(tmp_path: Path) -> None:
    with new_directory(tmp_path / "d") as unfinished:
        write_bytes(unfinished / "f", b"1")
        assert not (tmp_path / "d").exists()
    assert names(tmp_path) == ["d"]
    assert names(tmp_path / "d") == ["f"]


def build_and_fail(path: Path) -> None:
    with new_directory(path) as unfinished:
        write_bytes(unfinished / "f", b"1")
        raise RuntimeError("half-way")


def test_a_new_folder_that_fails_does_not_appear(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        build_and_fail(tmp_path / "d")
    assert names(tmp_path) == []


def test_a_new_folder_never_replaces_one_with_content(tmp_path: Path) -> None:
    write_bytes(tmp_path / "d" / "old", b"")
    with pytest.raises(WorkspaceUnusable), new_directory(tmp_path / "d") as unfinished:
        write_bytes(unfinished / "new", b"")
    assert names(tmp_path / "d") == ["old"]
    assert names(tmp_path) == ["d"]


def test_a_folder_is_removed_with_its_content(tmp_path: Path) -> None:
    write_bytes(tmp_path / "d" / "e" / "f", b"")
    remove_directory(tmp_path / "d")
    remove_directory(tmp_path / "d")
    assert names(tmp_path) == []


def test_removing_a_folder_needs_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "d" / "f", b"")
    with monkeypatch.context() as patch:
        refuse(patch, "tempfile.mkdtemp", errno.ENOSPC)
        refuse(patch, "pathlib.Path.mkdir", errno.ENOSPC)
        remove_directory(tmp_path / "d")
    assert names(tmp_path) == []


def test_a_removal_cut_short_leaves_nothing_under_its_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(workspace.people / "a" / "f", b"")
    with monkeypatch.context() as patch:
        refuse(patch, "shutil.rmtree", errno.EIO)
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
    ]
    lost = [
        workspace.root / ".tmp-1",
        workspace.people / "a" / "s" / ".tmp-2",
        workspace.features / "x" / ".tmp-3",
        workspace.models / ".tmp-4" / "head.npz",
    ]
    for path in (*kept, *lost):
        make_directory(path.parent)
        path.write_bytes(b"")
    removed = workspace.recover()
    assert removed == (".tmp-1", "people/a/s/.tmp-2", "features/x/.tmp-3", "models/.tmp-4")
    assert all(path.exists() for path in kept)
    assert workspace.recover() == ()


def test_recovering_an_absent_workspace_finds_nothing(tmp_path: Path) -> None:
    assert Workspace(tmp_path / "absent").recover() == ()


# --- the writer lock --------------------------------------------------------------------------


def hold(root: Path) -> subprocess.Popen[str]:
    """Another process that holds the writer lock until it is killed or told to end."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom engine.workspace import Workspace\n"
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
    refuse(monkeypatch, "fcntl.flock", errno.ENOLCK)
    with pytest.raises(WorkspaceUnusable), workspace.writer("training"):
        pass


# --- a real full or read-only disk ------------------------------------------------------------


def in_mount_namespace(script: str, folder: Path) -> str:
    """Run Python with a small file system of its own mounted at `folder`."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("needs unshare with user and mount namespaces")
    folder.mkdir()
    shell = f'mount -t tmpfs -o size=256k none "{folder}" && exec "{sys.executable}" -c "$0" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", shell, script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_full_disk_loses_nothing_and_frees_its_unfinished_file(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from engine.errors import DiskFull
from engine.files import remove_directory, write_bytes
from engine.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
with ws.writer("test"):
    count = 0
    try:
        while True:
            write_bytes(ws.people / "a" / f"{count:04d}.png", bytes(10_000))
            count += 1
    except DiskFull:
        pass
    files = sorted(os.listdir(ws.people / "a"))
    assert files == [f"{n:04d}.png" for n in range(count)] and count > 10, files
    assert all((ws.people / "a" / f).stat().st_size == 10_000 for f in files)
    remove_directory(ws.people / "a")
    write_bytes(ws.people / "b", bytes(10_000))
print("kept", os.listdir(ws.people))
"""
    assert in_mount_namespace(script, tmp_path / "disk") == "kept ['b']"


def test_a_read_only_workspace_can_be_read_but_not_written(tmp_path: Path) -> None:
    script = """
import subprocess, sys
from pathlib import Path
from engine.enrol.people import People
from engine.errors import WorkspaceUnusable
from engine.files import write_json
from engine.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
with ws.writer("test"):
    People(ws).add("Anna")
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
refused = 0
for attempt in (lambda: ws.writer("test").__enter__(), lambda: People(ws).delete("Anna"),
                lambda: write_json(ws.split_file, {}), lambda: People(ws).add("Bob")):
    try:
        attempt()
    except WorkspaceUnusable as error:
        assert "Read-only" in str(error), error
        refused += 1
print(refused, [person.name for person in People(ws).list()])
"""
    assert in_mount_namespace(script, tmp_path / "disk") == "4 ['Anna']"
