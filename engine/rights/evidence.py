"""What makes data a person's: folder, names, digests of pictures and rows; what a store can do.

It is collected before anything is removed and kept in the marker of an erasure, so that one that
was cut short is finished, and searched for, in the same words.

Whose something is goes by identity, never by a folder's name: that is free again once a person is
gone, and two humans may have one name. What models, the trash and the audit hold is the person's if
it bears one of their identities: their own, or that of somebody who was merged into them. A model's
label whose identity is nobody's any more is theirs if it has their name: the name is a trace.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.contract.errors import (
    DataError,
    FacedeskError,
    ModelCorrupt,
    PersonNotFound,
    PersonUnreadable,
)
from engine.contract.people import Kind
from engine.model.record import Label, ModelInfo
from engine.model.store import ModelStore
from engine.people import roster
from engine.people.person import Person, UnreadPerson, clean_name, is_slug, may_be_slug_of
from engine.people.registry import People, StrangerArea
from engine.people.traces import manifest_of
from engine.people.trash import Trash
from engine.rights.mentions import Mentions, Unread, contents
from engine.settings import Settings
from engine.text import name_key
from engine.workspace.files import read_json, remove_directory, remove_file
from engine.workspace.folder import Workspace
from engine.workspace.identity import (
    NOBODY_KNOWN,
    PERSON_FILE,
    before,
    identity_at,
    is_identity,
    merged_in,
    sub_folders,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 2
"""Of the marker; one of format 1 has no answers: what it says is finished as it was begun."""
SHORTEST_ROW = 16
"""Numbers; shorter rows are no template and may be anybody's."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`names` are all that this folder has had, the present one first. `pictures` are SHA-256 of
    files, `rows` digests of feature rows, embeddings and centres, see `row_digests`. Of these
    `shared` are others' too and stay with them, as was answered; `sightings` are the kept
    strangers, as paths below the workspace, who are the person."""

    id: str
    slug: str
    names: tuple[str, ...]
    by: str
    began: str
    pictures: frozenset[str]
    rows: frozenset[str]
    shared: frozenset[str] = frozenset()
    sightings: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    """Every identity of the person, the present one first."""

    def mentions(self, workspace: Workspace) -> Mentions:
        """What finds the person in texts of this workspace."""
        others = [part for area in (workspace, StrangerArea(workspace)) for part in _all_of(area)]
        with contextlib.suppress(FacedeskError):
            mine = set(map(name_key, self.names))
            waiting = (entry.name for entry in roster.entries(workspace))
            others += [name for name in waiting if name_key(name) not in mine]
        wanted = (*self.names, *filter(is_identity, self.ids))
        return Mentions(wanted, self.slug, [o for o in others if o != self.slug])

    def to_json(self) -> dict[str, Any]:
        """The form in the marker."""
        fields = asdict(self).items()
        return {"version": FORMAT} | {
            key: sorted(value) if isinstance(value, frozenset) else value for key, value in fields
        }


_LISTS = "names", "sightings", "ids"
_SETS = "pictures", "rows", "shared"


def from_json(body: Any) -> Evidence:
    """The reverse. Raises KeyError, TypeError or ValueError if it is damaged."""
    if body["version"] not in (1, FORMAT) or not is_slug(body["slug"]) or not body["names"]:
        raise ValueError("the marker is of another version or damaged")
    made: dict[str, Any] = {key: str(body[key]) for key in ("id", "slug", "by", "began")}
    made |= {key: tuple(map(str, body[key])) for key in _LISTS if key in body}
    made |= {key: frozenset(map(str, body[key])) for key in _SETS if key in body}
    return Evidence(**made)


def files_below(folder: Path) -> Iterator[Path]:
    """Every regular file in `folder`, or `folder` itself if it is one; links are not followed. What
    may not be listed is left out: the final search says so."""
    if folder.is_symlink():
        return
    if folder.is_file():
        yield folder
    elif folder.is_dir():
        with contextlib.suppress(PermissionError):
            for entry in sorted(folder.iterdir()):
                yield from files_below(entry)


def readable(files: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Those of these files that can be read, with what they say: the final search tells of the
    others."""
    for file in files:
        with contextlib.suppress(FileNotFoundError, Unread):
            yield file, contents(file)


