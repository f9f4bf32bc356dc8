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

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.contract.errors import NameTaken, NoPictures
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
from engine.workspace.files import (
    make_directory,
    new_directory,
    parse_json,
    write_bytes,
    write_json,
)
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
    ours = map(re.escape, (layout.INDEX, layout.README))
    archived = (store.archived for store in stores.STORES if store.archived)
    with layout.opened(file.expanduser(), "|".join((*ours, *archived))) as archive:
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
        pictures = archive.pictures
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
            # What is not taken must be as the index says all the same.
            archive.check(archive.index.keys() - {layout.PERSON, *pictures})
    return TakenIn(name, len(sessions), len(pictures), granted.sentence)


# --- what it holds -------------------------------------------------------------------------------


def _who(archive: layout.Archive, about: Any) -> tuple[str, Consent | None, str]:
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


def _write_session(archive: layout.Archive, folder: Path) -> None:
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
        record = record_of(parse_json(line))
        return replace(record, label=_plain(record.label))
    except (ValueError, TypeError, KeyError):
        return None


def _text(head: Any, key: str) -> str:
    value = head.get(key) if isinstance(head, dict) else None
    return _plain(value) if isinstance(value, str) else ""


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:MOST_TEXT]
