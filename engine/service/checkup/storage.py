"""Findings about the workspace, its disk, its lock and the configuration."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.audit import Audit
from engine.config import config_file, keys_file
from engine.enrol.inbox import Inbox
from engine.enrol.people import People
from engine.enrol.strangers import unread_strangers
from engine.errors import DataError, VaultError, VaultLocked
from engine.events import Finding
from engine.events.checkup import State
from engine.exposure import exposures
from engine.settings import Settings
from engine.vault.opened import opened
from engine.vault.record import read_record
from engine.workspace import Workspace

LEAST_FREE = 1_000_000_000
"""Bytes of free disk below which the disk is trouble: a full one loses the next session."""
LITTLE_FREE = 5_000_000_000
PICTURE = 46_000
"""Bytes of an aligned crop as PNG (median of real webcam sessions, rounded up)."""


def storage_findings(workspace: Workspace, settings: Settings) -> list[Finding]:
    """Disk, workspace, lock, configuration."""
    return [
        disk_finding(workspace, settings),
        _workspace(workspace),
        *_sharing(workspace),
        *_unread(workspace, settings),
        encryption_finding(workspace),
        _lock(workspace),
        _file("configuration", config_file()),
        _file("keys", keys_file()),
    ]


def disk_finding(workspace: Workspace, settings: Settings) -> Finding:
    """Free space, and how many sessions of pictures that is."""
    usage = shutil.disk_usage(_existing(workspace))
    sessions = usage.free // (settings.enrolment.count * PICTURE)
    value = f"{usage.free / 1e9:.1f} GB free, room for about {sessions:,} sessions"
    detail = f"of {settings.enrolment.count} pictures, in {workspace.root}"
    remedy = f"du -xh --max-depth=2 {workspace.root} | sort -h | tail"
    if usage.free < LEAST_FREE:
        return _finding("disk", "trouble", value, detail, remedy)
    if usage.free < LITTLE_FREE:
        return _finding("disk", "warning", value, detail, remedy)
    return _finding("disk", "ok", value, detail)


def _existing(workspace: Workspace) -> Path:
    return next(p for p in (workspace.root, *workspace.root.parents) if p.exists())


def _workspace(workspace: Workspace) -> Finding:
    place = _existing(workspace)
    if not os.access(place, os.W_OK | os.X_OK):
        remedy = f"sudo chown -R $USER {place} (or choose another --workspace)"
        return _finding("workspace", "trouble", f"{place} may not be written", "", remedy)
    if not workspace.root.exists():
        return _finding(
            "workspace",
            "ok",
            f"{workspace.root} is made at the first enrolment",
        )
    mode = workspace.root.stat().st_mode & 0o777
    people = workspace.people.is_dir() and any(workspace.people.iterdir())
    value = f"{workspace.root}, mode {mode:04o}"
    if mode & 0o077 and people:
        remedy = f"chmod -R go-rwx {workspace.root}"
        return _finding("workspace", "warning", value, "Other users may look inside.", remedy)
    return _finding("workspace", "ok", value)


def _sharing(workspace: Workspace) -> list[Finding]:
    """Other users or computers with a hand in the workspace; its modes are told with itself."""
    return [
        _finding("sharing", "warning", each.text, "", each.remedy)
        for each in exposures(workspace.root)
        if each.kind != "readable"
    ]


def _unread(workspace: Workspace, settings: Settings) -> list[Finding]:
    """What is here and cannot be read: people, strangers, the inbox, the audit log."""
    stores: dict[str, Callable[[], Iterable[DataError]]] = {
        "people": lambda: (each.error for each in People(workspace).unread()),
        "strangers": lambda: (each.error for each in unread_strangers(workspace)),
        "inbox": Inbox(workspace, settings.inbox).unread,
        "audit": Audit(workspace).unread,
    }
    found = []
    for subject, look in stores.items():
        try:
            errors = [*look()]
        except VaultLocked:  # told with the encryption
            continue
        except DataError as error:
            errors = [error]
        found += [_finding(subject, "trouble", str(each), "", each.hint) for each in errors]
    return found


def encryption_finding(workspace: Workspace) -> Finding:
    """Whether and how the workspace is encrypted, and whether this process has opened it."""
    try:
        record = read_record(workspace.root)
    except VaultError as error:
        return _finding("encryption", "trouble", str(error), "", error.hint)
    if record is None:
        value = "none: whoever takes the disk sees the pictures"
        return _finding("encryption", "note", value, "", "facedesk vault create")
    detail = f"AES-256-GCM, vault key {record.key.hex()[:8]}"
    if record.state != "sealed":
        command = "create" if record.state == "sealing" else "remove"
        value = "a conversion was cut short: some files are encrypted, some are not"
        return _finding("encryption", "warning", value, detail, f"facedesk vault {command}")
    if opened(workspace.root) is None:
        remedy = "Set vault.key_file or vault.passphrase_file, or start the app."
        return _finding("encryption", "note", "AES-256-GCM, locked", detail, remedy)
    return _finding("encryption", "ok", "AES-256-GCM, unlocked", detail)


def _lock(workspace: Workspace) -> Finding:
    try:
        holder = workspace.lock_file.read_text(errors="replace").strip()[:200]
    except OSError:
        holder = ""
    pid = re.search(r"process (\d+)\)$", holder)
    # A writer that was killed leaves its name behind, but not its lock.
    if pid is None or not Path(f"/proc/{pid[1]}").exists():
        return _finding("lock", "ok", "nobody is writing")
    if int(pid[1]) == os.getpid():
        return _finding("lock", "ok", f"held by this Facedesk: {holder}")
    remedy = f"Wait for it, or: kill {pid[1]}"
    return _finding("lock", "note", f"held by {holder}", "", remedy)


def _file(subject: str, path: Path) -> Finding:
    value = str(path) if path.exists() else f"{path} is absent: defaults"
    return _finding(subject, "ok", value)


def _finding(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="storage", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )
