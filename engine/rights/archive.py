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
an archive by its index, a report by the digest in its last line. Anybody may have made an
archive that is opened: nothing of it is unpacked before its list of entries was checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import __version__
from engine.contract.errors import DataError, FacedeskError, UsageError
from engine.people.registry import utc_now
from engine.rights.evidence import json_bytes
from engine.workspace.files import FILE_MODE, parse_json, read_start, sync_directory
from engine.workspace.owner import translate_os_errors

FORMAT = 1
INDEX, README, PERSON = "index.json", "README.txt", "person.json"
WHEN = (1980, 1, 1, 0, 0, 0)
"""Time of every entry: the same person gives the same bytes, but for the index's date."""
ZIP = b"PK\x03\x04"
"""How every archive begins."""
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
SESSION = r"sessions/[A-Za-z0-9][A-Za-z0-9_-]{0,63}/"
PICTURE = re.compile(SESSION + r"[0-9]{4,6}\.png")
TEXT = """Everything that this Facedesk workspace holds on {name}, exported {when}.

{about}index.json       every file with its size and SHA-256

`facedesk people import FILE` takes pictures, records and consent into another workspace. Features
and models are computed there again.
"""


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
    with translate_os_errors("write the archive", target):
        if os.path.lexists(target):
            raise UsageError("There is a file of this name already", str(target), remedy)
        if not target.parent.is_dir():
            raise UsageError("The folder of the archive does not exist", str(target.parent), remedy)
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


def proved(file: Path) -> Archive | None:
    """The archive in a file; None unless it is one as we write it, unchanged since. The index is
    the proof: it lists every other file with its size and SHA-256."""
    try:
        if read_start(file, len(ZIP)) != ZIP:
            return None
        with opened(file) as archive:
            archive.check(archive.index)
            return None if archive.comment else archive
    except FacedeskError:  # the final search tells of what cannot be read
        return None


@contextlib.contextmanager
def opened(file: Path, known: str = "(?s:.*)") -> Iterator[Archive]:
    """An archive that anybody may have made, of entries whose paths are all `known`. Raises
    UsageError if there is no such file, DataError if it is damaged or was tampered with."""
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
        archive = zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _bad(file, str(error)) from error
    with archive:
        yield Archive(file, archive, re.compile(known))


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


class Archive:
    """An archive whose list of entries and index were checked, and nothing else unpacked. `index`
    is the size and SHA-256 of each entry but itself, `pictures` the paths of the person's. Whatever
    is read raises DataError if it is not what they say."""

    def __init__(self, file: Path, archive: zipfile.ZipFile, known: re.Pattern[str]) -> None:
        self.file, self.comment, self._zip = file, archive.comment, archive
        self.entries = self._checked(known)
        self.name, self.index = self._read_index()
        self.pictures = sorted(path for path in self.entries if PICTURE.fullmatch(path))

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
        if (self.entries[path].file_size, digest.hexdigest()) != self.index[path]:
            raise self.bad(f"{path} does not match its recorded SHA-256")

    def check(self, paths: Iterable[str]) -> None:
        """Raise unless these entries are what the index says."""
        for path in paths:
            for _piece in self.pieces(path):
                pass

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
            return parse_json(data)
        except ValueError as error:
            raise self.bad("it holds JSON that is none") from error

    def _checked(self, known: re.Pattern[str]) -> dict[str, zipfile.ZipInfo]:
        """The entries by name, none of which has been unpacked yet."""
        infos = self._zip.infolist()
        if len(infos) > MOST_ENTRIES:
            raise self.bad(f"it has {len(infos)} entries")
        if sum(info.file_size for info in infos) > LARGEST_ARCHIVE:
            raise self.bad("it would unpack to too much")
        if sum(info.compress_size for info in infos) > self.file.stat().st_size:
            raise self.bad("its entries overlap")
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

    def _read_index(self) -> tuple[str, dict[str, tuple[int, str]]]:
        """Whose archive it is, and size and SHA-256 of every other entry, all of which the index
        lists, and no more."""
        if INDEX not in self.entries or PERSON not in self.entries:
            raise self.bad("it is no archive of a person")
        if self.entries[INDEX].file_size > LARGEST_PARSED + 1024 * len(self.entries):
            raise self.bad(f"{INDEX!r} is too large")
        body = self._parsed(b"".join(self._unpacked(INDEX)))
        try:
            if body["format"] != FORMAT:
                raise self.bad(f"it has format {body['format']!r}")
            index = {str(f["path"]): (int(f["bytes"]), str(f["sha256"])) for f in body["files"]}
            name = str(body.get("name", ""))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self.bad("its index is damaged") from error
        if set(index) != set(self.entries) - {INDEX}:
            raise self.bad("its index does not list what it holds")
        return name, index

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


def _bad(file: Path, why: str) -> DataError:
    return DataError(
        "The archive cannot be taken in",
        f"{file}: {why}",
        "Export the person again where they are enrolled; nothing was taken in.",
    )
