"""STORES: every kind of data that a workspace keeps about people, one row each.

Erasure, renaming, export, retention and the search for who is known here walk the list and know no
format. The stores of pictures stand in `picture_stores`, that of models in `templates`; here are
texts, and copies that were asked for, outside Facedesk's own folders. Ours are known by what proves
that nobody has changed them since: pictures by their bytes, reports and archives by their marks.
All else is the operator's: the search tells of it, and it is never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from engine.camera.recording_folder import EVENTS, PART, SESSION, SUFFIX
from engine.contract.people import Exported
from engine.model.store import ModelStore
from engine.people import roster
from engine.people.clock import read_clock
from engine.people.person import Person
from engine.people.registry import People
from engine.rights import receipt
from engine.rights.archive import Archive, is_report, proved, write_archive
from engine.rights.evidence import (
    Counts,
    Due,
    Evidence,
    Store,
    audit_subjects,
    files_below,
    readable,
)
from engine.rights.picture_stores import Enrolled, InboxChoices, OwnStrangers, Sightings, Trashed
from engine.rights.templates import Models
from engine.settings import Settings
from engine.text import name_key
from engine.workspace.audit import Audit
from engine.workspace.files import (
    open_inside,
    read_object,
    remove_directory,
    remove_file,
    write_json,
)
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors


class Roster(Store):
    """Names of people who wait to be enrolled."""

    name = "roster"
    places = ("roster.json",)

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """The entries of the person's names."""
        return {"names on the roster": roster.forget(workspace, who.names)}


class Evaluations(Store):
    """Evaluations kept of models."""

    name = "evaluations"
    places = ("evaluations",)

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Those with a row, a matrix line or a doubtful picture of the person."""
        mentions = who.mentions(workspace)
        named = [f for f in files_below(workspace.evaluations) if mentions.within_bytes(_data(f))]
        for file in named:
            remove_file(file)
        return {"evaluations": len(named)}

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """Those of models that are not there any more, or go now."""
        store = ModelStore(workspace)
        there = {info.id for info in store.list()} - {*store.beyond(settings.retention.models)}
        for file in sorted(workspace.evaluations.glob("[!.]*.json")):
            if file.stem not in there:
                yield Due.of(workspace, "evaluation", file)


class ViewMemory(Store):
    """What the app remembers of its last use."""

    name = "remembered"
    places = ("ui.json",)

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Values that name the person."""
        mentions = who.mentions(workspace)
        body = read_object(workspace.view_file)
        if body is None:
            return {}
        kept = {k: v for k, v in body.items() if not mentions.within(json.dumps([k, v]))}
        if kept != body:
            write_json(workspace.view_file, kept)
        return {"remembered values": len(body) - len(kept)}


class Recordings(Store):
    """Recordings below the workspace, unfinished ones too; our own folders hold none."""

    name = "recordings"

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Those whose request or events name the person, whole."""
        mentions = who.mentions(workspace)
        gone = 0
        for folder in list(recordings_below(workspace)):
            texts = (folder.name.encode(), _data(folder / SESSION), _data(folder / EVENTS))
            if any(map(mentions.within_bytes, texts)):
                remove_directory(folder)
                gone += 1
        return {"recordings": gone}

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """Those that nothing was added to for as long as they are kept."""
        clock, days = read_clock(workspace, now), settings.retention.recording_days
        for folder in recordings_below(workspace) if days else ():
            if clock.is_due(_changed(folder), days):
                yield Due.of(workspace, "recording", folder)


class Copies(Store):
    """Pictures, reports and archives that the operator asked for, below the workspace."""

    name = "copies"

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Copies of the person's own pictures, our reports that name them, their archives. A copy
        of what others hold too may be the others': the search tells of it."""
        mentions = who.mentions(workspace)
        counts: dict[str, int] = {"copies of pictures": 0, "reports": 0, "archives": 0}
        for file in _outside(workspace):
            if file.suffix == ".png":
                digest = hashlib.sha256(_data(file)).hexdigest()
                ours, kind = digest in who.pictures - who.shared, "copies of pictures"
            elif file.suffix == ".html":
                data = _data(file)
                ours, kind = is_report(data) and mentions.within_bytes(data), "reports"
            else:
                archive = proved(file)
                ours, kind = archive is not None and _is_theirs(archive, who), "archives"
            if ours:
                remove_file(file)
                counts[kind] += 1
        return {**counts}


class EmptyFolders(Store):
    """Folders outside our own."""

    name = "folders"

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Those that bear the name, or lie in one that does, and hold nothing any more."""
        mentions = who.mentions(workspace)
        gone = 0
        for folder in reversed(list(_folders(workspace))):
            if mentions.within(str(folder.relative_to(workspace.root))):
                with contextlib.suppress(OSError):  # it holds something, which the search tells
                    folder.rmdir()
                    gone += 1
        return {"empty folders": gone}


class Logs(Store):
    """Facedesk logs faults, not people, but a fault may quote a path."""

    name = "logs"
    places = ("logs",)

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Lines that name the person. The files are changed in place: running processes have them
        open."""
        mentions = who.mentions(workspace)
        gone = 0
        for file in files_below(workspace.logs):
            with (
                translate_os_errors("clean a log", file),
                os.fdopen(open_inside(file, os.O_RDWR | os.O_NONBLOCK), "r+b") as log,
            ):
                lines = log.read().splitlines(keepends=True)
                kept = [e for e in lines if not mentions.within(e.decode("utf-8", "replace"))]
                if len(kept) < len(lines):
                    log.seek(0)
                    log.writelines(kept)
                    log.truncate()
                    gone += len(lines) - len(kept)
        return {"log lines": gone}

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        """Those that nothing was written to for as long as they are kept."""
        clock = read_clock(workspace, now)
        for file in sorted(workspace.logs.glob("*.log*")):
            if clock.is_due(_changed(file), settings.retention.log_days):
                yield Due.of(workspace, "log", file)


