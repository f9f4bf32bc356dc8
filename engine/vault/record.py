"""vault.json: the data key, wrapped, and how far its workspace is sealed.

    {"format": "facedesk vault", "version": 1, "cipher": "AES-256-GCM", "state": "sealed",
     "key": id, "created": time, "opened_by": "passphrase",
     "scrypt": {"n": 131072, "r": 8, "p": 1, "salt": hex},
     "wrapped": base64 of nonce, data key and tag, "check": SHA-256 of the above}

Everything above `wrapped` is authenticated with it: whoever changes the state, so that plain files
are taken for good, or the costs, has a vault that does not open. `check` tells damage from a wrong
passphrase. The file holds no secret, and without it nothing can be opened: keep a copy.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

from engine.errors import VaultError, WrongKey
from engine.files import read_plain, sync_directory, translate_os_errors, write_plain
from engine.vault.envelope import ID_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES, DataKey
from engine.vault.opened import FORMAT, VAULT_FILE, State
from engine.vault.wrapping import By, Opener, Wrap

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
                "Mind capitals and keyboard layout; the key is that of vault key "
                f"{self.key.hex()[:8]}."
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
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _damaged(path, error.strerror or "") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


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
        raise ValueError("version {version!r} is not known here".format(version=body["version"]))
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
