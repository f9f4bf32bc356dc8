"""The registry of people: who is enrolled, their sessions and pictures, as the folders say.

Files on disk are the truth. A picture counts when its file is there, whatever session.json
says; a session counts when it has a picture. Reading needs no lock. Whoever adds, renames or
deletes must hold `Workspace.writer`, this module does not take it.

The operator's own strangers, kept to check the threshold and never enrolled, are a registry too:

    strangers/<group>/<session>/0001.png ...   laid out, written and recovered like people
    stranger-features/<digest>/<group>/...     their features

A group is one stranger, whose pictures are no independent trials of each other.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from engine.contract.errors import DataError, NameTaken, PersonNotFound, Remedy, WorkspaceDenied
from engine.contract.people import Consent
from engine.people import traces
from engine.people.person import (
    FORMAT,
    Person,
    SessionInfo,
    UnreadPerson,
    clean_name,
    is_slug,
    looks,
    may_be_slug_of,
    read_head,
    read_person,
    read_sessions,
    refuse_unread,
    slug_for,
)
from engine.text import name_key
from engine.workspace.files import new_directory, remove_directory, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import (
    PERSON_FILE,
    SESSION_FILE,
    free_id,
    is_identity,
    is_session_id,
    iso,
    merged_in,
    new_identity,
    picture_names,
    sub_folders,
)

__all__ = ["PERSON_FILE", "People", "Person", "SessionInfo", "UnreadPerson", "clean_name"]


class People:
    """The people of one workspace. Keeps nothing in memory: every call reads the folders."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    # --- reading --------------------------------------------------------------------------

    def list(self) -> tuple[Person, ...]:
        """Everybody who can be read, by name; the others are `unread`."""
        return self.everybody()[0]

    def unread(self) -> tuple[UnreadPerson, ...]:
        """Everybody who is here and cannot be read, by folder."""
        return self.everybody()[1]

    def everybody(self) -> tuple[tuple[Person, ...], tuple[UnreadPerson, ...]]:
        """Who can be read, by name, and who cannot, by folder. Raises WorkspaceUnusable if nobody
        can be looked for, VaultLocked."""
        found = [read_person(self.workspace, slug) for slug in self._slugs()]
        people = [each for each in found if isinstance(each, Person)]
        unread = tuple(each for each in found if isinstance(each, UnreadPerson))
        return tuple(sorted(people, key=lambda each: (name_key(each.name), each.slug))), unread

    def refuse_unread(self) -> None:
        """Raise PersonUnreadable if somebody is here who cannot be read."""
        refuse_unread(self.unread())

    def unread_of(self, name: str) -> UnreadPerson | None:
        """Who of those that cannot be read has this name or folder, if anybody."""
        for each in self.unread():
            if name_key(each.name) == name_key(name) or may_be_slug_of(each.slug, name):
                return each
        return None

    def get(self, name: str) -> Person:
        """The person of this name, case ignored. Raises PersonNotFound, PersonUnreadable."""
        slug = self._find(name)
        if slug is not None:
            with contextlib.suppress(FileNotFoundError):  # Deleted since it was found.
                return self._read(slug)
        raise self._not_found(name)

    def by_slug(self, slug: str) -> Person:
        """The person in this folder. Raises PersonNotFound, PersonUnreadable."""
        if not is_slug(slug) or not self._folder(slug).is_dir():
            raise PersonNotFound("Nobody of this name is enrolled", slug, Remedy.PEOPLE)
        try:
            return self._read(slug)
        except FileNotFoundError as error:  # deleted meanwhile
            raise self._not_found(slug) from error

    def by_id(self, id: str) -> Person:
        """The person of this identity. Raises PersonNotFound."""
        found = next((person for person in self.list() if person.id == id), None)
        if found is None:
            raise self._not_found(id)
        return found

    def pictures(self, person: Person) -> tuple[Path, ...]:
        """All picture files of a person, session by session in order of capture."""
        return tuple(
            self._folder(person.slug) / session.id / picture
            for session in person.sessions
            for picture in session.pictures
        )

    def session_directory(self, slug: str, session: str) -> Path:
        """Where a session's pictures lie. Raises DataError for a text that is not a session id."""
        if not is_slug(slug) or not is_session_id(session):
            raise DataError("No such session", f"{slug}/{session}", Remedy.PEOPLE)
        return self._folder(slug) / session

    # --- changing (the caller holds the writer lock) -------------------------------------------

    def add(self, name: str, consent: Consent | None = None, apart_from: str = "") -> Person:
        """Enrol a new person without pictures, with an identity of their own. `apart_from` is the
        identity of whom a stranger was told from. Raises NameInvalid, NameTaken."""
        name = clean_name(name)
        self.refuse_taken(name, own=None)
        slug = self.free_slug(name)
        # A crash in the middle of an earlier `delete` may have left rows under this slug.
        traces.remove(self.workspace, slug)
        body = {
            "version": FORMAT,
            "id": new_identity(),
            "name": name,
            "created": utc_now(),
            "consent": consent.to_json() if consent else None,
        }
        if apart_from:
            body["apart_from"] = apart_from
        with new_directory(self._folder(slug)) as folder:
            write_json(folder / PERSON_FILE, body)
        return self._read(slug)

    def free_slug(self, name: str) -> str:
        """A folder name for somebody new: no person's, and none to which undo brings one back."""
        trashed = traces.folders_in_trash(self.workspace)
        # lexists: a dangling link also occupies the name.
        return slug_for(name, lambda slug: slug in trashed or os.path.lexists(self._folder(slug)))

    def free_name(self, stem: str, own: str | None = None) -> str:
        """A name that nobody in another folder than `own` has: `stem`, numbered if need be."""
        for number in itertools.count(1):
            name = stem if number == 1 else f"{stem} ({number})"
            with contextlib.suppress(NameTaken):
                self.refuse_taken(name, own)
                break
        return name

    def rename(self, old: str, new: str) -> Person:
        """Give a person another name; folder and pictures stay where they are. Raises
        PersonNotFound, NameInvalid, NameTaken."""
        person = self.get(old)
        new = clean_name(new)
        self.refuse_taken(new, own=person.slug)
        body = {**read_head(self.workspace, person.slug), "name": new}
        write_json(self._folder(person.slug) / PERSON_FILE, body)
        traces.edit_split(self.workspace, {})
        return self._read(person.slug)

    def set_consent(self, name: str, consent: Consent) -> Person:
        """Note consent, or that it was withdrawn. Raises PersonNotFound."""
        person = self.get(name)
        body = {**read_head(self.workspace, person.slug), "consent": consent.to_json()}
        write_json(self._folder(person.slug) / PERSON_FILE, body)
        return self._read(person.slug)

    def forget_apart_from(self, slug: str) -> None:
        """Forget from whom a stranger was told. Raises as reading them does."""
        body = {k: v for k, v in read_head(self.workspace, slug).items() if k != "apart_from"}
        write_json(self._folder(slug) / PERSON_FILE, body)

    def refuse_taken(self, name: str, own: str | None) -> None:
        """Raise NameTaken if a person in another folder than `own` has this name, or one that
        looks the same."""
        slug = self._find(name)
        if slug is not None and slug != own:
            raise NameTaken(
                "This name is taken",
                f"{self._read(slug).name} is enrolled already",
                "Choose another name, or add pictures to the person who has it.",
            )
        look = looks(name)
        for other_slug, other in self._names():
            if other_slug != own and looks(other) & look:
                raise NameTaken(
                    "This name looks like another",
                    f"{name!r} is enrolled as {other!a}, in other letters",
                    "Type the name again instead of pasting it, or add to it what tells them "
                    "apart.",
                )

    def refuse_lookalike(self, name: str) -> None:
        """Raise NameTaken if `name` is nobody's and looks like the name of somebody."""
        self.refuse_taken(name, own=self._find(name))

    def delete_slug(self, slug: str) -> None:
        """Remove a person for good, with all pictures, cached features and split entries, also one
        whose person.json is damaged. `engine.people.changes.delete_people` is what can be undone.
        The folder leaves its place in one rename before anything else happens, so that a crash
        never leaves half a person; `Workspace.recover` and `tidy` finish the rest."""
        if not is_slug(slug):
            raise PersonNotFound("Nobody of this name is enrolled", slug)
        folder = self._folder(slug)
        try:
            remove_directory(folder)
        finally:
            if not folder.exists():
                traces.remove(self.workspace, slug)

    def discard_if_empty(self, person: Person) -> bool:
        """Delete `person` if they have no picture on disk; whether they were deleted. For a person
        whom an enrolment or import created and then found no picture of."""
        folder = self._folder(person.slug)
        if not folder.is_dir() or read_sessions(folder):
            return False
        self.delete_slug(person.slug)
        return True

    def new_session(
        self, person: Person, source: str, aligned: str = "eyes", part: str = ""
    ) -> str:
        """Begin a session: its folder and session.json exist, with no picture yet. `source` is text
        without credentials, `aligned` and `part` as in `SessionInfo`. The id is the UTC time and a
        counter. `picture_records.SessionWriter` also writes pictures and the end. Raises
        PersonNotFound if the person was deleted meanwhile."""
        if not (self._folder(person.slug) / PERSON_FILE).is_file():
            raise self._not_found(person.name)
        now, own = datetime.now(UTC), self._folder(person.slug)
        id = free_id(now, lambda id: (own / id).exists())
        head = {"version": FORMAT, "id": id, "source": source, "started": iso(now)}
        head |= {"aligned": aligned, **({"part": part} if part else {})}
        with new_directory(own / id) as unfinished:
            write_json(unfinished / SESSION_FILE, head)
        return id

    def discard_session(self, slug: str, session: str, only_if_empty: bool = True) -> bool:
        """Remove a session's folder, by default only one without pictures; whether it was."""
        folder = self.session_directory(slug, session)
        if not folder.is_dir() or (only_if_empty and picture_names(folder)):
            return False
        try:
            remove_directory(folder)
        finally:
            if not folder.exists():
                for rows in traces.feature_files(self.workspace, slug, session):
                    rows.unlink(missing_ok=True)
        return True

    def tidy(self) -> tuple[str, ...]:
        """Finish what crashes left: empty sessions, features and split entries of nobody. Returns
        what was removed, relative to the workspace. Call after `Workspace.recover`."""
        removed = []
        slugs = self._slugs()
        self._identify(slugs)
        for slug in slugs:
            with contextlib.suppress(WorkspaceDenied):  # whoever reads people says so
                for entry in sub_folders(self._folder(slug)):
                    if self.discard_session(slug, entry.name):
                        folder = self._folder(slug) / entry.name
                        removed.append(str(folder.relative_to(self.workspace.root)))
        return (*removed, *traces.sweep(self.workspace, frozenset(slugs)))

    # --- private ------------------------------------------------------------------------------

    def _identify(self, slugs: Iterable[str]) -> None:
        """Give an identity to whoever was put here by hand without one, or with another's: that
        of somebody who was merged belongs to who they were merged into."""
        bodies = []
        for slug in slugs:
            with contextlib.suppress(DataError, FileNotFoundError):
                bodies.append((slug, read_head(self.workspace, slug)))
        known = {id for _slug, body in bodies for id in merged_in(body)}
        for slug, body in sorted(bodies, key=lambda each: str(each[1]["created"])):
            if not is_identity(body.get("id")) or body["id"] in known:
                body = {**body, "id": new_identity()}
                write_json(self._folder(slug) / PERSON_FILE, body)
            known.add(body["id"])

    def _folder(self, slug: str) -> Path:
        return self.workspace.people / slug

    def _slugs(self) -> tuple[str, ...]:
        return tuple(e.name for e in sub_folders(self.workspace.people) if is_slug(e.name))

    def _read(self, slug: str) -> Person:
        """Raises FileNotFoundError if the folder is gone, PersonUnreadable."""
        found = read_person(self.workspace, slug)
        if found is None:
            raise FileNotFoundError(slug)
        if isinstance(found, UnreadPerson):
            raise found.error
        return found

    def _names(self) -> Iterator[tuple[str, str]]:
        for slug in self._slugs():
            with contextlib.suppress(DataError, FileNotFoundError):
                yield slug, read_head(self.workspace, slug)["name"]

    def _find(self, name: str) -> str | None:
        """The folder of the person of this name, who may be unread."""
        wanted = name_key(name)
        for slug, other in self._names():
            if name_key(other) == wanted:
                return slug
        unread = self.unread_of(name)
        return unread.slug if unread else None

    def _not_found(self, name: str) -> PersonNotFound:
        names = {name_key(other): other for _, other in self._names()}
        near = difflib.get_close_matches(name_key(name), names, n=1)
        unread = ", ".join(each.shown for each in self.unread())
        hint: str = Remedy.PEOPLE
        if near:
            hint = f"Did you mean {names[near[0]]}?"
        elif unread:
            hint = f"It may be one who cannot be read: {unread}. {hint}"
        shown = name if len(name) <= 60 else f"{name[:60]}..."
        return PersonNotFound("Nobody of this name is enrolled", shown, hint)


class StrangerArea(Workspace):
    """A workspace's strangers, seen as a workspace of their own. Whatever works on people
    (registry, enrolment, import, feature cache) works here on strangers and cannot reach the
    people. The writer lock is the workspace's."""

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


def utc_now() -> str:
    """The time as ISO 8601 text in UTC, whole seconds."""
    return iso(datetime.now(UTC))
