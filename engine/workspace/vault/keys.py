"""The key that wraps a workspace's data key: made from a passphrase by scrypt, or read from a file.

A passphrase is slow on purpose: scrypt with N=2**17, r=8, p=1 takes 128 MiB and a few tenths of a
second, each guess of an attacker as much. A key file holds 32 random bytes and needs none of this.

vault.json: the data key, wrapped, and how far its workspace is sealed.

    {"format": "facedesk vault", "version": 1, "cipher": "AES-256-GCM", "state": "sealed",
     "key": id, "created": time, "opened_by": "passphrase",
     "scrypt": {"n": 131072, "r": 8, "p": 1, "salt": hex},
     "wrapped": base64 of nonce, data key and tag, "check": SHA-256 of the above}

Everything above `wrapped` is authenticated with it: whoever changes the state, so that plain files
are taken for good, or the costs, has a vault that does not open. `check` tells damage from a wrong
passphrase. The file holds no secret, and without it nothing can be opened: keep a copy.

What opens a vault, in this order: for a passphrase `vault.passphrase_file`, the credential
`facedesk.passphrase` of systemd, the operator; for a key file `vault.key_file`, the credential
`facedesk.key`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import stat
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from engine.contract.errors import Remedy, VaultError, VaultLocked, WrongKey
from engine.settings import VaultSettings
from engine.workspace.files import new_file, read_plain, sync_directory, write_plain
from engine.workspace.owner import translate_os_errors
from engine.workspace.vault import opened
from engine.workspace.vault.envelope import ID_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES, DataKey
from engine.workspace.vault.opened import FORMAT, VAULT_FILE, Opened, State, stamp_of

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
            good = (
                1 << 14 <= self.n <= 1 << 22
                and self.n & (self.n - 1) == 0  # a power of two
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

    def wrap(self) -> Wrap:
        """How the key comes about in a new vault: for a passphrase with a salt of its own."""
        return Wrap("key-file") if self.by == "key-file" else Wrap.of_passphrase()

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
    """The opener in a key file: 32 bytes that nobody but their owner may read. `private` false
    leaves the modes to whoever provides the file: systemd gives credentials to a service by access
    lists. Raises VaultError."""
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
        handle = new_file(path)
    except FileExistsError:
        raise _unusable(
            path, "it exists already", "Name a new file, or use this one as the key file."
        ) from None
    except OSError as error:
        raise _unusable(path, error.strerror or "") from error
    with translate_os_errors("write a file", path), os.fdopen(handle, "wb") as file:
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
                path, f"others may read it (mode {found.st_mode & 0o777:04o})", f"chmod 600 {path}"
            )
        try:
            return file.read(most)
        except OSError as error:
            raise _unusable(path, error.strerror or "") from error


def _unusable(path: Path, why: str, hint: str = "") -> VaultError:
    return VaultError("The key cannot be used", f"{path}: {why}", hint)


VERSION = 1
CIPHER = "AES-256-GCM"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+]{5,30}")
LARGEST = 1 << 16
"""Bytes beyond which the file is none of ours."""


@dataclass(frozen=True, slots=True)
class VaultRecord:
    """What vault.json says; holds no secret."""

    state: State
    key: bytes
    """The data key's id."""
    created: str
    wrap: Wrap
    wrapped: bytes

    @classmethod
    def make(cls, key: DataKey, opener: Opener, wrap: Wrap, state: State) -> VaultRecord:
        """A new vault's record: `key` wrapped by what `opener` gives."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(state, key.id, created, wrap, b"").wrapping(key, opener.key(wrap))

    def wrapping(self, key: DataKey, wrapper: bytes) -> VaultRecord:
        """The same with the data key wrapped anew by `wrapper` (32 bytes)."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(wrapper).encrypt(nonce, key.secret, self._bound())
        return replace(self, wrapped=nonce + sealed)

    def unwrap(self, wrapper: bytes) -> DataKey:
        """The data key. Raises WrongKey."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, sealed = self.wrapped[:NONCE_BYTES], self.wrapped[NONCE_BYTES:]
        try:
            return DataKey(self.key, AESGCM(wrapper).decrypt(nonce, sealed, self._bound()))
        except InvalidTag:
            phrase = self.wrap.by == "passphrase"
            raise WrongKey(
                "The passphrase is wrong" if phrase else "The key file is the wrong one",
                "",
                f"Mind capitals and keyboard layout; it is that of vault key {self.key.hex()[:8]}."
                if phrase
                else f"This workspace needs the file of vault key {self.key.hex()[:8]}.",
            ) from None

    def _bound(self) -> bytes:
        return _canonical(self._open_part())

    def _open_part(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "cipher": CIPHER,
            "state": self.state,
            "key": self.key.hex(),
            "created": self.created,
            "opened_by": self.wrap.by,
        }
        if self.wrap.by == "passphrase":
            body["scrypt"] = {
                "n": self.wrap.n,
                "r": self.wrap.r,
                "p": self.wrap.p,
                "salt": self.wrap.salt.hex(),
            }
        return body

    def save(self, root: Path) -> None:
        """Write vault.json, atomically. Raises DiskFull, WorkspaceUnusable."""
        body = {**self._open_part(), "wrapped": base64.b64encode(self.wrapped).decode()}
        body["check"] = hashlib.sha256(_canonical(body)).hexdigest()
        write_plain(root / VAULT_FILE, (json.dumps(body, indent=2) + "\n").encode())


def read_record(root: Path) -> VaultRecord | None:
    """What the vault.json of a workspace says, None if there is none. Raises VaultError."""
    path = root / VAULT_FILE
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        return _parse(read_plain(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _damaged(path, error.strerror or "") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


def needed_record(root: Path) -> VaultRecord:
    """`read_record` of a workspace that is encrypted. Raises VaultError if it is not."""
    record = read_record(root)
    if record is None:
        raise VaultError("The workspace is not encrypted", str(root), Remedy.VAULT)
    return record


def remove_record(root: Path) -> None:
    """Delete vault.json. Raises WorkspaceUnusable."""
    path = root / VAULT_FILE
    with translate_os_errors("remove a file", path):
        path.unlink(missing_ok=True)
        sync_directory(root)


def _parse(data: bytes) -> VaultRecord:
    body = json.loads(data)
    check = body.pop("check")
    if check != hashlib.sha256(_canonical(body)).hexdigest():
        raise ValueError("it does not match its own SHA-256")
    if (body["format"], body["cipher"]) != (FORMAT, CIPHER) or body["version"] != VERSION:
        raise ValueError(f"version {body['version']!r} is not known here")
    by, state = body["opened_by"], body["state"]
    if by not in get_args(By) or state not in get_args(State):
        raise ValueError("its state is not valid")
    wrap = Wrap(by) if by == "key-file" else _passphrase(body["scrypt"])
    key, wrapped = bytes.fromhex(body["key"]), base64.b64decode(body["wrapped"], validate=True)
    if len(key) != ID_BYTES or len(wrapped) != NONCE_BYTES + KEY_BYTES + TAG_BYTES:
        raise ValueError("its key has the wrong length")
    created = body["created"]
    if not _TIME.fullmatch(created):  # it is shown before anything is proved
        raise ValueError("its time is not valid")
    return VaultRecord(cast(State, state), key, created, wrap, wrapped)


def _passphrase(body: dict[str, Any]) -> Wrap:
    costs = body["n"], body["r"], body["p"]
    if not all(type(each) is int for each in costs):
        raise ValueError("its costs are not valid")
    return Wrap("passphrase", *costs, bytes.fromhex(body["salt"]))


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _damaged(path: Path, why: str) -> VaultError:
    return VaultError(
        "The vault is damaged",
        f"{path}: {why}",
        "Put back a copy of vault.json: without it nothing here can be opened.",
    )


STANDARD_INPUT = "-"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what `LoadCredential=` names."""

