"""Deleting, merging and moving people and pictures, each as one change in the trash.

Pictures are named by "<session>" (all of it) or "<session>/<file>". The lines of pictures.jsonl
about pictures that left stay where they are: readers pass over lines without a picture, and undo
finds them again. Cached features go with whole sessions; those of a session that was divided go
into the trash and are computed again for what is left. Strangers are removed for good. The caller
holds `Workspace.writer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.contract.errors import (
    NameTaken,
    NoPictures,
    PersonNotFound,
    Remedy,
    UndoConflict,
    UsageError,
)
from engine.contract.people import Trashed
from engine.people import traces
from engine.people.permission import refuse_taken_back
from engine.people.person import Person, clean_name, read_sessions, refuse_unread
from engine.people.picture_records import RECORDS_FILE
from engine.people.registry import People, StrangerArea
from engine.people.traces import Change
from engine.people.trash import Trash
from engine.text import in_short, many
from engine.workspace.audit import Audit
from engine.workspace.files import parse_json, read_lines, read_object, write_bytes, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import SESSION_FILE

Chosen = Mapping[str, tuple[str, ...]]
"""Session id to chosen file names."""


def delete_people(
    workspace: Workspace, names: Sequence[str], keep_days: int, title: str = ""
) -> Trashed:
    """Delete people with all their pictures, features and split entries; `title` says why. Raises
    PersonNotFound, and then nobody was deleted; UsageError if nobody is named."""
    registry = People(workspace)
    people = list({person.id: person for person in map(registry.get, names)}.values())
    if not people:
        raise UsageError("Nobody was named", "", "Say whom to delete.")
    total = sum(person.pictures for person in people)
    named = in_short([person.name for person in people])
    title = title or "Deleted {named} ({total})"
    title = title.format(named=named, total=many(total, "picture"))
    back = f"{named}: back with {many(total, 'picture')}"
    told = [(person.id, {"pictures": person.pictures}) for person in people]
    audit = Audit(workspace)
    if not keep_days:  # without a manifest: it works on a full disk too
        with audit.of_all("person-erased", told):
            for person in people:
                registry.delete_slug(person.slug)
        return Trashed("", title, back, "", total)
    names_back = [(person.slug, person.name) for person in people]
    with Trash(workspace, keep_days).noted_change(
        audit, "person-trashed", told, title, back, pictures=total, names=names_back
    ) as change:
        for person in people:
            change.remove(workspace.people / person.slug)
            _remove_features(workspace, change, person.slug)
        change.edit_split({person.slug: None for person in people})
    return change.done


def delete_pictures(
    workspace: Workspace, name: str, chosen: Sequence[str], keep_days: int
) -> Trashed:
    """Delete sessions or single pictures of a person, who stays enrolled. Raises PersonNotFound,
    NoPictures if one of them is not there."""
    return _put_away(workspace, name, chosen, keep_days, "Deleted {total} of {named}")


def set_aside(
    workspace: Workspace, name: str, chosen: Sequence[str], keep_days: int, *, asked: bool
) -> Trashed:
    """`delete_pictures` of what shows another face; unless an operator was `asked`, it is undone by
    its id only."""
    title = "Set aside {total} of {named}: another face"
    return _put_away(workspace, name, chosen, keep_days, title, by_itself=not asked)


def give_up_session(
    workspace: Workspace, name: str, session: str, keep_days: int, *, new: bool
) -> Trashed:
    """Delete the session of a capture that an operator gave up; with `new` the person too, where
    they have no other pictures. Raises as `delete_pictures`."""
    title = "Gave up the capture of {named} ({total})"
    person = People(workspace).get(name)
    if new and [each.id for each in person.sessions] == [session]:
        return delete_people(workspace, [name], keep_days, title)
    return _put_away(workspace, name, [session], keep_days, title)


def _put_away(
    workspace: Workspace,
    name: str,
    chosen: Sequence[str],
    keep_days: int,
    title: str,
    *,
    by_itself: bool = False,
) -> Trashed:
    person, sessions = _chosen(workspace, name, chosen)
    total = sum(map(len, sessions.values()))
    about = [(person.id, {"pictures": total, **({"by_itself": True} if by_itself else {})})]
    title = title.format(total=many(total, "picture"), named=person.name)
    back = f"{person.name} has {many(total, 'picture')} again"
    with Trash(workspace, keep_days).noted_change(
        Audit(workspace),
        "pictures-deleted",
        about,
        title,
        back,
        pictures=total,
        by_itself=by_itself,
    ) as change:
        for session, files in sessions.items():
            folder = workspace.people / person.slug / session
            _remove_features(workspace, change, person.slug, session)
            if _whole(person, session, files):
                change.remove(folder)
            else:
                for file in files:
                    change.remove(folder / file)
        entry = traces.split_entries(workspace).get(person.slug)
        change.edit_split({person.slug: _left(entry, sessions)})
    return change.done


def merge(workspace: Workspace, source: str, target: str, keep_days: int) -> Trashed:
    """Make two people one: all sessions of `source` become sessions of `target`. Raises
    PersonNotFound, UsageError for twice the same person, ConsentMissing if `source` took their
    consent back and `target` did not."""
    person, other = _two(workspace, source, target)
    refuse_taken_back(person, other)
    told: dict[str, Any] = {"pictures": person.pictures}
    about = [(person.id, {**told, "part": "merged"}), (other.id, told)]
    title = f"Merged {person.name} into {other.name}"
    back = f"{person.name} is a person again, with {many(person.pictures, 'picture')}"
    names, total = [(person.slug, person.name)], person.pictures
    with Trash(workspace, keep_days).noted_change(
        Audit(workspace), "person-merged", about, title, back, pictures=total, names=names
    ) as change:
        everything = {session.id: session.pictures for session in person.sessions}
        ids = _move_sessions(workspace, change, person, other, everything)
        change.remove(workspace.people / person.slug)
        _remove_features(workspace, change, person.slug)
        entries = traces.split_entries(workspace)
        moved = _moved(entries.get(person.slug), everything, ids)
        change.edit_split({person.slug: None, other.slug: _joined(entries.get(other.slug), moved)})
        change.merge(person, other)
    return change.done


def move_pictures(
    workspace: Workspace, name: str, chosen: Sequence[str], to: str, keep_days: int
) -> Trashed:
    """Give sessions or pictures of one person to another, as sessions of the same source and time.
    Raises PersonNotFound, NoPictures if one of them is not there, UsageError for the same
    person."""
    person, other = _two(workspace, name, to)
    _unused, sessions = _chosen(workspace, name, chosen)
    total = sum(map(len, sessions.values()))
    about = [(person.id, {"given": total}), (other.id, {"received": total})]
    title = f"Moved {many(total, 'picture')} of {person.name} to {other.name}"
    back = f"{person.name} has {many(total, 'picture')} again"
    with Trash(workspace, keep_days).noted_change(
        Audit(workspace), "pictures-moved", about, title, back, pictures=total
    ) as change:
        ids = _move_sessions(workspace, change, person, other, sessions)
        entries = traces.split_entries(workspace)
        own = entries.get(person.slug)
        moved = _moved(own, sessions, ids)
        kept = _left(own, sessions)
        change.edit_split({person.slug: kept, other.slug: _joined(entries.get(other.slug), moved)})
    return change.done


def undo(workspace: Workspace, id: str = "") -> Trashed:
    """Undo a change, by default the newest; what came back. Raises NothingToUndo, UndoConflict, and
    NameTaken if somebody who would come back has a name that another person took meanwhile."""
    trash = Trash(workspace)
    found = trash.find(id)
    people = People(workspace)
    enrolled = {each.id for each in people.list()}
    for id_back, name in found.back_ids:
        if id_back in enrolled:
            raise UndoConflict(
                "Could not undo this",
                f"{name} is enrolled again already",
                "Delete that person first, then undo again.",
            )
        try:
            people.refuse_taken(name, own=None)
        except NameTaken as error:
            raise NameTaken(
                "The name was taken meanwhile",
                f"another person is called {name} now",
                "Rename that person, then undo again.",
            ) from error
    about = [(each, {"change": found.id}) for each, _unused in found.back_ids if each]
    with Audit(workspace).of_all("change-undone", about or [("", {"change": found.id})]):
        return trash.undo(found.id)


def remove_stranger(workspace: Workspace, name: str) -> tuple[str, int]:
    """Remove one stranger with pictures and features; the caller holds `Workspace.writer`. One who
    is damaged goes by the name of the folder. Returns the stranger's name and number of pictures.
    Raises PersonNotFound, PersonUnreadable if this user may not read them."""
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
            "There is no such stranger", clean_name(name), Remedy.STRANGERS
        ) from error
    with Audit(area).of("stranger-removed", gone.id, pictures=gone.pictures):
        people.delete_slug(gone.slug)
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


# --- who and what --------------------------------------------------------------------------------


def _two(workspace: Workspace, source: str, target: str) -> tuple[Person, Person]:
    registry = People(workspace)
    person, other = registry.get(source), registry.get(target)
    if person.slug == other.slug:
        raise UsageError("That is one and the same person", person.name, "Name another person.")
    return person, other


def _chosen(
    workspace: Workspace, name: str, chosen: Sequence[str]
) -> tuple[Person, dict[str, tuple[str, ...]]]:
    """The person, and the chosen pictures by session, in the person's order."""
    person = People(workspace).get(name)
    have = {session.id: session.pictures for session in person.sessions}
    wanted: dict[str, set[str]] = {}
    for each in chosen:
        session, _unused, file = each.partition("/")
        if session not in have or (file and file not in have[session]):
            raise NoPictures(
                "There is no such picture", f"{each} of {person.name}", Remedy.PICTURES
            )
        wanted.setdefault(session, set()).update([file] if file else have[session])
    if not wanted:
        raise UsageError("No picture was named", person.name, "Say which: SESSION or SESSION/FILE.")
    return person, {
        session: tuple(file for file in files if file in wanted[session])
        for session, files in have.items()
        if session in wanted
    }


