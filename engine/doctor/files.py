"""Checks of files, workspace, disk, lock and configuration, and all checks together.

Findings about the files recognition stands on: cascades, weights, face space, model.

Digests are compared with the known ones; nothing is decoded and OpenCV is not loaded.

Findings about the workspace, its disk, its lock and the configuration.

All groups together, without opening a camera and without loading OpenCV or TensorFlow.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.config import config_file, keys_file
from engine.contract import Finding
from engine.contract.errors import DataError, FacedeskError, VaultError, VaultLocked
from engine.contract.events_desk import Group, State
from engine.doctor.cameras import camera_findings
from engine.doctor.machine import processor_findings, software_findings
from engine.people.registry import People, unread_strangers
from engine.people.unknown import UnknownStore
from engine.settings import Settings
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace
from engine.workspace.owner import exposures
from engine.workspace.vault.keys import read_record
from engine.workspace.vault.opened import opened

CASCADES: dict[str, str] = {
    "frontalface_default": "0f7d4527844eb514d4a4948e822da90fbb16a34a0bbbbc6adc6498747a5aafb0",
    "frontalface_alt2": "7b0c967d9abbdfbde025eb9c786947d151b6426040d07a8f9562ed8fd90724b4",
    "eye": "71cc64fc305a355dc60067880f6fbbd43dd155bd63ee3844661a1bda34b2fd8c",
    "eye_tree_eyeglasses": "e32f9c67935c33e9d1331eb14fa58554ff17835c03742663bcb97a892e936a57",
}
"""SHA-256 of the cascades in opencv-python 4.14, with which the figures were measured."""
AGAIN = "pip install --force-reinstall 'opencv-python>=4.14,<5'"
SHOWN = 12
"""Characters of a digest that are shown; `--json` has them all in `detail`."""


def file_findings(workspace: Workspace, cascades: Path | None = None) -> list[Finding]:
    """Cascades, weights, face space and the model in use."""
    return [
        *cascade_findings(cascades or _cascade_folder()),
        *_networks(),
        _model(workspace),
    ]


def _cascade_folder() -> Path | None:
    """Where the installed OpenCV keeps its cascades, found without loading it."""
    found = importlib.util.find_spec("cv2")
    return Path(found.origin).parent / "data" if found and found.origin else None


def cascade_findings(folder: Path | None) -> list[Finding]:
    """One finding a cascade: absent is trouble, another version than the tested one a note."""
    found = []
    for name, known in CASCADES.items():
        try:
            if folder is None:
                raise FileNotFoundError
            digest = hashlib.sha256((folder / f"haarcascade_{name}.xml").read_bytes()).hexdigest()
        except OSError:
            found.append(_file(name, "trouble", "cascade missing", str(folder or ""), AGAIN))
            continue
        if digest == known:
            found.append(_file(name, "ok", f"cascade, SHA-256 {digest[:SHOWN]}", digest))
        else:
            value = f"cascade, SHA-256 {digest[:SHOWN]}, not the tested {known[:SHOWN]}"
            found.append(_file(name, "warning", value, digest, AGAIN))
    return found


def _networks() -> list[Finding]:
    """The weights of each network, then the face space of each backbone."""
    from engine.model.backbones import BACKBONES, DEFAULT, space_file

    found = [
        packaged_finding(f"{row.title} weights", *row.weights)
        for row in BACKBONES.values()
        if row.weights is not None
    ]
    for name in BACKBONES:
        path = space_file(name)
        try:
            known = path.with_name(path.name + ".sha256").read_text("ascii").split()[0]
        except (OSError, ValueError, IndexError):
            known = "absent"
        subject = "face space" if name == DEFAULT else f"face space of {name}"
        found.append(packaged_finding(subject, path, known))
    return found


def packaged_finding(subject: str, path: Path, known: str) -> Finding:
    """Whether a file that ships with Facedesk is the one that shipped."""
    again = "{install} (in a checkout: git checkout -- {file})".format(
        install="pip install --force-reinstall --no-deps facedesk", file=path.name
    )
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return _file(
            subject,
            "trouble",
            f"cannot be read: {error.strerror}",
            str(path),
            again,
        )
    if digest != known:
        value = f"damaged: SHA-256 {digest[:SHOWN]}, should be {known[:SHOWN]}"
        return _file(subject, "trouble", value, str(path), again)
    megabytes = path.stat().st_size / 1e6
    return _file(
        subject,
        "ok",
        f"SHA-256 {digest[:SHOWN]}, {megabytes:.1f} MB",
        digest,
    )


def _model(workspace: Workspace) -> Finding:
    from engine.model.store import ModelStore

    store = ModelStore(workspace)
    try:
        if store.current_id() is None:
            return _file("model", "note", "none yet", "", "facedesk train")
        info = store.load().info
    except VaultLocked as error:
        return _file("model", "note", error.title, str(workspace.models))
    except FacedeskError as error:
        remedy = error.hint or "facedesk train"
        return _file("model", "trouble", str(error), str(workspace.models), remedy)
    return _file("model", "ok", f"{info.id}, {len(info.people)} people, intact")


def _file(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="files", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )


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
        _file_storage("configuration", config_file()),
        _file_storage("keys", keys_file()),
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
    """What is here and cannot be read: people, strangers, unknown people, the audit log."""
    stores: dict[str, Callable[[], Iterable[DataError]]] = {
        "people": lambda: (each.error for each in People(workspace).unread()),
        "strangers": lambda: (each.error for each in unread_strangers(workspace)),
        "unknown people": UnknownStore(workspace, settings.unknown).unread,
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


def _file_storage(subject: str, path: Path) -> Finding:
    value = str(path) if path.exists() else f"{path} is absent: defaults"
    return _finding(subject, "ok", value)


def _finding(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="storage", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )


def _processor(settings: Settings) -> list[Finding]:
    model = settings.model
    return processor_findings(model.runtime, backbone=model.backbone)


def survey(workspace: Workspace, settings: Settings) -> tuple[Finding, ...]:
    """Everything but the terminal, which only its own process knows, and measurements.

    Nothing here raises: a group that cannot be looked at is a finding.
    """
    groups: tuple[tuple[Group, Callable[[], list[Finding]]], ...] = (
        ("camera", lambda: camera_findings(settings.camera)),
        ("files", lambda: file_findings(workspace)),
        ("processor", lambda: _processor(settings)),
        ("software", lambda: software_findings(settings.detection)),
        ("storage", lambda: storage_findings(workspace, settings)),
    )
    found: list[Finding] = []
    for group, look in groups:
        try:
            found += look()
        except (FacedeskError, OSError) as error:
            hint = getattr(error, "hint", "") or f"Look into it: {type(error).__name__}."
            found.append(
                Finding(group=group, subject=group, state="trouble", value=str(error), remedy=hint)
            )
    return tuple(found)
