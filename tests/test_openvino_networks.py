"""Compiled networks on disk: found again, refused when damaged, and never in the way; and mapped
files, whose bytes are the file's before and after their memory is given back."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import numpy as np
import pytest

from engine.openvino_networks import (
    Mapped,
    cache_folder,
    compiled,
    forget,
    keep,
    kept,
    openvino,
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path / "cache"))


def only_file() -> Path:
    (file,) = cache_folder().iterdir()
    return file


def read(key: str) -> bytes | None:
    found = kept("net", key)
    return None if found is None else found.bytes.tobytes()


def test_what_was_kept_is_found_under_its_key_only() -> None:
    keep("net", "a", b"network")
    assert read("a") == b"network"
    assert kept("net", "b") is None


def test_only_the_user_may_look() -> None:
    keep("net", "a", b"network")
    assert stat.S_IMODE(only_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(cache_folder().stat().st_mode) == 0o700


def test_only_the_newest_is_kept() -> None:
    keep("net", "a", b"old")
    keep("net", "b", b"new")
    assert (read("a"), read("b")) == (None, b"new")


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_file_is_as_good_as_none(damage: bytes | None) -> None:
    keep("net", "a", b"network")
    data = bytearray(only_file().read_bytes())
    data[-1] ^= 1
    only_file().write_bytes(bytes(data) if damage is None else damage)
    assert kept("net", "a") is None


def test_what_is_forgotten_is_gone() -> None:
    keep("net", "a", b"network")
    forget("net", "a")
    forget("net", "a")
    assert kept("net", "a") is None


def negation() -> object:
    """A network of one layer."""
    ov = openvino()
    given = ov.opset13.parameter([1, 3], np.float32)
    return ov.Model([ov.opset13.negative(given)], [given], "negation")


def negated() -> list[float]:
    """What the network says that is kept, or is built now."""
    found = compiled("net", "a", negation).compiled
    return found([np.array([[1, 2, 3]], np.float32)])[0][0].tolist()


def test_a_home_that_cannot_be_written_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path / "file"))
    keep("net", "a", b"network")
    assert kept("net", "a") is None
    assert negated() == [-1, -2, -3]


def test_a_whole_file_that_the_runtime_refuses_is_built_again() -> None:
    assert negated() == [-1, -2, -3]
    other = b"not a network"
    only_file().write_bytes(other + hashlib.sha256(other).digest())
    assert negated() == [-1, -2, -3]
    assert only_file().stat().st_size > 100


def test_the_file_of_somebody_else_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    keep("net", "a", b"network")
    monkeypatch.setattr("os.getuid", lambda: only_file().stat().st_uid + 1)
    assert kept("net", "a") is None


def test_each_network_has_a_file_of_its_own() -> None:
    keep("net", "a", b"one")
    keep("other", "a", b"two")
    keep("other", "b", b"three")
    assert read("a") == b"one"
    assert kept("other", "a") is None


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
