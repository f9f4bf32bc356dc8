"""The operator's own strangers: people who will never be enrolled, kept to check the threshold.

    strangers/<group>/<session>/0001.png ...   laid out, written and recovered like people
    stranger-features/<digest>/<group>/...     their features

A group is one stranger, whose pictures are no independent trials of each other.

The day on which a person was last recognised.

    people/<slug>/seen.json     {"version": 1, "day": "2026-11-27"}

A day and no more: retention needs to know whether somebody still comes, and nobody needs a record
of when they came. It lies in the person's folder, so that it goes and comes back with it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from engine.contract.errors import DataError, PersonNotFound
from engine.people.names import clean_name
from engine.people.person import Person, UnreadPerson, read_sessions, refuse_unread
from engine.people.registry import People
from engine.workspace.audit import Audit
from engine.workspace.files import read_json, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import PERSON_FILE


class StrangerArea(Workspace):
    """A workspace's strangers, seen as a workspace of their own.

    Whatever works on people (registry, enrolment, import, feature cache) works here on strangers
    and cannot reach the people. The writer lock is the workspace's.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.root)
        self.people = workspace.strangers
        self.features = workspace.stranger_features
        # Strangers are in no split: deleting one must not edit that of the people.
        self.split_file = workspace.strangers / "split.json"


def strangers(workspace: Workspace) -> tuple[Person, ...]:
    """Every stranger with a picture who can be read, by name."""
    return tuple(each for each in People(StrangerArea(workspace)).list() if each.pictures)


def unread_strangers(workspace: Workspace) -> tuple[UnreadPerson, ...]:
    """Every stranger who is here and cannot be read, by folder."""
    return People(StrangerArea(workspace)).unread()


def remove_stranger(workspace: Workspace, name: str) -> tuple[str, int]:
    """Remove one stranger with pictures and features; the caller holds `Workspace.writer`.

    One who is damaged goes by the name of the folder. Returns the stranger's name and number of
    pictures. Raises PersonNotFound, PersonUnreadable if this user may not read them.
    """
    area = StrangerArea(workspace)
    people = People(area)
    unread = next((each for each in people.unread() if name in (each.slug, each.name)), None)
    if unread is not None and not unread.denied:
        pictures = sum(len(each.pictures) for each in read_sessions(area.people / unread.slug))
        with Audit(area).of("stranger-removed", pictures=pictures):
            people.delete_slug(unread.slug)
        return unread.shown, pictures
    try:
        gone = people.get(name)
    except PersonNotFound as error:
        raise PersonNotFound(
            "There is no such stranger", clean_name(name), "See `facedesk strangers list`."
        ) from error
    with Audit(area).of("stranger-removed", gone.id, pictures=gone.pictures):
        people.delete(name)
    return gone.name, gone.pictures


def clear_strangers(workspace: Workspace) -> int:
    """Remove all strangers, damaged ones too; how many there were. Raises PersonUnreadable, and
    then none was removed, if this user may not read one."""
    area = StrangerArea(workspace)
    people = People(area)
    known, unread = people.everybody()
    refuse_unread([each for each in unread if each.denied])
    everybody = [(each.slug, each.name, each.id) for each in known]
    everybody += [(each.slug, each.name, "") for each in unread]
    with Audit(area).of_all("stranger-removed", [(id, {}) for _slug, _name, id in everybody]):
        for slug, _name, _unused in everybody:
            people.delete_slug(slug)
    return len(everybody)


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
