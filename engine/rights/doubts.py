"""What an erasure asks about: kept strangers who may be the person, and others who hold the same.

Unknown people, those who were deleted there and lie in the trash, and the operator's own strangers
are compared with the person's own pictures, by embeddings in one face space. Whom
the operator made somebody is that somebody's: of their own strangers none goes without a word.
Others who hold the very bytes of a person's pictures keep them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract.errors import DataError, FacedeskError
from engine.contract.people import Holder, Unsure, Why
from engine.people.registry import strangers
from engine.people.traces import manifests
from engine.people.unknown import FEATURES_FILE, SIGHTING_FILE
from engine.rights import stores
from engine.rights.evidence import (
    Evidence,
    centre_digests,
    files_below,
    holds_arrays,
    is_picture,
    pictures_below,
    readable,
    rows_in,
)
from engine.rights.stores import own_files
from engine.workspace.files import read_object
from engine.workspace.folder import Workspace
from engine.workspace.identity import is_session_id, picture_names, sub_folders

if TYPE_CHECKING:
    from engine.model.backbones import Backbone
    from engine.model.networks import Backbones
    from engine.model.vectors import Float32
    from engine.settings import Settings

MAYBE = 0.30
"""Mean cosine from which on a face that is not surely the person's may be. In the space of two
opinions, on 16 people of 12 pictures and 110 others who were in no space: 89 of 100 faces of a
person reach `grouping.SAME_STRANGER` (0.44), 98 of 100 this; of others' 1 in 900, and 1 in 70."""
MOST = 60
"""Pictures of the person that an embedding is computed of where none is kept: evenly chosen."""

