"""What lies below the workspace outside Facedesk's own folders: copies that were asked for.

Ours are known by what proves that nobody has changed them since: pictures by their bytes, reports
by the mark at their end, archives by the index that lists each of their files. All else is the
operator's: it is told, and never touched.

Kept strangers who are the person go; those who are not lose the name, and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from engine.contract.errors import DataError
from engine.people.registry import People, StrangerArea
from engine.people.trash import MANIFEST
from engine.people.unknown import SIGHTING_FILE
from engine.rights.evidence import Evidence, files_below
from engine.rights.export import ZIP, Proved, proved
from engine.rights.mentions import Mentions, Unread, contents
from engine.text import name_key
from engine.workspace.files import read_json, read_start, remove_directory, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import picture_names, sub_folders
from engine.workspace.owner import translate_os_errors

Counts = dict[str, int]

_MARK = "<!-- facedesk report sha256:{digest} -->\n"


def is_report(data: bytes) -> bool:
    """Whether these bytes are a report as `evaluate.report` writes it, unchanged since."""
    page, _line, _rest = data.rpartition(b"<!-- facedesk report ")
    return bool(page) and data == page + report_mark(page)


def report_mark(page: bytes) -> bytes:
    """The last line of a report: the digest of all before it."""
    return _MARK.format(digest=hashlib.sha256(page).hexdigest()).encode()


def copies(workspace: Workspace, who: Evidence) -> Counts:
    """Remove copies of the person's own pictures, our reports that name them, their archives.

    A copy of what others hold too may be the others': it is told.
    """
    mentions = who.mentions(workspace)
    counts = {"copies of pictures": 0, "reports": 0, "archives": 0}
    for file in _outside(workspace):
        try:
            if file.suffix not in (".png", ".html") and read_start(file, 4) != ZIP:
                continue
            data = contents(file)
        except (FileNotFoundError, Unread, DataError):  # the final search tells of it
            continue
        if file.suffix == ".png":
            ours = hashlib.sha256(data).hexdigest() in who.pictures - who.shared
            kind = "copies of pictures"
        elif file.suffix == ".html":
            ours, kind = is_report(data) and mentions.within_bytes(data), "reports"
        else:
            archive = proved(data)
            ours, kind = archive is not None and _is_theirs(archive, who), "archives"
        if ours:
            with translate_os_errors("remove a file", file):
                file.unlink(missing_ok=True)
            counts[kind] += 1
    return counts


def empty_folders(workspace: Workspace, who: Evidence) -> Counts:
    """Remove folders that bear the name, or lie in one that does, and hold nothing any more."""
    mentions = who.mentions(workspace)
    gone = 0
    for folder in reversed(list(_folders(workspace))):
        if mentions.within(str(folder.relative_to(workspace.root))):
            with contextlib.suppress(OSError):  # it holds something, which the search tells
                folder.rmdir()
                gone += 1
    return {"empty folders": gone}


def _is_theirs(archive: Proved, who: Evidence) -> bool:
    """Whether it is the person's: somebody else may have had the name, and other pictures."""
    named = name_key(archive.name) in set(map(name_key, who.names))
    return named and (not archive.pictures or bool(archive.pictures & who.pictures))


def _outside(workspace: Workspace) -> Iterator[Path]:
    ours = workspace.private
    with contextlib.suppress(OSError):
        for entry in sorted(workspace.root.iterdir()):
            if entry not in ours:
                yield from files_below(entry)


def _folders(workspace: Workspace) -> Iterator[Path]:
    """All folders outside our own, those above before those in them; links are not followed."""
    for top, names, _files in os.walk(workspace.root):
        names[:] = sorted(name for name in names if Path(top, name) not in workspace.private)
        yield from (Path(top, name) for name in names if not Path(top, name).is_symlink())


def sightings(workspace: Workspace, who: Evidence) -> dict[str, int]:
    """Remove the strangers that were found to be the person, those in the trash too, and blank the
    name where it says whom another was like, or where it was seen. May be done twice."""
    gone = 0
    for place in who.sightings:
        parts = place.split("/")
        if ".." in parts or parts[0] not in ("unknown", "trash", "strangers") or len(parts) < 2:
            continue
        folder = workspace.root.joinpath(*parts)
        gone += folder.is_dir()
        if parts[0] == "strangers":
            _forget_stranger(workspace, parts[1])
            continue
        remove_directory(folder)
        if parts[0] == "trash":
            _take_out(workspace.trash / parts[1], folder)
    mentions = who.mentions(workspace)
    for file in _records(workspace):
        _blank(file, mentions)
    return {"sightings of unknowns": gone}


def _forget_stranger(workspace: Workspace, slug: str) -> None:
    """Remove one of the operator's own strangers, and the change that made them one: it keeps the
    same pictures."""
    People(StrangerArea(workspace)).delete_slug(slug)
    for entry in sub_folders(workspace.trash):
        with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError, IndexError):
            steps = read_json(Path(entry.path) / MANIFEST)["steps"]
            if any(f"{step[1]}/".startswith(f"strangers/{slug}/") for step in steps):
                remove_directory(Path(entry.path))


def _take_out(change: Path, folder: Path) -> None:
    """Take a stranger who is gone out of the change that deleted them; the others can come back."""
    try:
        manifest = read_json(change / MANIFEST)
        steps = [
            step
            for step in manifest["steps"]
            if change.joinpath(*str(step[1]).split("/")[1:]) != folder
        ]
    except (FileNotFoundError, DataError, KeyError, TypeError, IndexError):
        return
    if not steps:
        remove_directory(change)
        return
    left = [change.joinpath(*str(step[1]).split("/")[1:]) for step in steps]
    manifest |= {
        "steps": steps,
        "title": f"Deleted {len(steps)} unknown",
        "pictures": sum(len(picture_names(each)) for each in left),
    }
    write_json(change / MANIFEST, manifest)


def _records(workspace: Workspace) -> Iterator[Path]:
    for area in (workspace.unknown, workspace.trash):
        for entry in sub_folders(area):
            for file in files_below(Path(entry.path)):
                if file.name == SIGHTING_FILE:
                    yield file


def _blank(file: Path, mentions: Mentions) -> None:
    with contextlib.suppress(FileNotFoundError, DataError):
        body = read_json(file)
        if isinstance(body, dict):
            named = [key for key in body if mentions.within(json.dumps(body[key]))]
            if named:
                write_json(file, {**body, **dict.fromkeys(named, "")})
