"""The file layer beyond whole files: lines, copies out, and what stays plain."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.contract.errors import DiskFull
from engine.workspace.files import (
    append_line,
    copy_out,
    new_temporary,
    read_lines,
    read_start,
    write_bytes,
    write_plain,
)


@pytest.fixture(params=[0, 0o077, 0o277])
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_lines_come_back_as_they_were_appended(tmp_path: Path) -> None:
    for line in (b"first", b"", "zw\u00f6lf".encode()):
        append_line(tmp_path / "a.jsonl", line)
    append_line(tmp_path / "a.jsonl", b"last", sync=True)
    assert read_lines(tmp_path / "a.jsonl") == [b"first", b"", "zw\u00f6lf".encode(), b"last"]


def test_a_line_that_a_crash_cut_short_takes_no_other_with_it(tmp_path: Path) -> None:
    append_line(tmp_path / "a.jsonl", b"first")
    with (tmp_path / "a.jsonl").open("ab") as file:
        file.write(b'{"cut sho')
    append_line(tmp_path / "a.jsonl", b"third")
    assert read_lines(tmp_path / "a.jsonl") == [b"first", b'{"cut sho', b"third"]


@pytest.mark.parametrize("line", [b"two\nlines", b"two\rlines"])
def test_what_is_not_one_line_is_a_programming_error(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(ValueError, match="one line"):
        append_line(tmp_path / "a.jsonl", line)
    with pytest.raises(ValueError, match="jsonl"):
        append_line(tmp_path / "a.txt", b"line")


def test_a_full_disk_is_said_and_the_lines_before_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_line(tmp_path / "a.jsonl", b"first")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        append_line(tmp_path / "a.jsonl", b"second", sync=True)
    assert read_lines(tmp_path / "a.jsonl")[0] == b"first"


@pytest.mark.usefixtures("any_umask")
def test_files_and_folders_have_the_same_modes_whatever_the_umask(tmp_path: Path) -> None:
    write_bytes(tmp_path / "whole", b"")
    write_plain(tmp_path / "export", b"")
    append_line(tmp_path / "a.jsonl", b"")
    copy_out(tmp_path / "whole", tmp_path / "copy")
    made = [tmp_path / name for name in ("whole", "export", "a.jsonl", "copy")]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert new_temporary(tmp_path).stat().st_mode & 0o777 == 0o700


def test_a_copy_never_replaces_what_is_there(tmp_path: Path) -> None:
    write_bytes(tmp_path / "origin", b"new")
    write_bytes(tmp_path / "target", b"old")
    with pytest.raises(FileExistsError):
        copy_out(tmp_path / "origin", tmp_path / "target")


def test_the_start_of_a_file_that_is_gone_is_empty(tmp_path: Path) -> None:
    assert read_start(tmp_path / "absent", 4) == b""