def _whole(person: Person, session: str, files: Sequence[str]) -> bool:
    return any(each.id == session and each.pictures == tuple(files) for each in person.sessions)


# --- steps ---------------------------------------------------------------------------------------


def _move_sessions(
    workspace: Workspace, change: Change, person: Person, other: Person, sessions: Chosen
) -> dict[str, str]:
    """Add the steps that give sessions to `other`; the sessions' new ids."""
    target = workspace.people / other.slug
    taken = {path.name for path in target.iterdir()}
    ids = {}
    for session, files in sessions.items():
        ids[session] = new = _free(session, taken)
        taken.add(new)
        folder = workspace.people / person.slug / session
        if _whole(person, session, files):
            change.move(folder, target / new)
            for rows in traces.feature_files(workspace, person.slug, session):
                name = f"{new}{rows.name[len(session) :]}"
                change.move(rows, rows.parent.parent / other.slug / name, optional=True)
        else:
            staged = change.stage()
            _copy_head(folder, staged, new, frozenset(files))
            for file in files:
                change.move(folder / file, staged / file)
            change.move(staged, target / new)
            _remove_features(workspace, change, person.slug, session)
    return ids


def _free(session: str, taken: set[str]) -> str:
    """This session's id, or its next one that is free."""
    stem, _unused, digits = session.rpartition("-")
    number, candidate = 1, session
    while candidate in taken:
        number += 1
        candidate = f"{stem or digits}-{number:03d}"
    return candidate


