"""Checks of the files recognition stands on, of the workspace, its disk, lock and settings.

Digests are compared with the known ones; nothing is decoded and OpenCV is not loaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from engine.config import config_file, keys_file
from engine.contract import Found
from engine.contract.errors import DataError, FacedeskError, VaultError, VaultLocked
from engine.doctor import Place
from engine.people.registry import People, unread_strangers
from engine.people.unknown import UnknownStore
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.owner import exposures, there
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
LEAST_FREE = 1_000_000_000
"""Bytes of free disk below which the disk is trouble: a full one loses the next session."""
LITTLE_FREE = 5_000_000_000
PICTURE = 46_000
"""Bytes of an aligned crop as PNG (median of real webcam sessions, rounded up)."""


def cascades(place: Place) -> Iterator[Found]:
    """A cascade that is absent is trouble, another version than the tested one a warning."""
    cv2 = importlib.util.find_spec("cv2")  # found without loading it
    installed = Path(cv2.origin).parent / "data" if cv2 and cv2.origin else None
    folder = place.cascades or installed
    for name, known in CASCADES.items():
        try:
            if folder is None:
                raise FileNotFoundError
            digest = hashlib.sha256((folder / f"haarcascade_{name}.xml").read_bytes()).hexdigest()
        except OSError:
            yield Found("trouble", "cascade missing", str(folder or ""), AGAIN, name)
            continue
        value = f"cascade, SHA-256 {digest[:SHOWN]}"
        if digest == known:
            yield Found("ok", value, digest, "", name)
        else:
            yield Found("warning", f"{value}, not the tested {known[:SHOWN]}", digest, AGAIN, name)


def weights(place: Place) -> Iterator[Found]:
    """The weights of each network, then the face space of each backbone."""
    from engine.model.backbones import BACKBONES, DEFAULT, noted_digest, space_file

    for row in BACKBONES.values():
        if row.weights is not None:
            yield packaged(f"{row.title} weights", *row.weights)
    for name in BACKBONES:
        subject = "face space" if name == DEFAULT else f"face space of {name}"
        path = space_file(name)
        yield packaged(subject, path, noted_digest(path) or "absent")


def packaged(subject: str, path: Path, known: str) -> Found:
    """Whether a file that ships with Facedesk is the one that shipped."""
    again = (
        "pip install --force-reinstall --no-deps facedesk "
        f"(in a checkout: git checkout -- {path.name})"
    )
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Found("trouble", f"cannot be read: {error.strerror}", str(path), again, subject)
    if digest != known:
        value = f"damaged: SHA-256 {digest[:SHOWN]}, should be {known[:SHOWN]}"
        return Found("trouble", value, str(path), again, subject)
    value = f"SHA-256 {digest[:SHOWN]}, {path.stat().st_size / 1e6:.1f} MB"
    return Found("ok", value, digest, "", subject)


def model(place: Place) -> Found:
    """The model in use."""
    from engine.model.store import ModelStore

    store, folder = ModelStore(place.workspace), str(place.workspace.models)
    try:
        if store.current_id() is None:
            return Found("note", "none yet", "", "facedesk train")
        info = store.load().info
    except VaultLocked as error:
        return Found("note", error.title, folder)
    except FacedeskError as error:
        return Found("trouble", str(error), folder, error.hint or "facedesk train")
    return Found("ok", f"{info.id}, {many(len(info.people), 'person', 'people')}, intact")


def disk(place: Place) -> Found:
    """Free space, and how many sessions of pictures that is."""
    root, count = place.workspace.root, place.settings.enrolment.count
    free = shutil.disk_usage(there(root)).free
    value = f"{free / 1e9:.1f} GB free, room for about {many(free // (count * PICTURE), 'session')}"
    detail = f"of {count} pictures, in {root}"
    if free >= LITTLE_FREE:
        return Found("ok", value, detail)
    remedy = f"du -xh --max-depth=2 {root} | sort -h | tail"
    return Found("trouble" if free < LEAST_FREE else "warning", value, detail, remedy)


def workspace(place: Place) -> Found:
    """Whether the workspace may be written, and whether others may read it."""
    root, people = place.workspace.root, place.workspace.people
    folder = there(root)
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = f"sudo chown -R $USER {folder} (or choose another --workspace)"
        if os.statvfs(folder).f_flag & os.ST_RDONLY:  # no owner may write there
            remedy = f'sudo mount -o remount,rw "$(findmnt -no TARGET -T {folder})"'
        return Found("trouble", f"{folder} may not be written", "", remedy)
    if not root.exists():
        return Found("ok", f"{root} is made at the first enrolment")
    mode = root.stat().st_mode & 0o777
    value = f"{root}, mode {mode:04o}"
    if mode & 0o077 and people.is_dir() and any(people.iterdir()):
        remedy = f"chmod -R go-rwx {root}"
        return Found("warning", value, "Other users may look inside.", remedy)
    return Found("ok", value)


def sharing(place: Place) -> list[Found]:
    """Other users or computers with a hand in the workspace; `workspace` looks at its modes."""
    found = exposures(place.workspace.root)
    return [Found("warning", e.text, "", e.remedy) for e in found if e.kind != "readable"]


def unread(place: Place) -> Iterator[Found]:
    """What is here and cannot be read: people, strangers, unknown people, the audit log."""
    here = place.workspace
    stores: dict[str, Callable[[], Iterable[DataError]]] = {
        "people": lambda: (each.error for each in People(here).unread()),
        "strangers": lambda: (each.error for each in unread_strangers(here)),
        "unknown people": UnknownStore(here, place.settings.unknown).unread,
        "audit": Audit(here).unread,
    }
    for subject, look in stores.items():
        try:
            errors = [*look()]
        except VaultLocked:  # `encryption` says so
            continue
        except DataError as error:
            errors = [error]
        yield from (Found("trouble", str(each), "", each.hint, subject) for each in errors)


def encryption(place: Place) -> Found:
    """Whether and how the workspace is encrypted, and whether this process has opened it."""
    root = place.workspace.root
    try:
        record = read_record(root)
    except VaultError as error:
        return Found("trouble", str(error), "", error.hint)
    if record is None:
        value = "none: whoever takes the disk sees the pictures"
        return Found("note", value, "", "facedesk vault create")
    detail = f"AES-256-GCM, vault key {record.key.hex()[:8]}"
    if record.state != "sealed":
        command = "create" if record.state == "sealing" else "remove"
        value = "a conversion was cut short: some files are encrypted, some are not"
        return Found("warning", value, detail, f"facedesk vault {command}")
    if opened(root) is None:
        remedy = "Set vault.key_file or vault.passphrase_file, or start the app."
        return Found("note", "AES-256-GCM, locked", detail, remedy)
    return Found("ok", "AES-256-GCM, unlocked", detail)


def lock(place: Place) -> Found:
    """Who writes to the workspace."""
    try:
        holder = place.workspace.lock_file.read_text(errors="replace").strip()[:200]
    except OSError:
        holder = ""
    pid = re.search(r"process (\d+)\)$", holder)
    # A writer that was killed leaves its name behind, but not its lock.
    if pid is None or not Path(f"/proc/{pid[1]}").exists():
        return Found("ok", "nobody is writing")
    if int(pid[1]) == os.getpid():
        return Found("ok", f"held by this Facedesk: {holder}")
    return Found("note", f"held by {holder}", "", f"Wait for it, or: kill {pid[1]}")


def configuration(place: Place) -> Found:
    """The configuration file."""
    return _optional(config_file())


def keys(place: Place) -> Found:
    """The file of the operator's own keys."""
    return _optional(keys_file())


def _optional(path: Path) -> Found:
    return Found("ok", str(path) if path.exists() else f"{path} is absent: defaults")
