"""Take a person's archive into this workspace. It may have been made by anybody.

Everything is checked before the person appears, in one rename: sizes before anything is unpacked,
names against what an archive may hold (no path leaves it), no links, no entry twice, no entry that
the index does not list with this very size and digest, pictures decoded and encoded again, records
read field by field. Features, embeddings and centres are never taken: they would be templates
that nobody can tell from forged ones. They are computed again.

The identity is taken over where this workspace has never heard of it. Whoever is enrolled is not
enrolled twice. One that a model, the trash or the audit here knows proves nothing, for anybody may
have written it: that model would name whoever claims it. The person then gets a new identity, and
models of before do not name them.
"""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.audit import Audit
from engine.config import ConsentSettings
from engine.enrol import permission
from engine.enrol.consent import Consent, noted, read_consent
from engine.enrol.folders import SESSION_FILE
from engine.enrol.identity import identity_in, is_identity, merged_in, new_identity
from engine.enrol.names import clean_name
from engine.enrol.people import FORMAT as PERSON_FORMAT
from engine.enrol.people import PERSON_FILE, People, utc_now
from engine.enrol.recording import RECORDS_FILE, PictureRecord, record_of
from engine.enrol.trash import Trash
from engine.errors import DataError, NameTaken, NoPictures, UsageError
from engine.files import make_directory, new_directory, write_bytes, write_json
from engine.i18n import _
from engine.model.store import ModelStore
from engine.pictures import decode_crop, encode_png
from engine.service.person_archive import form
from engine.workspace import Workspace

MOST_ENTRIES = 50_000
LARGEST_ARCHIVE = 4 << 30
"""Bytes of the file, and of all that it unpacks to."""
LARGEST_ENTRY = {".png": 4 << 20, ".json": 16 << 20, ".jsonl": 64 << 20, ".txt": 1 << 20}
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
    NoPictures, DiskFull, WorkspaceUnusable. Then nothing was taken in.
    """
    file = file.expanduser()
    log = Audit(workspace)
    log.ready()
    with _opened(file) as archive:
        entries = _checked(file, archive)
        index = _index(file, archive, entries)
        about = _json(file, _read(file, archive, entries, index, form.PERSON))
        name, consent, created = _who(file, about)
        people = People(workspace)
        people.refuse_taken(name, own=None)
        claimed = identity_in(about, "")
        _refuse_enrolled(people, claimed)
        known = _known(workspace)
        id = claimed if is_identity(claimed) and claimed not in known else new_identity()
        merged = [each for each in merged_in(about) if each not in {*known, id}]
        consent = noted(by, settings) if by.strip() else consent
        sentence = permission.judge_one(name, consent, settings)
        pictures = sorted(path for path in entries if form.PICTURE.fullmatch(path))
        if not pictures:
            raise NoPictures(_("The archive holds no pictures"), str(file))
        slug = people.free_slug(name)
        with new_directory(workspace.people / slug) as folder:
            body = {
                "version": PERSON_FORMAT,
                "id": id,
                "name": name,
                "created": created,
                "consent": consent.to_json() if consent else None,
            }
            if merged:
                body["merged"] = merged
            write_json(folder / PERSON_FILE, body)
            for path in pictures:
                data = _read(file, archive, entries, index, path)
                _write_picture(folder.joinpath(*path.split("/")[1:]), data)
            sessions = {path.split("/")[1] for path in pictures}
            for session in sorted(sessions):
                _write_session(file, archive, entries, index, folder / session)
            for path in entries:  # what is not taken must be as the index says all the same
                if path not in (form.INDEX, form.PERSON) and path not in pictures:
                    _read(file, archive, entries, index, path)
    log.note("person-imported", id, pictures=len(pictures), consent=bool(consent))
    return TakenIn(name, len(sessions), len(pictures), sentence)


# --- the archive ---------------------------------------------------------------------------------


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        found = file.stat()
    except OSError as error:
        raise UsageError(
            _("There is no such archive"), f"{file}: {error.strerror}", _("Give the .zip file.")
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(_("There is no such archive"), _("{file} is no file").format(file=file))
    if found.st_size > LARGEST_ARCHIVE:
        raise _bad(file, _("it is too large"))
    try:
        return zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _bad(file, str(error)) from error


def _checked(file: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, none of which has been unpacked yet."""
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise _bad(file, _("it has {count} entries").format(count=len(infos)))
    if sum(info.file_size for info in infos) > LARGEST_ARCHIVE:
        raise _bad(file, _("it would unpack to too much"))
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # orig_filename: ZipInfo cuts a name at a null byte.
        name, mode = info.orig_filename, info.external_attr >> 16
        known = name in (form.INDEX, form.PERSON) or any(
            pattern.fullmatch(name)
            for pattern in (form.PICTURE, form.HEAD, form.RECORDS, form.OTHERS)
        )
        if not known or name != info.filename or name in entries:
            raise _bad(file, _("an entry does not belong there: {name!r}").format(name=name[:80]))
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise _bad(file, _("{name!r} is a link or device").format(name=name[:80]))
        if info.flag_bits & 0x1 or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise _bad(file, _("{name!r} is packed in another way").format(name=name))
        if info.file_size > LARGEST_ENTRY.get(Path(name).suffix, LARGEST_OTHER):
            raise _bad(file, _("{name!r} is too large").format(name=name))
        entries[name] = info
    return entries