def pictures_below(place: Path, sizes: Collection[int] = ()) -> Iterator[str]:
    """SHA-256 of each crop in a folder, or of the one that it is; only those of these `sizes` on
    disk if some are given."""
    files = (f for f in files_below(place) if not sizes or f.stat().st_size in sizes)
    for file, data in readable(files):
        if is_picture(file, data):
            yield hashlib.sha256(data).hexdigest()


def is_picture(file: Path, data: bytes) -> bool:
    """Whether it is a crop: one that was deleted by itself bears a number in the trash."""
    return file.suffix == ".png" or (_by_number(file) and data.startswith(b"\x89PNG"))


def holds_arrays(file: Path, data: bytes) -> bool:
    """Whether it holds rows of numbers, under a name of ours or a number in the trash."""
    return file.suffix == ".npz" or (_by_number(file) and data.startswith(b"PK"))


def _by_number(file: Path) -> bool:
    return file.name.isascii() and file.name.isdigit()


def rows_in(data: bytes) -> Iterator[str]:
    """Digests of the rows of an `.npz`; none if it is damaged."""
    from engine.model.arrays import unpack

    with contextlib.suppress(ModelCorrupt):
        for array in unpack(data, "").values():
            yield from row_digests(array)


def row_digests(array: NDArray[Any]) -> Iterator[str]:
    """A digest of each row of numbers, the same whether it is kept as float16 or as float32."""
    import numpy as np

    if array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] >= SHORTEST_ROW:
        for row in array:
            data = np.ascontiguousarray(row, np.float32).tobytes()
            yield hashlib.blake2b(data, digest_size=16).hexdigest()


def centre_digests(workspace: Workspace, ids: Collection[str]) -> Iterator[str]:
    """Digests of the person's centre in every model, under each of their identities."""
    store = ModelStore(workspace)
    for info in store.list():
        if any(label[0] in ids for label in info.people):
            with contextlib.suppress(FacedeskError):
                model = store.load(info.id)
                mine = [row for row, label in enumerate(model.labels) if label[0] in ids]
                yield from row_digests(model.centres[mine])


def _all_of(area: Workspace) -> Iterator[str]:
    for person in People(area).list():
        yield person.slug
        yield person.name


_STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?: \([0-9]+\))?"
RECORDS = ("trained_on", "enrolled_on")
"""Details of a model that list pictures by person."""


Whom = tuple[str, str, tuple[str, ...]]
"""Who is to be erased: the folder, the name, and every identity, the present one first."""


def whom(workspace: Workspace, name: str) -> Whom:
    """The enrolled person of this name, else one in the trash. One whose person.json is damaged
    goes by the name or the folder's. Raises PersonNotFound, PersonUnreadable for one whom this user
    may not read, and DataError for one who was merged into somebody: their pictures are that
    person's, and to erase the merge alone would leave them all."""
    registry = People(workspace)
    try:
        person = registry.get(name)
    except PersonUnreadable:
        return _whom_unread(workspace, registry.unread_of(name), name)
    except PersonNotFound:
        wanted = name_key(clean_name(name))
        for slug, known, ids in _trashed(workspace):
            if name_key(known) == wanted:
                _refuse_merged(workspace, ids[0], known)
                return slug, known, ids
        raise
    return person.slug, person.name, (person.id, *person.merged)


