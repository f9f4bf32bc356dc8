"""Write all that is held on a person into one archive (GDPR Art. 15 and 20)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine import __version__
from engine.audit import Audit
from engine.enrol import traces
from engine.enrol.folders import SESSION_FILE
from engine.enrol.inbox import Inbox, Sighting
from engine.enrol.people import People, Person, utc_now
from engine.enrol.recording import RECORDS_FILE
from engine.enrol.seen import last_seen
from engine.errors import FacedeskError, UsageError
from engine.files import FILE_MODE, read_bytes, sync_directory, translate_os_errors
from engine.model.store import ModelStore
from engine.service.person_archive.form import (
    AUDIT,
    FORMAT,
    INBOX,
    INDEX,
    PERSON,
    README,
    TEXT,
    WHEN,
    json_bytes,
)
from engine.settings import InboxSettings
from engine.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `files` counts the archive's entries."""

    name: str
    file: str
    files: int
    pictures: int
    bytes: int


def export_person(workspace: Workspace, name: str, target: Path) -> Exported:
    """Write `target`, a zip of mode 0600 that must not be there yet. Needs no lock.

    It lies outside the workspace's protection and is never encrypted: whoever asked is to read it.
    Raises PersonNotFound, UsageError if the file is there already, DiskFull, WorkspaceUnusable.
    """
    person = People(workspace).get(name)
    target = target.expanduser().absolute()
    with Audit(workspace).of("person-exported", person.id, pictures=person.pictures) as doing:
        exported = _written(workspace, person, target)
        doing.more["bytes"] = exported.bytes
    return exported


def _written(workspace: Workspace, person: Person, target: Path) -> Exported:
    entries = dict(sorted(_entries(workspace, person)))
    index = {
        "format": FORMAT,
        "facedesk": __version__,
        "exported": utc_now(),
        "name": person.name,
        "files": [
            {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in entries.items()
        ],
    }
    with _new_file(target) as handle, zipfile.ZipFile(handle, "w") as archive:
        for path, data in {INDEX: json_bytes(index), **entries}.items():
            info = zipfile.ZipInfo(path, WHEN)
            info.external_attr = FILE_MODE << 16
            packed = path.endswith((".png", ".npz"))  # what is packed already gains nothing
            info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    size = target.stat().st_size
    return Exported(person.name, str(target), len(entries) + 1, person.pictures, size)


def _entries(workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
    yield README, TEXT.format(name=person.name, when=utc_now()[:10]).encode()
    consent = person.consent
    about = {
        "id": person.id,
        "merged": list(person.merged),
        "name": person.name,
        "created": person.created,
        "consent": None
        if consent is None
        else {**consent.to_json(), "text_sha256": consent.text_sha256},
        "last_seen": last_seen(workspace, person.slug) or None,
    }
    yield PERSON, json_bytes(about)
    for session in person.sessions:
        folder = workspace.people / person.slug / session.id
        for file in (SESSION_FILE, RECORDS_FILE, *session.pictures):
            with contextlib.suppress(FileNotFoundError):
                yield f"sessions/{session.id}/{file}", read_bytes(folder / file)
    for each in traces.feature_files(workspace, person.slug):
        for rows in sorted(each.glob("*.npz")):
            if not rows.name.startswith("."):
                yield f"features/{each.parent.name}/{rows.name}", read_bytes(rows)
    yield from _models(workspace, person)
    inbox = Inbox(workspace, InboxSettings())  # reading needs none of them
    others = ("records", "candidate", "run", "track", "beside")
    sightings = [
        {key: value for key, value in asdict(each).items() if key not in others}
        for each in inbox.sightings()
        if _is_nearest(each, person)
    ]
    yield INBOX, json_bytes(sightings)
    if lines := Audit(workspace).lines(person.ids):
        yield AUDIT, "".join(f"{line}\n" for line in lines).encode()


def _is_nearest(sighting: Sighting, person: Person) -> bool:
    if sighting.candidate_id:
        return sighting.candidate_id in person.ids
    return sighting.candidate == person.name  # kept before there were identities


def _models(workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
    store = ModelStore(workspace)
    for info in store.list():
        mine = [row for row, label in enumerate(info.people) if label[0] in person.ids]
        for place, row in enumerate(mine):  # several where people were merged since
            id, name, _revision = info.people[row]
            entry: dict[str, Any] = {
                "model": info.id,
                "created": info.created,
                "in_use": info.current,
                "name": name,
                "extractor": info.details.get("extractor"),
                "face_space": info.details.get("face_space"),
                "trained_on": dict(info.details.get("trained_on", {})).get(id),
            }
            with contextlib.suppress(FacedeskError):  # damaged: then what is readable
                entry["centre"] = store.load(info.id).centres[row].tolist()
            yield f"models/{info.id}{f'-{place + 1}' if place else ''}.json", json_bytes(entry)


@contextlib.contextmanager
def _new_file(target: Path) -> Iterator[Any]:
    """A private file that was not there before; gone again if the block raises."""
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(target, flags, FILE_MODE)
    except FileExistsError as error:
        raise UsageError(
            "There is a file of this name already", str(target), "Choose another name."
        ) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            "The folder of the archive does not exist",
            str(target.parent),
            "Choose another name.",
        ) from error
    except OSError as error:
        with translate_os_errors("write the archive", target):
            raise error
    try:
        with translate_os_errors("write the archive", target), os.fdopen(handle, "w+b") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            yield file
            file.flush()
            os.fsync(file.fileno())
        sync_directory(target.parent)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