def _index(
    file: Path, archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]
) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every other entry, all of which the index lists, and no more."""
    if form.INDEX not in entries or form.PERSON not in entries:
        raise _bad(file, _("it is no archive of a person"))
    body = _json(file, _unpacked(file, archive, entries[form.INDEX]))
    try:
        if body["format"] != form.FORMAT:
            raise _bad(file, _("it has format {format!r}").format(format=body["format"]))
        index = {
            str(each["path"]): (int(each["bytes"]), str(each["sha256"])) for each in body["files"]
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(file, _("its index is damaged")) from error
    if set(index) != set(entries) - {form.INDEX}:
        raise _bad(file, _("its index does not list what it holds"))
    return index


def _read(
    file: Path,
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    index: Mapping[str, tuple[int, str]],
    path: str,
) -> bytes:
    data = _unpacked(file, archive, entries[path])
    if (len(data), hashlib.sha256(data).hexdigest()) != index[path]:
        raise _bad(file, _("{path} does not match its recorded SHA-256").format(path=path))
    return data


def _unpacked(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """An entry's bytes, never more than its head promised."""
    try:
        with archive.open(info) as entry:
            data = entry.read(info.file_size + 1)
    except (
        OSError,
        EOFError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as e:
        raise _bad(file, f"{info.filename}: {e}") from e
    if len(data) != info.file_size:
        raise _bad(file, _("{name} has another size than it says").format(name=info.filename))
    return data


# --- what it holds -------------------------------------------------------------------------------


def _who(file: Path, about: Any) -> tuple[str, Consent | None, str]:
    try:
        name = clean_name(str(about["name"]))
        given = about.get("consent")
        consent = read_consent(given)
        if consent is not None:
            consent = replace(consent, **{k: v[:4000] for k, v in asdict(consent).items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(file, _("{name} is damaged").format(name=form.PERSON)) from error
    created = str(about.get("created", ""))[:40]
    return name, consent, created or utc_now()


def _refuse_enrolled(people: People, id: str) -> None:
    """Raise NameTaken if the person of this identity is enrolled, under whatever name."""
    for person in people.list():
        if id in person.ids:
            raise NameTaken(
                _("This person is enrolled already"),
                _("the archive is of {name}").format(name=person.name),
                _("Nothing was taken in. Delete that person first to go back to the archive."),
            )


def _known(workspace: Workspace) -> frozenset[str]:
    """Every identity that something in this workspace goes by."""
    ids = {id for person in People(workspace).list() for id in person.ids}
    for change in Trash(workspace).changes():
        ids |= set(change.people.values())
    for model in ModelStore(workspace).list():
        ids |= {label[0] for label in model.people}
    return frozenset(ids | set(Audit(workspace).subjects().values()))


def _write_picture(target: Path, data: bytes) -> None:
    """Write the picture as our own encoder makes it: nothing that hides behind it comes along."""
    make_directory(target.parent)
    write_bytes(target, data)
    write_bytes(target, encode_png(decode_crop(target)))


def _write_session(
    file: Path,
    archive: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    index: Mapping[str, tuple[int, str]],
    folder: Path,
) -> None:
    """The session's head and records, field by field; damaged ones are left out."""
    session = folder.name
    head_path, records_path = (
        f"sessions/{session}/{SESSION_FILE}",
        f"sessions/{session}/{RECORDS_FILE}",
    )
    head: Any = {}
    if head_path in entries:
        head = _json(file, _read(file, archive, entries, index, head_path))
    source = _text(head, "source") or _("import of an archive")
    body = {"version": PERSON_FORMAT, "id": session, "source": source}
    known = ("started", "ended", "outcome", "aligned")
    body |= {key: text for key in known if (text := _text(head, key))}
    body["captured"] = sum(path.suffix == ".png" for path in folder.iterdir())
    write_json(folder / SESSION_FILE, body)
    if records_path in entries:
        lines = _read(file, archive, entries, index, records_path).splitlines()
        kept = [record for line in lines if (record := _record(line, folder)) is not None]
        text = "".join(json.dumps(asdict(r), ensure_ascii=False) + "\n" for r in kept)
        write_bytes(folder / RECORDS_FILE, text.encode())


def _record(line: bytes, folder: Path) -> PictureRecord | None:
    try:
        record = record_of(json.loads(line))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    there = (folder / record.file).is_file()
    return replace(record, label=_plain(record.label)) if there else None


def _text(head: Any, key: str) -> str:
    value = head.get(key) if isinstance(head, dict) else None
    return _plain(value) if isinstance(value, str) else ""


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:MOST_TEXT]


def _json(file: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _bad(file, _("it holds JSON that is none")) from error


def _bad(file: Path, why: str) -> DataError:
    return DataError(
        _("The archive cannot be taken in"),
        f"{file}: {why}",
        _("Export the person again where they are enrolled; nothing was taken in."),
    )
