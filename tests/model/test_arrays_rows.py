from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.model import arrays
from engine.model.arrays import RowFile, ignore, mark_of, pack, unpack

NAMES = ["0001.png", "0002.png"]
ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session's folder with two pictures."""
    made = tmp_path / "session"
    made.mkdir()
    for name in NAMES:
        (made / name).write_bytes(name.encode())
    return made


def opened(folder: Path) -> RowFile:
    return RowFile.read(folder.parent / "rows" / "session.npz", folder, np.float32, ignore)


def filled(folder: Path) -> RowFile:
    file = opened(folder)
    file.put(file.missing(NAMES), ROWS)
    file.save()
    return file


def test_rows_come_back_for_the_pictures_they_were_made_of(folder: Path) -> None:
    filled(folder)
    again = opened(folder)
    assert again.missing([*NAMES, *NAMES]) == []
    np.testing.assert_array_equal(again.rows(NAMES[::-1]), ROWS[::-1])


def test_pictures_with_the_same_stamp_are_not_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(folder)
    monkeypatch.setattr(arrays, "_mark", lambda path: pytest.fail(f"{path} was read"))
    assert opened(folder).missing(NAMES) == []


def test_a_picture_touched_but_not_changed_keeps_its_row_and_gets_a_new_stamp(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(folder)
    os.utime(folder / NAMES[0], (1, 1))
    again = opened(folder)
    assert again.missing(NAMES) == []
    again.save()
    monkeypatch.setattr(arrays, "_mark", lambda path: pytest.fail(f"{path} was read"))
    assert opened(folder).missing(NAMES) == []


def test_a_picture_replaced_by_another_of_the_same_size_and_time_is_missing(folder: Path) -> None:
    filled(folder)
    path = folder / NAMES[0]
    times = path.stat()
    other = path.with_name("new")
    other.write_bytes(b"0003.png")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)
    assert opened(folder).missing(NAMES) == [NAMES[0]]


def test_a_file_without_stamps_is_as_good(folder: Path) -> None:
    marks = [mark_of(name.encode()) for name in NAMES]
    held = {"files": np.array(NAMES), "marks": np.array(marks), "rows": ROWS}
    path = folder.parent / "rows" / "session.npz"
    path.parent.mkdir()
    path.write_bytes(pack(held))
    again = opened(folder)
    assert again.missing(NAMES) == []
    np.testing.assert_array_equal(again.rows(NAMES), ROWS)


def test_a_reader_that_finds_all_writes_nothing(folder: Path) -> None:
    path = filled(folder).path
    before = path.stat().st_mtime_ns
    again = opened(folder)
    again.missing(NAMES)
    again.save()
    assert path.stat().st_mtime_ns == before


def test_a_picture_deleted_while_its_row_is_written_takes_the_row_along(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = arrays.write_bytes

    def deleted_meanwhile(path: Path, data: bytes) -> None:
        real(path, data)
        (folder / NAMES[0]).unlink(missing_ok=True)

    monkeypatch.setattr(arrays, "write_bytes", deleted_meanwhile)
    file = filled(folder)
    assert unpack(file.path.read_bytes(), "rows")["files"].tolist() == NAMES[1:]


def test_a_session_deleted_while_its_rows_are_written_leaves_no_file_and_no_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = arrays.write_bytes

    def deleted_meanwhile(path: Path, data: bytes) -> None:
        real(path, data)
        for name in NAMES:
            (folder / name).unlink(missing_ok=True)

    monkeypatch.setattr(arrays, "write_bytes", deleted_meanwhile)
    assert not filled(folder).path.parent.exists()


def test_a_picture_changed_in_its_place_under_a_clock_set_back_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "0001.png").write_bytes(b"one")
    times = (tmp_path / "0001.png").stat()
    read = RowFile.read(tmp_path / "rows.npz", tmp_path, np.float32, ignore)
    assert read.missing(["0001.png"]) == ["0001.png"]
    read.put(["0001.png"], np.ones((1, 2), np.float32))
    assert read.missing(["0001.png"]) == []
    with open(tmp_path / "0001.png", "r+b") as file:  # the same file, size and time
        file.write(b"two")
    os.utime(tmp_path / "0001.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert read.missing(["0001.png"]) == ["0001.png"]
