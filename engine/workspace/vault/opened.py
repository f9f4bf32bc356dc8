"""The vaults that this process has opened: what `engine.workspace.files` seals and unseals with.

A path belongs to the vault of the workspace it lies in. Whatever lies in a workspace with a
vault.json but is not opened cannot be read or written: nothing gets in unsealed by mistake, and
nothing that is plain is taken for what was sealed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from engine.contract.errors import SealBroken, VaultLocked
from engine.workspace.vault import envelope
from engine.workspace.vault.envelope import ID_BYTES, KEY_BYTES, DataKey, NotGenuine

VAULT_FILE = "vault.json"
FORMAT = "facedesk vault"
"""What tells a vault.json of ours from one of another program."""
PLAIN = frozenset({VAULT_FILE, "workspace.json", ".lock", ".audit.lock", "logs"})
"""Files and folders of a workspace that are never sealed: they hold nothing about a person."""

State = Literal["sealed", "sealing", "unsealing"]
"""`sealing` and `unsealing`: a conversion is under way, and plain files are to be expected."""


@dataclass
class Opened:
    """One opened vault. `stamp` is what vault.json looked like when `state` was read."""

    root: Path
    key: DataKey
    state: State
    stamp: tuple[int, int, int]

    def sealed(self, path: Path, data: bytes) -> bytes:
        """What to write for `data`. Raises VaultLocked if the vault was changed meanwhile."""
        self._refuse_if_changed()
        if not self.seals(path):
            return data
        label = envelope.label_of(path)
        if path.suffix == envelope.LINES:
            return envelope.seal_lines(self.key, label, data)
        return envelope.seal(self.key, label or envelope.kind_of(data) or path.name, data)

    def seals(self, path: Path) -> bool:
        """Whether what is written to `path` is sealed."""
        return self.state != "unsealing" and not self._is_plain(path)

    def sealed_line(self, path: Path, line: bytes, tail: Callable[[int | None], bytes]) -> bytes:
        """What to append to a file of whole lines for `line`; `tail` as of `next_place`. Raises
        VaultLocked."""
        self._refuse_if_changed()
        place = envelope.next_place(tail)
        return envelope.seal_line(self.key, envelope.label_of(path), line, place) + b"\n"

    def plain(self, path: Path, data: bytes) -> bytes:
        """What `data`, read from `path`, says. Raises SealBroken, VaultLocked."""
        if self._is_plain(path):
            return data
        try:
            if data.startswith(envelope.MAGIC):
                return envelope.unseal(self.key, envelope.label_of(path), data)
            if envelope.is_line(data) or path.suffix == envelope.LINES:
                if not envelope.holds_lines(data):
                    self._refuse_if_changed()
                # While a conversion is under way, lines of both kinds may follow each other.
                mixed = self.state != "sealed"
                return envelope.unseal_lines(self.key, envelope.label_of(path), data, mixed=mixed)
        except NotGenuine as error:
            raise _broken(path, str(error)) from None
        self._refuse_if_changed()
        if self.state == "sealed":
            raise _broken(path, "it is not sealed")
        return data

    def _is_plain(self, path: Path) -> bool:
        try:
            parts = path.relative_to(self.root).parts
        except ValueError:
            parts = path.resolve().relative_to(self.root.resolve()).parts
        return bool(parts) and parts[0] in PLAIN

    def _refuse_if_changed(self) -> None:
        """Another program may have changed the key, which is fine, or sealed or unsealed all."""
        path = self.root / VAULT_FILE
        stamp = stamp_of(path)
        if stamp == self.stamp:
            return
        try:
            body = json.loads(path.read_bytes())
            same = (body["key"], body["state"]) == (self.key.id.hex(), self.state)
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        if not same:
            raise VaultLocked(
                "The encryption of the workspace was changed meanwhile",
                str(self.root),
                "Start this program again; nothing was lost.",
            )
        self.stamp = stamp


_OPENED: dict[Path, Opened] = {}
_LOCK = threading.Lock()


def accept(vault: Opened) -> None:
    """Use `vault` for everything below its root from now on."""
    with _LOCK:
        _OPENED[vault.root] = vault
        _OPENED[vault.root.resolve()] = vault


def forget(root: Path) -> None:
    """Know nothing of the workspace at `root` any more."""
    with _LOCK:
        for path in (root, root.resolve()):
            _OPENED.pop(path, None)


def pass_on(root: Path) -> bytes:
    """What a child process needs to have the vault at `root` open too; empty if there is none. It
    holds the key: for the socket to the child only, never for its arguments or environment."""
    vault = _OPENED.get(root)
    return b"" if vault is None else vault.key.id + vault.key.secret + vault.state.encode()


def take_over(root: Path, passed: bytes) -> None:
    """Open the vault at `root` with what `pass_on` gave; nothing if that was empty."""
    if passed:
        end = ID_BYTES + KEY_BYTES
        key = DataKey(passed[:ID_BYTES], passed[ID_BYTES:end])
        state = cast(State, passed[end:].decode())
        accept(Opened(root, key, state, (0, 0, 0)))  # looks at vault.json before it is used


def opened(root: Path) -> Opened | None:
    """The opened vault of the workspace at `root`, if there is one."""
    return _OPENED.get(root)


def sealed(path: Path, data: bytes) -> bytes:
    """What to write to `path` for `data`: sealed if it lies in an encrypted workspace. Raises
    VaultLocked if that is not opened, or its encryption was changed meanwhile."""
    vault = _vault_of(path)
    if vault is not None:
        return vault.sealed(path, data)
    root = encrypted_root(path)
    if root is not None and path.relative_to(root).parts[0] not in PLAIN:
        raise locked(root)
    return data


def opened_for_lines(path: Path) -> Opened | None:
    """The vault with which lines of `path` are sealed, None if they are not. Raises VaultLocked if
    it lies in an encrypted workspace that is not opened."""
    vault = _vault_of(path)
    if vault is None:
        sealed(path, b"")
        return None
    return vault if vault.seals(path) else None


def plain(path: Path, data: bytes) -> bytes:
    """What `data`, read from `path`, says. Raises VaultLocked, SealBroken."""
    vault = _vault_of(path)
    if vault is not None:
        return vault.plain(path, data)
    if envelope.is_sealed(data):
        raise locked(encrypted_root(path) or path)
    return data


def either(path: Path, data: bytes) -> bytes:
    """What `data`, read from `path`, says, be it plain, or sealed under whatever name: for a search
    for what must not be there, never for what is used. Raises VaultLocked, SealBroken."""
    vault = _vault_of(path)
    if vault is None:
        return plain(path, data)
    try:
        if data.startswith(envelope.MAGIC):
            return envelope.unseal(vault.key, "", data)
        if data.startswith(envelope.LINE) or b"\n" + envelope.LINE in data:
            return envelope.unseal_lines(vault.key, "", data, mixed=True)
    except NotGenuine as error:
        raise _broken(path, str(error)) from None
    return data


def locked(place: Path) -> VaultLocked:
    """The error that says that an encrypted workspace is not opened."""
    return VaultLocked(
        "The workspace is encrypted and locked",
        str(place),
        "Give the passphrase or key file, or set vault.key_file or vault.passphrase_file.",
    )


def encrypted_root(path: Path) -> Path | None:
    """The workspace with a vault.json of ours that `path` lies in, None if there is none."""
    parent = os.path.dirname(path)
    while True:
        candidate = os.path.join(parent, VAULT_FILE)
        if os.path.lexists(candidate) and _is_ours(candidate):
            return Path(parent)
        above = os.path.dirname(parent)
        if above == parent:
            return None
        parent = above


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What changes whenever the file does; zeros if it is absent."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_size, found.st_mtime_ns, found.st_ino)


def _is_ours(candidate: str) -> bool:
    try:
        with open(candidate, "rb") as file:
            return FORMAT.encode() in file.read(4096)
    except OSError:
        return True  # Whatever it is, it cannot be told that the workspace is plain.


def _vault_of(path: Path) -> Opened | None:
    if not _OPENED:
        return None
    return next((v for root, v in [*_OPENED.items()] if path.is_relative_to(root)), None)


def _broken(path: Path, why: str) -> SealBroken:
    return SealBroken(
        "A file of the encrypted workspace was changed",
        f"{path}: {why}",
        "Restore it from a backup, or delete it; it is not used as it is.",
    )
