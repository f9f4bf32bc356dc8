"""Opening a workspace's vault with what the settings, systemd or the operator give.

In this order, for a vault that wants a passphrase: `vault.passphrase_file`, the credential
`facedesk.passphrase` of systemd, the operator. For one that wants a key file: `vault.key_file`,
the credential `facedesk.key`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from engine.contract.errors import VaultLocked
from engine.settings import VaultSettings
from engine.workspace.vault import opened
from engine.workspace.vault.keys import (
    LONGEST_PASSPHRASE,
    Opener,
    VaultRecord,
    from_key_file,
    from_passphrase,
    from_passphrase_file,
    read_record,
)
from engine.workspace.vault.opened import VAULT_FILE, Opened, stamp_of

STANDARD_INPUT = "-"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what `LoadCredential=` names."""

Ask = Callable[[VaultRecord], Opener]
"""Gets a passphrase from the operator."""


def unlock(root: Path, settings: VaultSettings, ask: Ask | None = None) -> Opened | None:
    """Open the vault of the workspace at `root` for this process; None if it has none.

    `ask` is left out where there is nobody to ask. Raises VaultLocked, WrongKey, VaultError for
    an unusable key file or a damaged vault.
    """
    record = read_record(root)
    if record is None:
        if settings.required:
            raise VaultLocked(
                "The workspace is not encrypted",
                f"{root}, and vault.required is set",
                "Encrypt it: `facedesk vault create`.",
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
    return open_with(root, record, opener)


def open_with(root: Path, record: VaultRecord, opener: Opener) -> Opened:
    """Open the vault and use it from now on. Raises WrongKey."""
    if opener.by != record.wrap.by:
        raise opened.locked(root)
    key = record.unwrap(opener.key(record.wrap))
    vault = Opened(root, key, record.state, stamp_of(root / VAULT_FILE))
    opened.accept(vault)
    return vault


def given(record: VaultRecord, settings: VaultSettings) -> Opener | None:
    """What the settings or systemd give for this vault; None if nothing. Raises VaultError."""
    folder = os.environ.get(CREDENTIALS)
    if record.wrap.by == "key-file":
        if settings.key_file:
            return from_key_file(Path(settings.key_file).expanduser())
        if folder and (credential := Path(folder, "facedesk.key")).exists():
            return from_key_file(credential, private=False)
        return None
    if settings.passphrase_file == STANDARD_INPUT:
        return from_standard_input()
    if settings.passphrase_file:
        return from_passphrase_file(Path(settings.passphrase_file).expanduser())
    if folder and (credential := Path(folder, "facedesk.passphrase")).exists():
        return from_passphrase_file(credential, private=False)
    return None


def from_standard_input() -> Opener:
    """The passphrase in the first line of standard input. Raises VaultLocked if there is none."""
    line = sys.stdin.readline(4 * LONGEST_PASSPHRASE) if sys.stdin is not None else ""
    text = line.rstrip("\r\n")
    if not text:
        raise VaultLocked(
            "No passphrase was given", "standard input holds none", "Pipe it in: one line."
        )
    return from_passphrase(text)
