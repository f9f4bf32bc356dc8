"""Who else holds the very bytes of a person's pictures: they keep them, and it is asked first."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from engine.contract.errors import DataError
from engine.contract.people import Holder, Kind
from engine.people import traces
from engine.people.registry import People
from engine.people.strangers import StrangerArea
from engine.people.trash import MANIFEST
from engine.rights.evidence import (
    Evidence,
    centre_digests,
    files_below,
    holds_arrays,
    is_picture,
    own_files,
    rows_in,
)
from engine.rights.mentions import Unread, contents
from engine.rights.whose import belongs, concerns, owners_in
from engine.workspace.files import read_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import sub_folders


def others_of(workspace: Workspace, who: Evidence) -> tuple[tuple[Holder, ...], frozenset[str]]:
    """Who holds pictures of `who` too, and the digests of pictures and rows that are theirs too."""
    holders, shared = [], set[str]()
    sizes = _sizes(workspace, who)
    for kind, whose, folders, rows in _everybody(workspace, who):
        digests = [digest for each in folders for digest in pictures_below(each, sizes)]
        same = who.pictures.intersection(digests)
        if same:
            holders.append(Holder(kind, whose, sum(digest in same for digest in digests)))
            shared |= same
            shared.update(who.rows.intersection(rows()))
    return tuple(holders), frozenset(shared)


def held_in(folder: Path, who: Evidence) -> frozenset[str]:
    """Digests of the pictures and rows of `who` that lie in a folder."""
    found = who.pictures.intersection(pictures_below(folder))
    return found | who.rows.intersection(_rows_below([folder])) if found else frozenset()


def keeps_others(
    folder: Path, source: str, target: str, owners: Mapping[str, str], who: Evidence
) -> bool:
    """Whether a step of a change in the trash (`folder`) keeps pictures of somebody else there;
    `owners` are the manifest's people."""
    if not target.startswith("@/kept/") or ".." in target or concerns(source, owners, who.ids):
        return False
    place = folder.joinpath(*target.split("/")[1:])
    owned = source.split("/")[0] in ("people", "strangers")
    return owned and any(pictures_below(place))


def pictures_below(place: Path, sizes: frozenset[int] | None = None) -> Iterator[str]:
    """SHA-256 of each crop in a folder, or of the one that it is; only those of these `sizes` on
    disk if they are given."""
    for file in files_below(place):
        with contextlib.suppress(FileNotFoundError, Unread):
            if sizes is not None and file.stat().st_size not in sizes:
                continue
            if is_picture(file, data := contents(file)):
                yield hashlib.sha256(data).hexdigest()


def _sizes(workspace: Workspace, who: Evidence) -> frozenset[int]:
    """Bytes that a copy of one of the person's pictures has on disk: nothing else need be read of
    everybody who is enrolled. Sealing makes all of them longer by the same."""
    plain, more = set(), {0}
    for file in own_files(workspace, who.ids):
        with contextlib.suppress(FileNotFoundError, Unread):
            if is_picture(file, data := contents(file)):
                plain.add(len(data))
                more.add(file.stat().st_size - len(data))
    return frozenset(length + extra for length in plain for extra in more)


def _everybody(
    workspace: Workspace, who: Evidence
) -> Iterator[tuple[Kind, str, list[Path], _Rows]]:
    areas: tuple[tuple[Kind, Workspace], ...]
    areas = ("person", workspace), ("stranger", StrangerArea(workspace))
    for kind, area in areas:
        known = {each.slug: each for each in People(area).list()}
        for entry in sub_folders(area.people):
            person = known.get(entry.name)
            if kind == "person" and belongs(Path(entry.path), who.ids):
                continue
            held = [Path(entry.path), *traces.feature_files(area, entry.name)]
            ids = person.ids if person is not None and kind == "person" else frozenset[str]()
            name = person.name if person is not None else entry.name
            yield kind, name, held, _Rows(workspace, held, ids)
    for entry in sub_folders(workspace.trash):
        folder = Path(entry.path)
        try:
            manifest = read_json(folder / MANIFEST)
            title = str(manifest["title"])
            steps = [(str(source), str(target)) for source, target, *_rest in manifest["steps"]]
        except (FileNotFoundError, DataError, KeyError, TypeError, ValueError):
            title = f"a damaged change, {entry.name}"
            yield "trash", title, [folder], _Rows(workspace, [folder], ())
            continue
        owners = owners_in(manifest)
        kept = [t for s, t in steps if keeps_others(folder, s, t, owners, who)]
        held = [folder.joinpath(*target.split("/")[1:]) for target in kept]
        if held:
            # Features are kept beside the pictures, in a place of their own.
            yield "trash", title, held, _Rows(workspace, [folder], ())


class _Rows:
    """Digests of somebody's rows and centres, read when they are asked for."""

    def __init__(self, workspace: Workspace, folders: list[Path], ids: Collection[str]) -> None:
        self._workspace, self._folders, self._ids = workspace, folders, ids

    def __call__(self) -> set[str]:
        found = set(centre_digests(self._workspace, self._ids)) if self._ids else set()
        return found.union(_rows_below(self._folders))


def _rows_below(folders: Sequence[Path]) -> Iterator[str]:
    for file in (f for each in folders for f in files_below(each)):
        with contextlib.suppress(FileNotFoundError, Unread):
            if holds_arrays(file, data := contents(file)):
                yield from rows_in(data)
