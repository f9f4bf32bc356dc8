"""Take a person's archive into this workspace. It may have been made by anybody.

Everything is checked before the person appears, in one rename: the list of entries before it is
read, sizes and how much each unpacks to before anything is, names against what an archive may hold
(no path leaves it), no links, no entry twice, no entry that the index does not list with this very
size and digest, pictures decoded and encoded again, records read field by field. Nothing is held in
memory but one picture, or one line of records. Features, embeddings and centres are never taken:
they would be templates that nobody can tell from forged ones. They are computed again.

The identity is taken over where this workspace has never heard of it. Whoever is enrolled is not
enrolled twice. One that a model, the trash or the audit here knows proves nothing, for anybody may
have written it: that model would name whoever claims it. The person then gets a new identity, and
models of before do not name them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError, NameTaken, NoPictures, UsageError
from engine.contract.people import Consent, read_consent
from engine.people import permission
from engine.people.person import FORMAT as PERSON_FORMAT
from engine.people.person import clean_name
from engine.people.picture_records import RECORDS_FILE, PictureRecord, record_of
from engine.people.registry import People, utc_now
from engine.pictures import decode_crop, encode_png
from engine.rights import archive as layout
from engine.rights import stores
from engine.settings import ConsentSettings
from engine.workspace.audit import Audit
from engine.workspace.files import make_directory, new_directory, write_bytes, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import (
    PERSON_FILE,
    SESSION_FILE,
    identity_in,
    is_identity,
    iso,
    merged_in,
    new_identity,
)

MOST_ENTRIES = 50_000
LARGEST_ARCHIVE = 4 << 30
"""Bytes of the file, and of all that it unpacks to."""
LARGEST_LIST = MOST_ENTRIES * 150
"""Bytes of the zip's own list of entries."""
MOST_UNPACKED = 100
"""Bytes that a packed one may unpack to; our records become a fifteenth."""
LARGEST_PARSED = 1 << 20
"""Bytes of a JSON file that is parsed; 1 kB an entry more for the index."""
LONGEST_LINE = 1 << 16
"""Bytes of a line of records."""
PIECE = 1 << 20
"""Bytes that are unpacked at once."""
LARGEST_ENTRY = {".png": 1 << 20, ".json": 16 << 20, ".jsonl": 64 << 20, ".txt": 1 << 20}
"""Bytes an entry may unpack to, by its suffix; others `LARGEST_OTHER`."""
LARGEST_OTHER = 1 << 30
MOST_TEXT = 500
"""Characters that a text of a session's head or a label may have."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """Who was taken in; `sentence` tells what is amiss with their consent."""

    name: str
    sessions: int
    pictures: int
    sentence: str


def import_person(
    workspace: Workspace, file: Path, settings: ConsentSettings, by: str = ""
) -> TakenIn:
    """Enrol the person of an archive. The caller holds `Workspace.writer`. `by` as in `permit`.
    Raises UsageError if there is no such file, DataError for an archive that is damaged or was
    tampered with, NameTaken if somebody of this name is enrolled, NameInvalid, ConsentMissing,
    NoPictures, DiskFull, WorkspaceUnusable. Then nothing was taken in."""
    with _opened(file.expanduser()) as archive:
        about = archive.json(layout.PERSON)
        name, consent, created = _who(archive, about)
        people = People(workspace)
        people.refuse_taken(name, own=None)
        claimed = identity_in(about, "")
        _refuse_enrolled(people, claimed)
        # Every identity that something in this workspace goes by.
        known = {id for store in stores.STORES for id, _name in store.mentions(workspace)}
        id = claimed if is_identity(claimed) and claimed not in known else new_identity()
        merged = [each for each in merged_in(about) if each not in {*known, id}]
        granted = permission.brought(workspace, name, consent, settings, by)
        consent = granted.consent(name)
        pictures = sorted(path for path in archive.entries if layout.PICTURE.fullmatch(path))
        if not pictures:
            raise NoPictures("The archive holds no pictures", str(archive.file))
        sessions = {path.split("/")[1] for path in pictures}
        slug = people.free_slug(name)
        told = {"pictures": len(pictures), "consent": bool(consent)}
        with (
            Audit(workspace).of("person-imported", id, **told),
            new_directory(workspace.people / slug) as folder,
        ):
            body = {
                "version": PERSON_FORMAT,
                "id": id,
                "name": name,
                "created": created,
                "consent": consent.to_json() if consent else None,
            }
            write_json(folder / PERSON_FILE, {**body, **({"merged": merged} if merged else {})})
            for path in pictures:
                _write_picture(folder.joinpath(*path.split("/")[1:]), archive.read(path))
            for session in sorted(sessions):
                _write_session(archive, folder / session)
            for path in archive.entries:  # what is not taken must be as the index says all the same
                if path not in (layout.INDEX, layout.PERSON, *pictures):
                    for _piece in archive.pieces(path):
                        pass
    return TakenIn(name, len(sessions), len(pictures), granted.sentence)


# --- the archive ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[_Archive]:
    try:
        found = file.stat()
    except OSError as error:
        raise UsageError(
            "There is no such archive", f"{file}: {error.strerror}", "Give the .zip file."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError("There is no such archive", f"{file} is no file")
    if found.st_size > LARGEST_ARCHIVE:
        raise _bad(file, "it is too large")
    try:
        _refuse_long_list(file)
        opened = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _bad(file, str(error)) from error
    with opened:
        yield _Archive(file, opened)


def _refuse_long_list(file: Path) -> None:
    """Return if the zip's list of entries is short; `zipfile` reads it whole. Raises OSError."""
    with file.open("rb") as handle:
        handle.seek(max(0, file.stat().st_size - (1 << 16) - 200))
        tail = handle.read()
    plain = tail[-22:-18] == _END and tail[-2:] == b"\0\0"  # as zipfile looks for it
    place = len(tail) - 22 if plain else tail.rfind(_END)
    size = int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0
    if size > LARGEST_LIST or _LARGE_ZIP in tail:
        raise _bad(file, "it has more entries than a person's archive")