Scores = Mapping[str, tuple[float, float]]
"""Of each kept stranger, by the folder below the workspace, the mean cosine over all pairs with the
person's pictures, and the best. Who could not be compared is missing."""
Load = Callable[[], "Backbone"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept stranger. `extractor` and `space` are the digests of what `features.npz` is of; all
    texts are empty where the record is damaged. `decided`: the operator said that they are one."""

    folder: Path
    files: tuple[str, ...]
    at: str = ""
    extractor: str = ""
    space: str = ""
    decided: bool = False


def kept_strangers(workspace: Workspace) -> Iterator[Kept]:
    """All who wait, all who were deleted and lie in the trash, then the operator's own. Who was
    made an enrolled person is not among them."""
    for entry in sub_folders(workspace.unknown):
        if is_session_id(entry.name):
            yield _kept(Path(entry.path))
    for each in manifests(workspace):
        if all(step.source.startswith("unknown/") for step in each.steps):
            yield from map(_kept, filter(None, map(each.kept, each.steps)))
    for stranger in strangers(workspace):
        files = (f"{session.id}/{f}" for session in stranger.sessions for f in session.pictures)
        folder = workspace.strangers / stranger.slug
        yield Kept(folder, tuple(files), stranger.created, decided=True)


def measure(
    workspace: Workspace, ids: Collection[str], load: Load | None
) -> dict[str, tuple[float, float]]:
    """Compare each kept stranger with the person of these identities, see `Scores`. `load` gives
    the network for what has no embedding yet; without one, or where it cannot be loaded, only what
    is kept is compared."""
    kept = list(kept_strangers(workspace))
    own = _Own(workspace, ids, load) if kept else None
    if own is None or not own.files:
        return {}
    found = {}
    for each in kept:
        pair = own.beside(each)
        if pair is not None:
            cosines = pair[0] @ pair[1].T
            place = each.folder.relative_to(workspace.root).as_posix()
            found[place] = float(cosines.mean()), float(cosines.max())
    return found


def measured_with(
    workspace: Workspace,
    settings: Settings,
    ids: Collection[str],
    backbones: Backbones | None = None,
) -> dict[str, tuple[float, float]]:
    """`measure` by the network of the model in use, else by the one that a training would take."""
    from engine.model.networks import Backbones
    from engine.model.store import ModelStore

    ready = backbones or Backbones(settings.model)

    def load() -> Backbone:
        current = ModelStore(workspace).current()
        if current is not None:
            with contextlib.suppress(FacedeskError):  # of a network that is not here any more
                return ready.of(current)
        return ready.chosen()

    return measure(workspace, ids, load)


def judge(
    workspace: Workspace, who: Evidence, scores: Scores
) -> tuple[tuple[str, ...], tuple[Unsure, ...]]:
    """Who surely is the person, by place, and who may be: they are asked about."""
    from engine.model.face_space import SAME_STRANGER

    sure, unsure = [], []
    for each in kept_strangers(workspace) if who.pictures else ():
        place = each.folder.relative_to(workspace.root).as_posix()
        mean, best = scores.get(place, (None, None))
        why: Why | None = None
        if each.decided:  # what is of the same bytes is asked about with others' pictures
            surely = mean is not None and mean >= SAME_STRANGER
            why = "alike" if surely else None
        elif any(d in who.pictures for f in each.files for d in pictures_below(each.folder / f)):
            why = "same"
        elif mean is None or best is None:
            why = "incomparable"
        elif mean >= SAME_STRANGER:
            sure.append(place)
        elif mean >= MAYBE or best >= SAME_STRANGER:
            why = "alike"
        if why is not None:
            unsure.append(Unsure(place, each.at, len(each.files), why, mean))
    return tuple(sure), tuple(unsure)


class _Own:
    """The person's embeddings, and those of a stranger in the same space."""

    def __init__(self, workspace: Workspace, ids: Collection[str], load: Load | None) -> None:
        self._workspace = workspace
        files = readable(own_files(workspace, ids))
        self.files = [file for file, data in files if is_picture(file, data)]
        self._rows: dict[tuple[str, str], Float32 | None] = {}
        self._backbone: Backbone | None = None
        if load is not None and self.files:
            with contextlib.suppress(FacedeskError):
                self._backbone = load()

    def beside(self, stranger: Kept) -> tuple[Float32, Float32] | None:
        """Embeddings of the stranger (n, d) and of the person (m, d); None without either."""
        backbone = self._backbone
        theirs: Float32 | None
        if backbone is None:
            digests = stranger.extractor, stranger.space
            theirs = _stored(stranger)
        else:
            digests = backbone.extractor.digest, backbone.space.digest
            same = digests == (stranger.extractor, stranger.space)
            theirs = _stored(stranger) if same else None
            if theirs is None:
                step = max(1, -(-len(stranger.files) // MOST))
                files = [stranger.folder / file for file in stranger.files[::step]]
                theirs = _embedded(backbone, files)
        if digests not in self._rows:
            self._rows[digests] = self._own(*digests)
        own = self._rows[digests]
        if theirs is None or own is None or theirs.shape[1] != own.shape[1]:
            return None
        return theirs, own

    def _own(self, extractor: str, space: str) -> Float32 | None:
        import numpy as np

        from engine.model.feature_store import kept_embeddings

        found: list[Any] = []
        missing: list[Path] = []
        sessions: dict[Path, list[Path]] = {}
        for file in self.files:
            sessions.setdefault(file.parent, []).append(file)
        for folder, files in sessions.items():
            rows = None
            if folder.parent.parent == self._workspace.people and extractor and space:
                with contextlib.suppress(FacedeskError):
                    rows = kept_embeddings(
                        self._workspace, extractor, space, folder.parent.name, folder.name,
                        [file.name for file in files],
                    )  # fmt: skip
            if rows is None:
                missing += files
            else:
                found.append(rows)
        if missing and self._backbone is not None:
            step = -(-len(missing) // MOST)
            rows = _embedded(self._backbone, missing[::step])
            found += [] if rows is None else [rows]
        return np.concatenate(found) if found else None


def _kept(folder: Path) -> Kept:
    body = read_object(folder / SIGHTING_FILE) or {}
    try:
        files = picture_names(folder)
        return Kept(folder, files, str(body["at"]), str(body["extractor"]), str(body["space"]))
    except KeyError:
        return Kept(folder, files)
    except DataError:
        return Kept(folder, ())


def _stored(stranger: Kept) -> Float32 | None:
    from engine.model.arrays import embeddings_in

    files = readable([stranger.folder / FEATURES_FILE])
    return next((embeddings_in(data) for _file, data in files), None)


def _embedded(backbone: Backbone, files: Sequence[Path]) -> Float32 | None:
    """Embeddings of those crops that can be read; None if none can."""
    import numpy as np

    from engine.pictures import decode_crop

    crops = []
    for file in files:
        with contextlib.suppress(FacedeskError, FileNotFoundError):
            crops.append(decode_crop(file))
    if not crops:
        return None
    rows = backbone.space.embed(backbone.extractor.extract(np.stack(crops)))
    return rows if np.isfinite(rows).all() else None  # of a crop without any contrast


def others_of(workspace: Workspace, who: Evidence) -> tuple[tuple[Holder, ...], frozenset[str]]:
    """Who holds pictures of `who` too, and the digests of pictures and rows that are theirs too."""
    holders, shared = [], set[str]()
    sizes = _sizes(workspace, who)
    for held in (each for store in stores.STORES for each in store.others(workspace, who)):
        digests = [digest for each in held.folders for digest in pictures_below(each, sizes)]
        same = who.pictures.intersection(digests)
        if same:
            holders.append(Holder(held.kind, held.whose, sum(each in same for each in digests)))
            shared |= same
            shared.update(who.rows.intersection(_rows_below(held.rows)))
            shared.update(who.rows.intersection(centre_digests(workspace, held.ids)))
    return tuple(holders), frozenset(shared)


def held_in(folder: Path, who: Evidence) -> frozenset[str]:
    """Digests of the pictures and rows of `who` that lie in a folder."""
    found = who.pictures.intersection(pictures_below(folder))
    return found | who.rows.intersection(_rows_below([folder])) if found else frozenset()


def _sizes(workspace: Workspace, who: Evidence) -> frozenset[int]:
    """Bytes that a copy of one of the person's pictures has on disk: nothing else need be read of
    everybody who is enrolled. Sealing makes all of them longer by the same."""
    plain, more = set(), {0}
    for file, data in readable(own_files(workspace, who.ids)):
        if is_picture(file, data):
            plain.add(len(data))
            more.add(file.stat().st_size - len(data))
    return frozenset(length + extra for length in plain for extra in more)


def _rows_below(folders: Sequence[Path]) -> Iterator[str]:
    for file, data in readable(file for each in folders for file in files_below(each)):
        if holds_arrays(file, data):
            yield from rows_in(data)
