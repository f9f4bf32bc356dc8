"""What opens a vault: passphrases, key files, and which of them are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.contract.errors import VaultError
from engine.workspace.vault.keys import (
    Opener,
    Wrap,
    check_new_passphrase,
    from_key_file,
    from_passphrase,
    from_passphrase_file,
    make_key_file,
)

CHEAP = 1 << 14
"""scrypt's least costs, so that the tests need not wait."""


def test_the_same_passphrase_and_salt_give_the_same_key_and_other_salt_another() -> None:
    wrap, other = Wrap.of_passphrase(CHEAP), Wrap.of_passphrase(CHEAP)
    opener = from_passphrase("four words of mine")
    assert opener.key(wrap) == opener.key(wrap)
    assert opener.key(wrap) != opener.key(other)


def test_a_passphrase_is_the_same_however_its_accents_were_typed() -> None:
    assert from_passphrase("caf\u00e9") == from_passphrase("cafe\u0301")


def test_the_key_is_that_of_scrypt_as_rfc_7914_gives_it() -> None:
    import hashlib

    wrap = Wrap("passphrase", 1 << 14, 8, 1, b"SodiumChloride--")
    known = hashlib.scrypt(
        b"pleaseletmein", salt=b"SodiumChloride--", n=16384, r=8, p=1, maxmem=1 << 26, dklen=32
    )
    assert from_passphrase("pleaseletmein").key(wrap) == known


@pytest.mark.parametrize(
    "costs",
    [(1 << 13, 8, 1), (3 << 14, 8, 1), (1 << 22, 32, 1), (1 << 17, 0, 1), (1 << 17, 8, 17)],
)
def test_costs_that_protect_nothing_or_eat_the_memory_are_refused(
    costs: tuple[int, int, int],
) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        Wrap("passphrase", *costs, bytes(16))


def test_a_new_key_file_is_private_random_and_opens_what_it_opened(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = make_key_file(tmp_path / "a.key")
    finally:
        os.umask(before)
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    assert from_key_file(tmp_path / "a.key") == made
    assert make_key_file(tmp_path / "b.key") != made


def test_an_existing_file_is_never_made_a_key(tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    with pytest.raises(VaultError):
        make_key_file(tmp_path / "thesis")
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_a_key_file_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    make_key_file(tmp_path / "a.key")
    (tmp_path / "a.key").chmod(0o644)
    with pytest.raises(VaultError, match="0644") as caught:
        from_key_file(tmp_path / "a.key")
    assert caught.value.hint == f"chmod 600 {tmp_path / 'a.key'}"


@pytest.mark.parametrize("size", [0, 31, 33, 5000])
def test_a_key_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(VaultError, match="32 bytes"):
        from_key_file(path)


def test_a_pipe_in_place_of_a_key_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.key", 0o600)
    with pytest.raises(VaultError, match="regular file"):
        from_key_file(tmp_path / "a.key")


def test_a_credential_may_be_given_by_access_lists(tmp_path: Path) -> None:
    made = make_key_file(tmp_path / "facedesk.key")
    (tmp_path / "facedesk.key").chmod(0o440)
    assert from_key_file(tmp_path / "facedesk.key", private=False) == made


@pytest.mark.parametrize("text", ["four words", "four words\n", "four words\r\nand a note\n"])
def test_of_a_passphrase_file_the_first_line_counts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "phrase"
    path.write_bytes(text.encode())
    path.chmod(0o600)
    assert from_passphrase_file(path) == from_passphrase("four words")


@pytest.mark.parametrize("text", ["", "short", "x" * 2000])
def test_a_new_passphrase_has_a_least_and_a_greatest_length(text: str) -> None:
    with pytest.raises(VaultError):
        check_new_passphrase(text)


def test_an_opener_shows_no_secret() -> None:
    assert "hunter" not in repr(Opener("passphrase", b"hunter2hunter2"))