_END, _LARGE_ZIP = b"PK\5\6", b"PK\6\7"


class _Archive:
    """An archive whose list of entries and index were checked, and nothing else unpacked. Whatever
    is read raises DataError if it is not what they say."""

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        self.file, self._zip = file, archive
        self.entries = self._checked()
        self._index = self._read_index()

    def json(self, path: str) -> Any:
        """An entry parsed."""
        return self._parsed(self.read(path))

    def read(self, path: str) -> bytes:
        """An entry whole, if it is small enough for that."""
        if path.endswith(".json") and self.entries[path].file_size > LARGEST_PARSED:
            raise self.bad(f"{path!r} is too large")
        return b"".join(self.pieces(path))

    def pieces(self, path: str) -> Iterator[bytes]:
        """An entry piece by piece; raises after the last if it is not what the index says."""
        digest = hashlib.sha256()
        for piece in self._unpacked(path):
            digest.update(piece)
            yield piece
        if (self.entries[path].file_size, digest.hexdigest()) != self._index[path]:
            raise self.bad(f"{path} does not match its recorded SHA-256")

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of an entry, without their breaks."""
        rest, count = b"", 0
        for piece in self.pieces(path):
            *lines, rest = (rest + piece).split(b"\n")
            count += len(lines)
            if count > MOST_ENTRIES or len(rest) > LONGEST_LINE:
                raise self.bad("it holds more records than pictures, or a line without end")
            yield from lines
        if rest:
            yield rest

    def bad(self, why: str) -> DataError:
        """The error that says what is wrong with it."""
        return _bad(self.file, why)

    def _parsed(self, data: bytes) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self.bad("it holds JSON that is none") from error

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        """The entries by name, none of which has been unpacked yet."""
        infos = self._zip.infolist()
        if len(infos) > MOST_ENTRIES:
            raise self.bad(f"it has {len(infos)} entries")
        if sum(info.file_size for info in infos) > LARGEST_ARCHIVE:
            raise self.bad("it would unpack to too much")
        if sum(info.compress_size for info in infos) > self.file.stat().st_size:
            raise self.bad("its entries overlap")
        ours = map(re.escape, (layout.INDEX, layout.README))
        theirs = (store.archived for store in stores.STORES if store.archived)
        known = re.compile("|".join((*ours, *theirs)))
        packings = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            # orig_filename: ZipInfo cuts a name at a null byte.
            name, mode = info.orig_filename, info.external_attr >> 16
            if not known.fullmatch(name) or name != info.filename or name in entries:
                raise self.bad(f"an entry does not belong there: {name[:80]!r}")
            if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
                raise self.bad(f"{name[:80]!r} is a link or device")
            if info.flag_bits & 0x1 or info.compress_type not in packings:
                raise self.bad(f"{name!r} is packed in another way")
            if info.file_size > LARGEST_ENTRY.get(Path(name).suffix, LARGEST_OTHER):
                raise self.bad(f"{name!r} is too large")
            if info.file_size > MOST_UNPACKED * (info.compress_size + 100):
                raise self.bad(f"{name!r} would unpack to too much")
            entries[name] = info
        return entries

    def _read_index(self) -> dict[str, tuple[int, str]]:
        """Size and SHA-256 of every other entry, all of which the index lists, and no more."""
        if layout.INDEX not in self.entries or layout.PERSON not in self.entries:
            raise self.bad("it is no archive of a person")
        if self.entries[layout.INDEX].file_size > LARGEST_PARSED + 1024 * len(self.entries):
            raise self.bad(f"{layout.INDEX!r} is too large")
        body = self._parsed(b"".join(self._unpacked(layout.INDEX)))
        try:
            if body["format"] != layout.FORMAT:
                raise self.bad(f"it has format {body['format']!r}")
            index = {str(f["path"]): (int(f["bytes"]), str(f["sha256"])) for f in body["files"]}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self.bad("its index is damaged") from error
        if set(index) != set(self.entries) - {layout.INDEX}:
            raise self.bad("its index does not list what it holds")
        return index

    def _unpacked(self, path: str) -> Iterator[bytes]:
        """An entry's bytes, never more than its head promised."""
        left = self.entries[path].file_size
        try:
            with self._zip.open(self.entries[path]) as entry:
                while piece := entry.read(min(PIECE, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except (
            OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError,
        ) as error:  # fmt: skip
            raise self.bad(f"{path}: {error}") from error
        if left:
            raise self.bad(f"{path} has another size than it says")


# --- what it holds -------------------------------------------------------------------------------


def _who(archive: _Archive, about: Any) -> tuple[str, Consent | None, str]:
    try:
        name = clean_name(str(about["name"]))
        given = about.get("consent")
        consent = read_consent(given)
        if consent is not None:
            consent = replace(consent, **{k: v[:4000] for k, v in asdict(consent).items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise archive.bad(f"{layout.PERSON} is damaged") from error
    return name, consent, _when(about.get("created"))


def _when(text: object) -> str:
    """A moment of an archive, the present one if it says none or one to come."""
    now = utc_now()
    try:
        then = iso(datetime.fromisoformat(str(text)).astimezone(UTC))
    except (ValueError, OverflowError):
        return now
    return min(then, now)


def _refuse_enrolled(people: People, id: str) -> None:
    """Raise NameTaken if the person of this identity is enrolled, under whatever name."""
    for person in people.list():
        if id in person.ids:
            raise NameTaken(
                "This person is enrolled already",
                f"the archive is of {person.name}",
                "Nothing was taken in. Delete that person first to go back to the archive.",
            )


def _write_picture(target: Path, data: bytes) -> None:
    """Write the picture as our own encoder makes it: nothing that hides behind it comes along."""
    make_directory(target.parent)
    write_bytes(target, data)
    write_bytes(target, encode_png(decode_crop(target)))


def _write_session(archive: _Archive, folder: Path) -> None:
    """The session's head and records, field by field; damaged ones are left out."""
    session = folder.name
    head_path = f"sessions/{session}/{SESSION_FILE}"
    records_path = f"sessions/{session}/{RECORDS_FILE}"
    head: Any = archive.json(head_path) if head_path in archive.entries else {}
    source = _text(head, "source") or "import of an archive"
    body = {"version": PERSON_FORMAT, "id": session, "source": source}
    body |= {key: _when(text) for key in ("started", "ended") if (text := _text(head, key))}
    body |= {key: text for key in ("outcome", "aligned", "part") if (text := _text(head, key))}
    body["captured"] = sum(path.suffix == ".png" for path in folder.iterdir())
    write_json(folder / SESSION_FILE, body)
    if records_path in archive.entries:
        there = {path.name for path in folder.iterdir()}
        kept: dict[str, PictureRecord] = {}  # one a picture: more would be somebody's joke
        for line in archive.lines(records_path):
            record = _record(line)
            if record is not None and record.file in there:
                kept.setdefault(record.file, record)
        text = "".join(json.dumps(asdict(r), ensure_ascii=False) + "\n" for r in kept.values())
        write_bytes(folder / RECORDS_FILE, text.encode())


def _record(line: bytes) -> PictureRecord | None:
    try:
        record = record_of(json.loads(line))
        return replace(record, label=_plain(record.label))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _text(head: Any, key: str) -> str:
    value = head.get(key) if isinstance(head, dict) else None
    return _plain(value) if isinstance(value, str) else ""


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:MOST_TEXT]


def _bad(file: Path, why: str) -> DataError:
    return DataError(
        "The archive cannot be taken in",
        f"{file}: {why}",
        "Export the person again where they are enrolled; nothing was taken in.",
    )
