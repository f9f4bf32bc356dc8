"""What makes data a person's: folder, names, and the digests of pictures and rows.

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
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract.errors import (
    DataError,
    FacedeskError,
    ModelCorrupt,
    PersonNotFound,
    PersonUnreadable,
)
from engine.model.record import Label, ModelInfo
from engine.model.store import ModelStore
from engine.people import roster, traces
from engine.people.person import Person, UnreadPerson, clean_name, is_slug, may_be_slug_of
from engine.people.registry import People, StrangerArea, utc_now
from engine.people.traces import place_of
from engine.people.trash import MANIFEST, Trash
from engine.rights.mentions import Mentions, Unread, contents
from engine.text import name_key
from engine.workspace.files import read_json
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
    """Every identity of the person, the present one first; see `whose`."""

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
        return {
            "version": FORMAT,
            "id": self.id,
            "slug": self.slug,
            "names": list(self.names),
            "by": self.by,
            "began": self.began,
            "pictures": sorted(self.pictures),
            "rows": sorted(self.rows),
            "shared": sorted(self.shared),
            "sightings": list(self.sightings),
            "ids": list(self.ids),
        }


def from_json(body: Any) -> Evidence:
    """The reverse. Raises KeyError, TypeError or ValueError if it is damaged."""
    if body["version"] not in (1, FORMAT) or not is_slug(body["slug"]) or not body["names"]:
        raise ValueError("the marker is of another version or damaged")
    return Evidence(
        id=str(body["id"]),
        slug=str(body["slug"]),
        names=tuple(map(str, body["names"])),
        by=str(body["by"]),
        began=str(body["began"]),
        pictures=frozenset(map(str, body["pictures"])),
        rows=frozenset(map(str, body["rows"])),
        shared=frozenset(map(str, body.get("shared", ()))),
        sightings=tuple(map(str, body.get("sightings", ()))),
        ids=tuple(map(str, body.get("ids", ()))),
    )


def collect(workspace: Workspace, name: str, by: str) -> Evidence:
    """What is to be erased of the person of this name, enrolled or in the trash.

    Raises PersonNotFound.
    """
    theirs = whom(workspace, name)
    slug, found, ids = theirs.slug, theirs.name, theirs.ids
    # A former name that is somebody else's by now is theirs.
    taken = {name_key(p.name) for p in People(workspace).list() if p.slug != slug}
    former = [each for each in former_names(workspace, ids) if name_key(each) not in taken]
    names = list(dict.fromkeys([found, *former]))
    pictures, rows = set(), set(centre_digests(workspace, ids))
    for file in own_files(workspace, ids):
        with contextlib.suppress(FileNotFoundError, Unread):  # damaged: gone with its folder
            data = contents(file)
            if is_picture(file, data):
                pictures.add(hashlib.sha256(data).hexdigest())
            elif holds_arrays(file, data):
                rows |= set(rows_in(data))
    return Evidence(
        id=secrets.token_hex(8),
        slug=slug,
        names=tuple(names),
        by=by,
        began=utc_now(),
        pictures=frozenset(pictures),
        rows=frozenset(rows),
        ids=ids,
    )


def own_files(workspace: Workspace, ids: Collection[str]) -> list[Path]:
    """Every file that is the person's by the place where it lies, in the trash too."""
    folders = []
    for entry in sub_folders(workspace.people):
        if belongs(Path(entry.path), ids):
            folders += [Path(entry.path), *traces.feature_files(workspace, entry.name)]
    for each in Trash(workspace).changes():
        folders += kept_of(workspace, each.id, ids)
    return [file for folder in folders for file in files_below(folder)]


def files_below(folder: Path) -> Iterator[Path]:
    """Every regular file in `folder`, or `folder` itself if it is one; links are not followed.

    What may not be listed is left out: the final search says so.
    """
    if folder.is_symlink():
        return
    if folder.is_file():
        yield folder
    elif folder.is_dir():
        with contextlib.suppress(PermissionError):
            for entry in sorted(folder.iterdir()):
                yield from files_below(entry)


