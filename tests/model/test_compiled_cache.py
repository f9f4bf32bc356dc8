"""Compiled networks on disk: found again, refused when damaged, and never in the way."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.model.compiled_cache import cache_folder, forget, keep, kept


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path / "cache"))


def only_file() -> Path:
    (file,) = cache_folder().iterdir()
    return file


def read(key: str) -> bytes | None:
    found = kept(key)
    return None if found is None else found.bytes.tobytes()


def test_what_was_kept_is_found_under_its_key_only() -> None:
    keep("a", b"network")
    assert read("a") == b"network"
    assert kept("b") is None


def test_only_the_user_may_look() -> None:
    keep("a", b"network")
    assert stat.S_IMODE(only_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(cache_folder().stat().st_mode) == 0o700


def test_only_the_newest_is_kept() -> None:
    keep("a", b"old")
    keep("b", b"new")
    assert (read("a"), read("b")) == (None, b"new")


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_file_is_as_good_as_none(damage: bytes | None) -> None:
    keep("a", b"network")
    data = bytearray(only_file().read_bytes())
    data[-1] ^= 1
    only_file().write_bytes(bytes(data) if damage is None else damage)
    assert kept("a") is None


def test_what_is_forgotten_is_gone() -> None:
    keep("a", b"network")
    forget("a")
    forget("a")
    assert kept("a") is None


def test_a_home_that_cannot_be_written_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACEDESK_CACHE", str(tmp_path / "file"))
    keep("a", b"network")
    assert kept("a") is None


def test_the_file_of_somebody_else_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    keep("a", b"network")
    monkeypatch.setattr("os.getuid", lambda: only_file().stat().st_uid + 1)
    assert kept("a") is None
