"""What makes data a person's: folder, names, and the digests of pictures and rows.

It is collected before anything is removed and kept in the marker of an erasure, so that one that
was cut short is finished, and searched for, in the same words.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract.errors import DataError, FacedeskError, ModelCorrupt
from engine.model.store import ModelStore
from engine.people import roster, traces
from engine.people.names import is_slug
from engine.people.registry import People, utc_now
from engine.people.strangers import StrangerArea
from engine.people.trash import MANIFEST, Trash
from engine.rights.mentions import Mentions, Unread, contents
from engine.rights.whose import belongs, concerns, former_names, owners_in, whom
from engine.text import name_key
from engine.workspace.files import read_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import is_identity, sub_folders

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