def kept_of(workspace: Workspace, change: str, ids: Collection[str]) -> list[Path]:
    """What the trash keeps of the person in one change."""
    folder = workspace.trash / change
    try:
        manifest = read_json(folder / MANIFEST)
        pairs = [(str(source), str(target)) for source, target, *_rest in manifest["steps"]]
    except (FileNotFoundError, DataError, KeyError, TypeError, ValueError):
        return []
    owners = owners_in(manifest)
    return [
        folder.joinpath(*target.split("/")[1:])
        for source, target in pairs
        if concerns(source, owners, ids) and target.startswith("@/") and ".." not in target
    ]


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


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is to be erased: the folder, the name, and every identity, the present one first."""

    slug: str
    name: str
    ids: tuple[str, ...]


def whom(workspace: Workspace, name: str) -> Whom:
    """The enrolled person of this name, else one in the trash.

    One whose person.json is damaged goes by the name or the folder's. Raises PersonNotFound,
    PersonUnreadable for one whom this user may not read, and DataError for one who was merged into
    somebody: their pictures are that person's, and to erase the merge alone would leave them all.
    """
    registry = People(workspace)
    try:
        person = registry.get(name)
    except PersonUnreadable:
        return _whom_unread(workspace, registry.unread_of(name), name)
    except PersonNotFound:
        wanted = name_key(clean_name(name))
        for change in Trash(workspace).changes():
            for slug, known in change.names:
                if name_key(known) == wanted and is_slug(slug):
                    id = change.people.get(f"people/{slug}", before(slug))
                    _refuse_merged(workspace, id, known)
                    return Whom(slug, known, (id, *_merged(workspace, change.id, slug)))
        raise
    return Whom(person.slug, person.name, (person.id, *person.merged))


def _whom_unread(workspace: Workspace, found: UnreadPerson | None, asked: str) -> Whom:
    """Somebody whose person.json is damaged. Models may still know name and identity, by the name
    that the folder was made of or by the sessions in it.

    Raises PersonUnreadable if this user may not read them, for then nothing could be removed
    either; and if it takes the folder's name to be sure that nobody else is meant.
    """
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
    return Whom(found.slug, (names or [asked])[0], tuple(dict.fromkeys(filter(None, ids))))


def _sessions(info: ModelInfo, id: str) -> Iterator[str]:
    """The sessions that a model lists of an identity."""
    for record in RECORDS:
        listed = info.details.get(record)
        theirs = listed.get(id) if isinstance(listed, Mapping) else None
        yield from theirs if isinstance(theirs, Mapping) else ()


def belongs(folder: Path, ids: Collection[str]) -> bool:
    """Whether a person's folder is that of somebody of these identities; one whose person.json is
    damaged goes by the folder."""
    return (identity_at(folder) or before(folder.name)) in ids


def _refuse_merged(workspace: Workspace, id: str, name: str) -> None:
    """Raise DataError if the person of this identity was merged into somebody who is here, or in
    the trash."""
    changes = Trash(workspace).changes()
    into = [each.name for each in People(workspace).list() if id in each.merged]
    into += [
        other
        for change in changes
        for slug, other in change.names
        if is_slug(slug) and id in _merged(workspace, change.id, slug)
    ]
    if into:
        raise DataError(
            "This person was merged into another",
            f"the pictures of {name} are those of {into[0]} by now",
            f"Erase {into[0]}, which erases both. If it was a mistake, undo the merge first.",
        )


def _merged(workspace: Workspace, change: str, slug: str) -> tuple[str, ...]:
    """Who was merged into a person whose folder lies in the trash."""
    folder = workspace.trash / change
    with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError, ValueError):
        for source, target, _optional in read_json(folder / MANIFEST)["steps"]:
            if source == f"people/{slug}" and target.startswith("@/kept/") and ".." not in target:
                return merged_in(read_json(folder / target[2:] / PERSON_FILE))
    return ()


def former_names(workspace: Workspace, ids: Iterable[str]) -> Iterator[str]:
    """Names under which models and the trash know these identities."""
    wanted = frozenset(ids)
    for info in ModelStore(workspace).list():
        yield from (name for id, name, _revision in info.people if id in wanted)
    for change in Trash(workspace).changes():
        yield from (name for id, name in change.back_ids if id in wanted)


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


def concerns(key: str, owners: Mapping[str, str], ids: Iterable[str]) -> bool:
    """Whether a path in a manifest of the trash is the person's: folder, or features.

    `owners` are the manifest's `people`.
    """
    return owners.get(place_of(key)) in frozenset(ids)


def owners_in(manifest: Any) -> dict[str, str]:
    """`people` of a manifest: whose each folder was."""
    found = manifest.get("people") if isinstance(manifest, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def labels_of(workspace: Workspace, info: ModelInfo, who: Evidence) -> frozenset[str]:
    """Identities under which a model knows the person, by label or by the pictures it lists."""
    others = _others(workspace, who)
    found = {label[0] for label in info.people if _is_theirs(label, who, others)}
    for record in RECORDS:
        listed = info.details.get(record)
        found |= frozenset(who.ids) & set(listed if isinstance(listed, Mapping) else ())
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
