"""A mapped file's bytes are those of the file, before and after their memory is given back."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.model.mapped import Mapped


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(b"constants and the rest" * 1000)
    return made


def mapped(file: Path, length: int = 9) -> Mapped:
    with file.open("rb") as opened:
        return Mapped(opened, length)


def test_the_first_bytes_are_there(file: Path) -> None:
    assert mapped(file).bytes.tobytes() == b"constants"


def test_they_are_there_again_after_a_release(file: Path) -> None:
    found = mapped(file, 22_000)
    with found.released_meanwhile():
        before = found.bytes.tobytes()
    found.release()
    assert found.bytes.tobytes() == before == file.read_bytes()


def test_a_file_that_is_replaced_or_deleted_stays_readable(file: Path) -> None:
    found = mapped(file)
    file.unlink()
    found.release()
    assert found.bytes.tobytes() == b"constants"


def test_what_is_written_never_reaches_the_file(file: Path) -> None:
    before = file.read_bytes()
    found = mapped(file)
    found.bytes[:] = 0
    assert file.read_bytes() == before
    found.release()


def test_the_release_ends_when_the_body_raises(file: Path) -> None:
    found = mapped(file)
    with pytest.raises(RuntimeError, match="no network"), found.released_meanwhile():
        raise RuntimeError("no network")
    assert found.bytes.tobytes() == b"constants"