def _whom_unread(workspace: Workspace, found: UnreadPerson | None, asked: str) -> Whom:
    """Somebody whose person.json is damaged. Models may still know name and identity, by the name
    that the folder was made of or by the sessions in it. Raises PersonUnreadable if this user may
    not read them, for then nothing could be removed either; and if it takes the folder's name to be
    sure that nobody else is meant."""
    if found is None:  # mended meanwhile
        raise PersonNotFound("Nobody of this name is enrolled", asked, "Try again.")
    if found.denied:
        raise found.error
    folder = workspace.people / found.slug
    sessions = {entry.name for entry in sub_folders(folder)}
    taken = {id for person in People(workspace).list() for id in person.ids}
    trashed: set[str] = set()
    for change in Trash(workspace).changes():  # nobody else is given a folder that is in the trash
        for place, id in change.people.items():
            (trashed if place == f"people/{found.slug}" else taken).add(id)
    labels = {
        (id, name)
        for info in ModelStore(workspace).list()
        for id, name, _revision in info.people
        if id not in taken
        and (
            id in trashed or may_be_slug_of(found.slug, name) or sessions & set(_sessions(info, id))
        )
    }
    names = [*filter(None, [found.name]), *sorted(name for _id, name in labels)]
    if asked != found.slug and name_key(asked) not in map(name_key, names):
        raise found.error
    others = sorted({id for id, _name in labels} | (trashed - taken - {NOBODY_KNOWN}))
    ids = [identity_at(folder), *others, before(found.slug)]
    return found.slug, (names or [asked])[0], tuple(dict.fromkeys(filter(None, ids)))


def _sessions(info: ModelInfo, id: str) -> Iterator[str]:
    """The sessions that a model lists of an identity."""
    for listed in _records(info):
        theirs = listed.get(id)
        yield from theirs if isinstance(theirs, Mapping) else ()


def _records(info: ModelInfo) -> Iterator[Mapping[str, Any]]:
    """What a model lists of pictures, by person."""
    found = map(info.details.get, RECORDS)
    yield from (listed for listed in found if isinstance(listed, Mapping))


def belongs(folder: Path, ids: Collection[str]) -> bool:
    """Whether a person's folder is that of somebody of these identities; one whose person.json is
    damaged goes by the folder."""
    return (identity_at(folder) or before(folder.name)) in ids


def _refuse_merged(workspace: Workspace, id: str, name: str) -> None:
    """Raise DataError if the person of this identity was merged into somebody who is here, or in
    the trash."""
    into = [each.name for each in People(workspace).list() if id in each.merged]
    into += [other for _slug, other, ids in _trashed(workspace) if id in ids[1:]]
    if into:
        raise DataError(
            "This person was merged into another",
            f"the pictures of {name} are those of {into[0]} by now",
            f"Erase {into[0]}, which erases both. If it was a mistake, undo the merge first.",
        )


def _trashed(workspace: Workspace) -> Iterator[Whom]:
    """Everybody whom undoing a change brings back, of the newest change first."""
    for change in Trash(workspace).changes():
        for slug, name in change.names:
            if is_slug(slug):
                id = change.people.get(f"people/{slug}", before(slug))
                yield slug, name, (id, *_merged(workspace, change.id, slug))


def _merged(workspace: Workspace, change: str, slug: str) -> tuple[str, ...]:
    """Who was merged into a person whose folder lies in the trash."""
    manifest = manifest_of(workspace.trash / change)
    if manifest is not None:
        for kept in map(manifest.kept, (s for s in manifest.steps if s.source == f"people/{slug}")):
            with contextlib.suppress(FileNotFoundError, DataError):
                return merged_in(read_json(kept / PERSON_FILE)) if kept else ()
    return ()


def is_anothers(workspace: Workspace, who: Evidence) -> bool:
    """Whether the folder that was the person's is another human's by now."""
    folder = workspace.people / who.slug
    return folder.is_dir() and not belongs(folder, who.ids)


def told_from(stranger: Person, who: Evidence) -> bool:
    """Whether this stranger was told from the person, and bears their name for it."""
    if stranger.apart_from:
        return stranger.apart_from in who.ids
    # From before there were identities: "Not NAME 2026-11-30 16:48", NAME as a whole.
    names = "|".join(re.escape(name) for name in who.names)
    return re.fullmatch(rf"\S+ (?:{names}) {_STAMP}", stranger.name) is not None