def _copy_head(folder: Path, staged: Path, id: str, files: frozenset[str]) -> None:
    """Source, start and the details of `files` for a session made from a part of another."""
    head = read_object(folder / SESSION_FILE)
    if head is not None:
        write_json(staged / SESSION_FILE, {**head, "id": id, "captured": len(files)})
    try:
        lines = [line + b"\n" for line in read_lines(folder / RECORDS_FILE)]
    except FileNotFoundError:
        return
    write_bytes(staged / RECORDS_FILE, b"".join(line for line in lines if _about(line) in files))


def _about(line: bytes) -> str:
    """The file that a line of pictures.jsonl is about; empty if it is damaged."""
    try:
        return str(parse_json(line)["file"])
    except (ValueError, TypeError, KeyError):
        return ""


def _remove_features(workspace: Workspace, change: Change, slug: str, session: str = "") -> None:
    for path in traces.feature_files(workspace, slug, session):
        change.remove(path, optional=True)


# --- entries of split.json: {"train": ["session/file", ...], ..., "counts": {...}} ---------------


def _left(entry: Any, sessions: Chosen) -> Any:
    """The entry without these pictures."""
    gone = {f"{session}/{file}" for session, files in sessions.items() for file in files}
    return _entry(
        {part: [p for p in pictures if p not in gone] for part, pictures in _parts(entry)}
    )


def _moved(entry: Any, sessions: Chosen, ids: Mapping[str, str]) -> Any:
    """The entry of these pictures alone, in the sessions that they became."""
    names = {f"{s}/{file}": f"{ids[s]}/{file}" for s, files in sessions.items() for file in files}
    return _entry(
        {part: [names[p] for p in pictures if p in names] for part, pictures in _parts(entry)}
    )


def _joined(own: Any, other: Any) -> Any:
    """Two entries as one. Somebody who was not in the split is not in it after either."""
    if not isinstance(own, dict) or not isinstance(other, dict):
        return own
    return _entry({part: [*pictures, *other.get(part, [])] for part, pictures in _parts(own)})


def _parts(entry: Any) -> Iterator[tuple[str, list[str]]]:
    for part, pictures in entry.items() if isinstance(entry, dict) else ():
        if isinstance(pictures, list):
            yield part, pictures


def _entry(parts: dict[str, list[str]]) -> Any:
    if not any(parts.values()):
        return None
    return {"counts": {part: len(pictures) for part, pictures in parts.items()}, **parts}
