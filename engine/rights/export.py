"""Write all that is held on a person into one archive (GDPR Art. 15 and 20).

The archive's form: a zip with an index that lists every file with its size and SHA-256.

index.json                          who, when, version, files
README.txt                          what everything is, for the person themselves
person.json                         identity, name, dates, consent with its text, last seen
sessions/<session>/session.json     source, start, end, refusals
sessions/<session>/pictures.jsonl   measurements of each picture
sessions/<session>/0001.png         aligned crops, 160x160
features/<extractor>/<file>.npz     rows computed from them
models/<id>.json                    the person's entry in each model
inbox.json                          sightings of unknowns for whom they were the nearest person
audit.jsonl                         entries of the audit log about them, if there are any
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine import __version__
from engine.contract.errors import FacedeskError, UsageError
from engine.contract.people import Exported
from engine.model.store import ModelStore
from engine.people import traces
from engine.people.clock import last_seen
from engine.people.person import Person
from engine.people.picture_records import RECORDS_FILE
from engine.people.registry import People, utc_now
from engine.people.unknown import Sighting, UnknownStore
from engine.settings import UnknownSettings
from engine.workspace.audit import Audit
from engine.workspace.files import FILE_MODE, read_bytes, sync_directory
from engine.workspace.folder import Workspace
from engine.workspace.identity import SESSION_FILE
from engine.workspace.owner import translate_os_errors

FORMAT = 1
INDEX, README, PERSON, INBOX, AUDIT = (
    "index.json",
    "README.txt",
    "person.json",
    "inbox.json",
    "audit.jsonl",
)
WHEN = (1980, 1, 1, 0, 0, 0)
"""Time of every entry: the same person gives the same bytes, but for the index's date."""
ZIP = b"PK\x03\x04"
"""How every archive begins."""
LARGEST_INDEX = 16 << 20
"""Bytes."""
_SESSION = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
PICTURE = re.compile(rf"sessions/({_SESSION})/([0-9]{{4,6}}\.png)")
HEAD = re.compile(rf"sessions/({_SESSION})/session\.json")
RECORDS = re.compile(rf"sessions/({_SESSION})/pictures\.jsonl")
OTHERS = re.compile(
    rf"features/[0-9a-f]{{16,128}}/[A-Za-z0-9_.-]{{1,200}}\.npz|models/[A-Za-z0-9-]{{1,80}}\.json"
    rf"|{re.escape(INBOX)}|{re.escape(AUDIT)}|{re.escape(README)}"
)
"""What an archive may hold beside pictures, session heads and records, and is not taken in."""

TEXT = """Everything that this Facedesk workspace holds on {name}, exported {when}.

person.json      identity (a random number), name, when enrolled, consent (who asked, when, the
                 text agreed to), and the last day on which recognition named the person (a day;
                 no times are kept)
sessions/        one folder a capture or import. session.json says from which source and when,
                 pictures.jsonl what was measured of each picture (brightness 0..255, sharpness,
                 place of the face in the camera's frame), *.png are the pictures themselves
features/        numbers computed from the pictures, as NumPy .npz files (read them with
                 numpy.load(file, allow_pickle=False)): "files" names the pictures, "marks" are
                 digests (BLAKE2b, 16 bytes) of the picture files, "rows" has one row a picture.
                 Plain files hold network features (float16), those with ".view" augmented copies'
                 features, those with ".space-" embeddings in the face space and, last, a level
models/          the person's entry in each trained model: "centre" is the person's template, a
                 unit vector; "trained_on" lists the pictures it was made from
inbox.json       times and scores of strangers of whom this person was the nearest enrolled one.
                 Their pictures are not here: they were decided to be somebody else's, and may be
audit.jsonl      entries of the audit log about the person, where one is kept
index.json       every file with its size and SHA-256

`facedesk people import FILE` takes pictures, records and consent into another workspace. Features
and models are computed there again.
"""


def json_bytes(value: Any) -> bytes:
    """JSON as it stands in the archive."""
    return (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose archive it is, and SHA-256 of the pictures in it."""

    name: str
    pictures: frozenset[str]


def proved(data: bytes) -> Proved | None:
    """Whose archive these bytes are; None unless they are one as we write it, unchanged since.

    The index is the proof: it lists every other file with its size and SHA-256.
    """
    if not data.startswith(ZIP):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if INDEX not in entries or entries[INDEX].file_size > LARGEST_INDEX or archive.comment:
                return None
            index = json.loads(archive.read(INDEX))
            listed = {str(each["path"]): each for each in index["files"]}
            if index["format"] != FORMAT or {INDEX, *listed} != set(entries):
                return None
            if len(entries) != len(archive.infolist()):
                return None
            for path, each in listed.items():
                if entries[path].file_size != each["bytes"]:
                    return None
                if hashlib.sha256(archive.read(path)).hexdigest() != each["sha256"]:
                    return None
            found = {each["sha256"] for path, each in listed.items() if PICTURE.fullmatch(path)}
            return Proved(str(index["name"]), frozenset(found))
    except (
        zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError,
        ValueError, KeyError, TypeError, AttributeError,
    ):  # fmt: skip
        return None


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
    unknown = UnknownStore(workspace, UnknownSettings())  # reading needs none of them
    others = ("records", "candidate", "run", "track", "beside")
    sightings = [
        {key: value for key, value in asdict(each).items() if key not in others}
        for each in unknown.sightings()
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
