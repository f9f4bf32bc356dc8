"""The archive of all that is held on a person (GDPR Art. 15 and 20), and the mark of a report.

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

What we write at an operator's word is known again by what proves that nobody has changed it since:
an archive by its index, a report by the digest in its last line.
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import __version__
from engine.contract.errors import UsageError
from engine.people.registry import utc_now
from engine.rights.evidence import json_bytes
from engine.workspace.files import FILE_MODE, sync_directory
from engine.workspace.owner import translate_os_errors

FORMAT = 1
INDEX, README, PERSON = "index.json", "README.txt", "person.json"
WHEN = (1980, 1, 1, 0, 0, 0)
"""Time of every entry: the same person gives the same bytes, but for the index's date."""
ZIP = b"PK\x03\x04"
"""How every archive begins."""
LARGEST_INDEX = 16 << 20
"""Bytes."""
SESSION = r"sessions/[A-Za-z0-9][A-Za-z0-9_-]{0,63}/"
PICTURE = re.compile(SESSION + r"[0-9]{4,6}\.png")
TEXT = """Everything that this Facedesk workspace holds on {name}, exported {when}.

{about}index.json       every file with its size and SHA-256

`facedesk people import FILE` takes pictures, records and consent into another workspace. Features
and models are computed there again.
"""


@dataclass(frozen=True, slots=True)
class Proved:
    """Whose archive it is, and SHA-256 of the pictures in it."""

    name: str
    pictures: frozenset[str]


def proved(data: bytes) -> Proved | None:
    """Whose archive these bytes are; None unless they are one as we write it, unchanged since. The
    index is the proof: it lists every other file with its size and SHA-256."""
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


def write_archive(
    target: Path, name: str, about: str, entries: Mapping[str, bytes]
) -> tuple[int, int]:
    """Write a person's archive of these contents by path, with an index and a README that says
    `about` them; how many files it has, and its size in bytes. `target` is made with mode 0600 and
    must not be there yet. It is never encrypted: whoever asked is to read it. Raises UsageError if
    the file is there already, DiskFull, WorkspaceUnusable."""
    readme = TEXT.format(name=name, when=utc_now()[:10], about=about).encode()
    entries = dict(sorted({README: readme, **entries}.items()))
    index = {
        "format": FORMAT,
        "facedesk": __version__,
        "exported": utc_now(),
        "name": name,
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
    return len(entries) + 1, target.stat().st_size


def is_report(data: bytes) -> bool:
    """Whether these bytes are a report as `evaluate.report` writes it, unchanged since."""
    page, _line, _rest = data.rpartition(b"<!-- facedesk report ")
    return bool(page) and data == page + report_mark(page)


def report_mark(page: bytes) -> bytes:
    """The last line of a report: the digest of all before it."""
    return f"<!-- facedesk report sha256:{hashlib.sha256(page).hexdigest()} -->\n".encode()


@contextlib.contextmanager
def _new_file(target: Path) -> Iterator[Any]:
    """A private file that was not there before; gone again if the block raises."""
    remedy = "Choose another name."
    if os.path.lexists(target):
        raise UsageError("There is a file of this name already", str(target), remedy)
    if not target.parent.is_dir():
        raise UsageError("The folder of the archive does not exist", str(target.parent), remedy)
    with translate_os_errors("write the archive", target):
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(target, flags, FILE_MODE)
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