Ask = Callable[[VaultRecord], Opener]
"""Gets a passphrase from the operator."""


def unlock(root: Path, settings: VaultSettings, ask: Ask | None = None) -> Opened | None:
    """Open the vault of the workspace at `root` for this process; None if it has none. `ask` is
    left out where there is nobody to ask. Raises VaultLocked, WrongKey, VaultError for an unusable
    key file or a damaged vault."""
    record = read_record(root)
    if record is None:
        if settings.required:
            raise VaultLocked(
                "The workspace is not encrypted", f"{root}, and vault.required is set", Remedy.VAULT
            )
        return None
    known = opened.opened(root)
    if known is not None and known.key.id == record.key:
        return known
    opener = given(record, settings)
    if opener is None and ask is not None and record.wrap.by == "passphrase":
        opener = ask(record)
    if opener is None:
        raise opened.locked(root)
    return open_with(root, record, opener)[0]


def open_with(root: Path, record: VaultRecord, opener: Opener) -> tuple[Opened, bytes]:
    """Open the vault and use it from now on; the vault, and the wrapping key. Raises WrongKey."""
    if opener.by != record.wrap.by:
        raise opened.locked(root)
    wrapper = opener.key(record.wrap)
    vault = Opened(root, record.unwrap(wrapper), record.state, stamp_of(root / VAULT_FILE))
    opened.accept(vault)
    return vault, wrapper


def given(record: VaultRecord, settings: VaultSettings) -> Opener | None:
    """What the settings or systemd give for this vault; None if nothing. Raises VaultError."""
    by_file = record.wrap.by == "key-file"
    wanted = settings.key_file if by_file else settings.passphrase_file
    if wanted == STANDARD_INPUT and not by_file:
        return from_standard_input()
    read = from_key_file if by_file else from_passphrase_file
    if wanted:
        return read(Path(wanted).expanduser())
    name = "facedesk.key" if by_file else "facedesk.passphrase"
    folder = os.environ.get(CREDENTIALS)
    credential = Path(folder, name) if folder else None
    return read(credential, private=False) if credential and credential.exists() else None


def from_standard_input() -> Opener:
    """The passphrase in the first line of standard input. Raises VaultLocked if there is none."""
    line = sys.stdin.readline(4 * LONGEST_PASSPHRASE) if sys.stdin is not None else ""
    text = line.rstrip("\r\n")
    if not text:
        raise VaultLocked(
            "No passphrase was given", "standard input holds none", "Pipe it in: one line."
        )
    return from_passphrase(text)
