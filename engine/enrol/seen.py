"""The day on which a person was last recognised.

    people/<slug>/seen.json     {"version": 1, "day": "2026-11-27"}

A day and no more: retention needs to know whether somebody still comes, and nobody needs a record
of when they came. It lies in the person's folder, so that it goes and comes back with it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from engine.enrol.people import PERSON_FILE
from engine.errors import DataError
from engine.files import read_json, write_json
from engine.workspace import Workspace

SEEN_FILE = "seen.json"


def last_seen(workspace: Workspace, slug: str) -> str:
    """The day, ISO 8601 in UTC; empty if it was never noted."""
    try:
        body = read_json(workspace.people / slug / SEEN_FILE)
        return str(body["day"])[:10]
    except (FileNotFoundError, DataError, KeyError, TypeError):
        return ""


def note_seen(workspace: Workspace, slug: str, now: datetime | None = None) -> bool:
    """Note that the person was recognised today; whether that was news.

    The caller holds `Workspace.writer`. A person who was deleted meanwhile does not come back.
    Raises DiskFull, WorkspaceUnusable.
    """
    folder = workspace.people / slug
    day = (now or datetime.now(UTC)).strftime("%Y-%m-%d")
    if not (folder / PERSON_FILE).is_file() or last_seen(workspace, slug) >= day:
        return False
    write_json(folder / SEEN_FILE, {"version": 1, "day": day})
    return True
