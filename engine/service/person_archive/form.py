"""The archive's form: a zip with an index that lists every file with its size and SHA-256.

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

import hashlib
import io
import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

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
