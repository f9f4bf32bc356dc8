"""The key that wraps a workspace's data key: made from a passphrase by scrypt, or read from a file.

A passphrase is slow on purpose: scrypt with N=2**17, r=8, p=1 takes 128 MiB and a few tenths of a
second, each guess of an attacker as much. A key file holds 32 random bytes and needs none of this.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.errors import VaultError
from engine.files import FILE_MODE, translate_os_errors
from engine.vault.envelope import KEY_BYTES

By = Literal["passphrase", "key-file"]

N, R, P = 1 << 17, 8, 1
"""scrypt's costs for a new passphrase."""
SALT_BYTES = 16
LEAST_CHARACTERS = 8
"""A shorter passphrase is refused; length is what counts, several words are better."""
LONGEST_PASSPHRASE = 1024
MOST_MEMORY = 1 << 30
"""Bytes that scrypt may take for the costs in a vault.json: whoever changed it gets no more."""


@dataclass(frozen=True, slots=True)
class Wrap:
    """How the wrapping key comes about. Costs and salt are of a passphrase only."""

    by: By
    n: int = 0
    r: int = 0
    p: int = 0
    salt: bytes = b""

    def __post_init__(self) -> None:
        if self.by == "key-file":
            good = (self.n, self.r, self.p, self.salt) == (0, 0, 0, b"")
        else:
            power = self.n > 0 and self.n & (self.n - 1) == 0
            good = (
                power
                and 1 << 14 <= self.n <= 1 << 22
                and 1 <= self.r <= 32
                and 1 <= self.p <= 16
                and 128 * self.n * self.r <= MOST_MEMORY
                and SALT_BYTES <= len(self.salt) <= 64
            )
        if not good:
            raise ValueError("the costs of the passphrase are out of bounds")

    @classmethod
    def of_passphrase(cls, n: int = N) -> Wrap:
        """For a new passphrase: a salt of its own."""
        return cls("passphrase", n, R, P, secrets.token_bytes(SALT_BYTES))


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens a vault: a passphrase or the contents of a key file. `repr` shows neither."""

    by: By
    secret: bytes = field(repr=False)

    def key(self, wrap: Wrap) -> bytes:
        """The wrapping key (32 bytes). Raises ValueError for a `wrap` of the other kind."""
        if wrap.by != self.by:
            raise ValueError(f"the vault is opened by a {wrap.by}")
        if self.by == "key-file":
            return self.secret
        return hashlib.scrypt(
            self.secret,
            salt=wrap.salt,
            n=wrap.n,
            r=wrap.r,
            p=wrap.p,
            maxmem=128 * wrap.r * (wrap.n + wrap.p + 2) + (1 << 20),
            dklen=KEY_BYTES,
        )


def from_passphrase(text: str) -> Opener:
    """The opener of a passphrase; the same characters give the same, however they were typed."""
    return Opener("passphrase", unicodedata.normalize("NFC", text).encode())


def check_new_passphrase(text: str) -> None:
    """Raise VaultError for one that is too short to protect anything, or too long."""
    if not LEAST_CHARACTERS <= len(text) <= LONGEST_PASSPHRASE:
        raise VaultError(
            "The passphrase cannot be used",
            f"it has {len(text)} characters, {LEAST_CHARACTERS} to "
            f"{LONGEST_PASSPHRASE} are possible",
            "Take four or more words that do not belong together.",
        )


def from_key_file(path: Path, *, private: bool = True) -> Opener:
    """The opener in a key file: 32 bytes that nobody but their owner may read.

    `private` false leaves the modes to whoever provides the file: systemd gives credentials to a
    service by access lists. Raises VaultError.
    """
    data = _read_secret(path, KEY_BYTES + 1, private)
    if len(data) != KEY_BYTES:
        raise _unusable(path, f"it does not hold {KEY_BYTES} bytes")
    return Opener("key-file", data)


def from_passphrase_file(path: Path, *, private: bool = True) -> Opener:
    """The opener in the first line of a file, else as `from_key_file`."""
    data = _read_secret(path, 4 * LONGEST_PASSPHRASE, private)
    try:
        text = data.decode("utf-8-sig").split("\n", 1)[0].rstrip("\r")
    except UnicodeDecodeError:
        raise _unusable(path, "it is not UTF-8 text") from None
    if not text:
        raise _unusable(path, "its first line is empty")
    return from_passphrase(text)


def make_key_file(path: Path) -> Opener:
    """Write a new key file, mode 0600; an existing file is never touched. Raises VaultError."""
    secret = secrets.token_bytes(KEY_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    except FileExistsError:
        raise _unusable(
            path, "it exists already", "Name a new file, or use it: --key-file."
        ) from None
    except OSError as error:
        raise _unusable(path, error.strerror or "") from error
    with translate_os_errors("write a file", path), os.fdopen(handle, "wb") as file:
        os.fchmod(handle, FILE_MODE)
        file.write(secret)
        file.flush()
        os.fsync(handle)
    return Opener("key-file", secret)


def _read_secret(path: Path, most: int, private: bool) -> bytes:
    try:
        # Not blocking: a pipe without a writer must not hang whoever starts without a terminal.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(path, error.strerror or "") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _unusable(path, "it is not a regular file")
        if private and found.st_uid not in (0, os.geteuid()):
            raise _unusable(path, "it belongs to another user")
        if private and found.st_mode & 0o077:
            raise _unusable(
                path,
                f"others may read it (mode {found.st_mode & 0o777:04o})",
                f"chmod 600 {path}",
            )
        try:
            return file.read(most)
        except OSError as error:
            raise _unusable(path, error.strerror or "") from error


def _unusable(path: Path, why: str, hint: str = "") -> VaultError:
    return VaultError("The key cannot be used", f"{path}: {why}", hint)