def labels_of(workspace: Workspace, info: ModelInfo, who: Evidence) -> frozenset[str]:
    """Identities under which a model knows the person, by label or by the pictures it lists."""
    others = _others(workspace, who)
    found = {label[0] for label in info.people if _is_theirs(label, who, others)}
    for listed in _records(info):
        found |= set(who.ids) & set(listed)
    return frozenset(found)


def audit_subjects(who: Evidence) -> tuple[str, ...]:
    """What the audit may know the person by; a key of before there were identities: by folder."""
    return (*who.ids, before(who.slug))


def _is_theirs(label: Label, who: Evidence, others: frozenset[str]) -> bool:
    if label[0] in who.ids:
        return True
    return label[0] not in others and name_key(label[1]) in set(map(name_key, who.names))


def _others(workspace: Workspace, who: Evidence) -> frozenset[str]:
    """Identities of everybody else, enrolled or in the trash."""
    ids = {id for person in People(workspace).list() for id in person.ids}
    for change in Trash(workspace).changes():
        ids |= set(change.people.values())
    return frozenset(ids - {NOBODY_KNOWN, *who.ids})


# --- stores ---------------------------------------------------------------------------------------


Counts = dict[str, int | str]
"""How much of each kind went. `model` is no count: it says what became of the model in use."""
DueKind = Literal["trash", "unknown", "choice", "model", "evaluation", "recording", "log"]


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose time is over: its kind, and its path below the workspace."""

    kind: DueKind
    path: str

    @classmethod
    def of(cls, workspace: Workspace, kind: DueKind, path: Path) -> Due:
        """The same by a path on disk."""
        return cls(kind, path.relative_to(workspace.root).as_posix())


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody else holds: pictures below `folders`, rows below `rows`, and centres in models
    under the identities `ids`."""

    kind: Kind
    whose: str
    folders: Sequence[Path]
    rows: Sequence[Path]
    ids: Collection[str] = ()


class Store:
    """One kind of data that a workspace keeps about people; what a store has not, stays as here. A
    new kind is a new row of `stores.STORES`: erasure, renaming, export, the search for who is known
    here, and retention walk that list. The caller of what writes holds `Workspace.writer`."""

    name = ""
    """Of its step in an erasure that is under way: it never changes."""
    places: tuple[str, ...] = ()
    """Files and folders directly in the workspace that are this store's."""
    archived = ""
    """Pattern of its paths in an archive of a person."""
    about = ""
    """What its files in an archive are, for the person themselves: lines of README.txt."""

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        """Remove what is the person's. May be done twice: one that was cut short is done again."""
        return {}

    def rename(self, workspace: Workspace, person: Person, new: str) -> None:
        """Give a person another name."""

    def mentions(self, workspace: Workspace) -> Iterable[tuple[str, str]]:
        """Identities that something here goes by, each with the name that it bears, if any."""
        return ()

    def files(self, workspace: Workspace, ids: Collection[str]) -> Iterable[Path]:
        """Files and folders that are the person's by the place where they lie."""
        return ()

    def others(self, workspace: Workspace, who: Evidence) -> Iterable[Holding]:
        """What others hold, who may hold the same as the person."""
        return ()

    def export(self, workspace: Workspace, person: Person) -> Iterable[tuple[str, bytes]]:
        """What is held on a person: paths in the archive, and contents."""
        return ()

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterable[Due]:
        """What has been kept for long enough. Reads only."""
        return ()

    def overdue(self, workspace: Workspace, settings: Settings, now: datetime | None) -> bool:
        """Whether `purge` would do something."""
        return any(True for _due in self.due(workspace, settings, now))

    def purge(self, workspace: Workspace, settings: Settings, now: datetime | None) -> None:
        """Remove what is due. Raises WorkspaceUnusable."""
        for each in tuple(self.due(workspace, settings, now)):
            path = workspace.root / each.path
            remove = remove_directory if os.path.isdir(path) else remove_file
            remove(path)


def json_bytes(value: Any) -> bytes:
    """JSON as it stands in an archive."""
    return (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()