class Receipts(Store):
    """Receipts of erasures, and the marks of those under way, which `erase` removes."""

    name = "receipts"
    places = ("receipts", "erasing")

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """The person's name in former receipts that name a file which bears it."""
        return {"names in receipts": receipt.forget(workspace, who.mentions(workspace))}


class AuditLog(Store):
    """Who did what to whose data. Entries stay: the key goes that says whose they are."""

    name = "audit"
    places = ("audit",)
    archived = r"audit\.jsonl"
    about = """\
audit.jsonl      entries of the audit log about the person, where one is kept
"""

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """From here on the log's entries are nobody's."""
        for subject in audit_subjects(who):
            Audit(workspace).forget(subject)
        return {}

    def mentions(self, workspace: Workspace) -> Iterator[tuple[str, str]]:
        """Everybody whose entries can still be found."""
        yield from ((id, "") for id in Audit(workspace).subjects().values())

    def export(self, workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
        """The entries about the person."""
        if lines := Audit(workspace).lines(person.ids):
            yield "audit.jsonl", "".join(f"{line}\n" for line in lines).encode()


STORES: tuple[Store, ...] = (
    Enrolled(),  # the folder first: from then on nobody is named so
    Sightings(),
    Models(),
    Trashed(),
    InboxChoices(),
    OwnStrangers(),
    Roster(),
    Evaluations(),
    ViewMemory(),
    Recordings(),
    Copies(),
    EmptyFolders(),
    Logs(),
    Receipts(),
    AuditLog(),  # last: all others may still be noted
)
"""In the order in which an erasure goes through them."""
NOBODYS = frozenset({"workspace.json", "vault.json", "clock.json", ".lock", ".audit.lock"})
"""Files of the workspace that hold nothing about a person: no store has them."""


def rename(workspace: Workspace, old: str, new: str) -> None:
    """Give a person another name. The caller holds `Workspace.writer`. Raises PersonNotFound,
    NameInvalid, NameTaken."""
    person = People(workspace).get(old)
    with Audit(workspace).of("person-renamed", person.id):
        for store in STORES:
            store.rename(workspace, person, new)


def export_person(workspace: Workspace, name: str, target: Path) -> Exported:
    """Write all that is held on a person to `target`, see `write_archive`. Needs no lock. Raises
    PersonNotFound, UsageError if the file is there already, DiskFull, WorkspaceUnusable."""
    person = People(workspace).get(name)
    target = target.expanduser().absolute()
    with Audit(workspace).of("person-exported", person.id, pictures=person.pictures) as doing:
        entries = dict(entry for store in STORES for entry in store.export(workspace, person))
        about = "".join(store.about for store in STORES)
        files, size = write_archive(target, person.name, about, entries)
        doing.more["bytes"] = size
    return Exported(person.name, str(target), files, person.pictures, size)


def own_files(workspace: Workspace, ids: Collection[str]) -> list[Path]:
    """Every file that is the person's by the place where it lies, in the trash too."""
    places = (place for store in STORES for place in store.files(workspace, ids))
    return [file for place in places for file in files_below(place)]


# --- what lies outside our own folders ------------------------------------------------------------


def _is_theirs(archive: Archive, who: Evidence) -> bool:
    """Whether it is the person's: somebody else may have had the name, and other pictures."""
    named = name_key(archive.name) in set(map(name_key, who.names))
    digests = {sha256 for _size, sha256 in map(archive.index.__getitem__, archive.pictures)}
    return named and (not digests or bool(digests & who.pictures))


def _outside(workspace: Workspace) -> Iterator[Path]:
    ours = workspace.private
    with contextlib.suppress(OSError):
        for entry in sorted(workspace.root.iterdir()):
            if entry not in ours:
                yield from files_below(entry)


def recordings_below(workspace: Workspace) -> Iterator[Path]:
    """Every recording in the workspace, unfinished ones too; our own folders hold none."""
    for folder, names, _files in os.walk(workspace.root):
        names[:] = [name for name in names if Path(folder, name) not in workspace.private]
        found = sorted(name for name in names if name.endswith((SUFFIX, SUFFIX + PART)))
        yield from (Path(folder, name) for name in found)
        names[:] = [name for name in names if name not in found]


def _folders(workspace: Workspace) -> Iterator[Path]:
    """All folders outside our own, those above before those in them; links are not followed."""
    for top, names, _files in os.walk(workspace.root):
        names[:] = sorted(name for name in names if Path(top, name) not in workspace.private)
        yield from (Path(top, name) for name in names if not Path(top, name).is_symlink())


def _changed(path: Path) -> datetime | None:
    """When anything in it was changed last."""
    try:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)
    except OSError:
        return None


def _data(file: Path) -> bytes:
    """What a file says; nothing where it cannot be read: the final search tells of that."""
    return next((data for _file, data in readable([file])), b"")
