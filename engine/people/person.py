"""Reading one person's folder: who they are, or why it cannot be read.

Whoever reads people meets each of them here as one of three: gone, a `Person`, or an
`UnreadPerson` with the cause and what helps. Nobody who is on the disk is passed over.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract import Emit, Notice
from engine.contract.errors import (
    DataError,
    NameInvalid,
    PersonUnreadable,
    WorkspaceDenied,
    WorkspaceTooNew,
)
from engine.contract.people import Consent, read_consent
from engine.people.names import clean_name
from engine.workspace.files import read_json
from engine.workspace.folder import Workspace, newer
from engine.workspace.identity import (
    PERSON_FILE,
    identity_in,
    is_session_id,
    merged_in,
    picture_names,
    session_head,
    sub_folders,
)

FORMAT = 1
"""Version written into person.json and session.json."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One capture session or import. `pictures` are file names in order of capture.

    `aligned` is "points" if each crop is aligned by the points of its face, or was looked through
    for them; "eyes" for what the Haar cascade aligned, and for all from before there was another.
    `part` is that of the split which the operator's own folders gave it, else empty.
    """

    id: str
    source: str
    started: str
    pictures: tuple[str, ...]
    aligned: str = "eyes"
    part: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One enrolled person. `revision` changes whenever the set of pictures changes.

    `id` is who they are for good (`engine.workspace.identity`), `slug` only where their
    pictures lie. `merged` are the identities of people who were merged into this one.
    `apart_from`, of a stranger, is the person they were told apart from.
    """

    name: str
    slug: str
    created: str
    consent: Consent | None
    sessions: tuple[SessionInfo, ...]
    revision: str
    id: str = ""
    merged: tuple[str, ...] = ()
    apart_from: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """Every identity that is this person."""
        return frozenset((self.id, *self.merged))

    @property
    def pictures(self) -> int:
        """How many pictures there are over all sessions."""
        return sum(len(session.pictures) for session in self.sessions)


@dataclass(frozen=True, slots=True)
class UnreadPerson:
    """Somebody who is here and cannot be read. `name` is empty where nothing tells it; `error` says
    why, and what helps. `denied`: this user may not read it; else it is damaged."""

    slug: str
    name: str
    error: PersonUnreadable
    denied: bool

    @property
    def shown(self) -> str:
        """The name, or the folder's."""
        return self.name or self.slug

    @property
    def sentence(self) -> str:
        """Who, why, and what helps."""
        return f"{self.error}. {self.error.hint}"


def read_person(workspace: Workspace, slug: str) -> Person | UnreadPerson | None:
    """Who is in this folder, None if it is gone. Raises VaultLocked."""
    name = ""
    try:
        body = read_head(workspace, slug)
        name = clean_name(body["name"])
        return _person(workspace, slug, name, body)
    except FileNotFoundError:
        if not os.path.lexists(workspace.people / slug):
            return None
        cause: DataError = _damage(workspace, slug)
    except DataError as error:
        cause = error
    return _unread(workspace, slug, name, cause)


def read_head(workspace: Workspace, slug: str) -> dict[str, Any]:
    """What person.json says. Raises FileNotFoundError, DataError if it cannot be read."""
    path = workspace.people / slug / PERSON_FILE
    body = read_json(path)
    if newer(body, FORMAT):
        raise WorkspaceTooNew(
            "A person's file is of a newer version",
            str(path),
            "Use the newer Facedesk that wrote it.",
        )
    if not (
        isinstance(body, dict)
        and isinstance(body.get("name"), str)
        and isinstance(body.get("created"), str)
    ):
        raise _damage(workspace, slug)
    try:
        clean_name(body["name"])
        read_consent(body.get("consent"))
    except (NameInvalid, ValueError) as error:
        raise _damage(workspace, slug) from error
    return body


def _unread(workspace: Workspace, slug: str, name: str, cause: DataError) -> UnreadPerson:
    denied, hint = isinstance(cause, WorkspaceDenied), cause.hint
    ours = workspace.people.name == "people"
    if not denied and not isinstance(cause, WorkspaceTooNew):
        hint = (
            "Restore it from a backup, or: facedesk people erase {slug}"
            if ours
            else "Restore it from a backup, or: facedesk strangers remove {slug}"
        ).format(slug=slug)
    error = PersonUnreadable(
        "A person cannot be read" if ours else "A stranger of yours cannot be read",
        f"{name or slug}: {cause.message}",
        hint,
    )
    return UnreadPerson(slug, name, error, denied)


def _person(workspace: Workspace, slug: str, name: str, body: dict[str, Any]) -> Person:
    sessions = read_sessions(workspace.people / slug)
    digest = hashlib.sha256()
    for session in sessions:
        digest.update("".join(f"{session.id}/{p}\n" for p in session.pictures).encode())
    return Person(
        name=name,
        slug=slug,
        created=body["created"],
        consent=read_consent(body.get("consent")),
        sessions=sessions,
        revision=digest.hexdigest()[:16],
        id=identity_in(body, slug),
        merged=merged_in(body),
        apart_from=str(body.get("apart_from", "")),
    )


def read_sessions(folder: Path) -> tuple[SessionInfo, ...]:
    """The sessions of a person's folder that have a picture, by id. Raises WorkspaceUnusable."""
    found = []
    for entry in sub_folders(folder):
        if is_session_id(entry.name) and (pictures := picture_names(entry.path)):
            source, started, aligned, part = session_head(entry)
            found.append(SessionInfo(entry.name, source, started, pictures, aligned, part))
    return tuple(sorted(found, key=lambda session: session.id))


def _damage(workspace: Workspace, slug: str) -> DataError:
    path = workspace.people / slug / PERSON_FILE
    return DataError(
        "A person's file is damaged",
        f"{path} is missing or does not hold a person",
        "Restore it from a backup.",
    )


def refuse_unread(unread: Sequence[UnreadPerson]) -> None:
    """Raise PersonUnreadable if there is anybody: of one their error, of several all in one."""
    if len(unread) == 1:
        raise unread[0].error
    if unread:
        raise PersonUnreadable(
            f"{len(unread)} cannot be read",
            "; ".join(each.error.message for each in unread),
            "; ".join(dict.fromkeys(each.error.hint for each in unread)),
        )


def warn_unread(unread: Iterable[UnreadPerson], emit: Emit) -> None:
    """Tell who is left out because they cannot be read."""
    for each in unread:
        emit(Notice(text=each.sentence, level="warning"))
