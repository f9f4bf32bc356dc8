"""Files as the workspace keeps them: atomic writes, whole folders, damage told by name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from engine.contract.errors import DataError, DiskFull, FacedeskError, WorkspaceUnusable
from engine.workspace.files import (
    new_directory,
    read_json,
    remove_directory,
    write_bytes,
    write_json,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuse(monkeypatch: pytest.MonkeyPatch, function: str, number: int) -> None:
    """Let one system call fail as a full or read-only disk does."""

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(function, fails)


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
@pytest.mark.parametrize("function", ["os.fsync", "os.fdopen", "os.open", "os.replace"])
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


def test_where_modes_cannot_be_set_no_descriptor_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(handle: int, mode: int) -> None:
        raise PermissionError(errno.EPERM, "no modes here")

    monkeypatch.setattr(os, "fchmod", refused)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(WorkspaceUnusable):
        write_bytes(tmp_path / "a.txt", b"text")
    assert os.listdir("/proc/self/fd") == before
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_writing_leaves_no_unfinished_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("engine.workspace.files.os.fsync", interrupt)
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
