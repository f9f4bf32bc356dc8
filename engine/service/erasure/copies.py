"""What lies below the workspace outside Facedesk's own folders: copies that were asked for.

Ours are known by what proves that nobody has changed them since: pictures by their bytes, reports
by the mark at their end, archives by the index that lists each of their files. All else is the
operator's: it is told, and never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine.enrol.names import name_key
from engine.errors import DataError
from engine.files import read_start, translate_os_errors
from engine.service.erasure.evidence import Evidence, files_below
from engine.service.erasure.reading import Unread, contents
from engine.service.person_archive.form import ZIP, Proved, proved
from engine.workspace import Workspace

Counts = dict[str, int]


def copies(workspace: Workspace, who: Evidence) -> Counts:
    """Remove copies of the person's own pictures, our reports that name them, their archives.

    A copy of what others hold too may be the others': it is told.
    """
    from engine.evaluate.report_html import is_report

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
