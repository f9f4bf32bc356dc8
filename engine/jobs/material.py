"""What a recipe trains on: the split's pictures as labelled features, and the strangers.

Faces of people who took their consent back are left out. Nobody can be left out unless they are
recognised: by their pictures, which lie here, or in the trash, until they are erased; nothing more
is made or kept for it. Who is erased is a stranger like any other from then on.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, Notice
from engine.contract.errors import DataError, Remedy
from engine.contract.people import read_consent
from engine.dataset.split import Split
from engine.model.backbones import BACKBONES, Backbone
from engine.model.face_space import Space
from engine.model.feature_store import (
    EmbeddingCache,
    FeatureCache,
    Progress,
    notices_to,
    wanted_views,
)
from engine.model.record import ModelInfo
from engine.model.vectors import Array, Float32, Labels, Levelled, stacked, unit
from engine.model.vgg16 import Extracts
from engine.people.permission import withdrawn
from engine.people.person import Person, warn_unread, whose
from engine.people.registry import People, StrangerArea, strangers, unread_strangers
from engine.pictures import decode_crop
from engine.recognise.calibration import Enrolled
from engine.recognise.gallery import TWO_FACES, faces_in
from engine.recognise.threshold import StrangerSet
from engine.text import many
from engine.workspace.files import read_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import (
    IMPORTED,
    PARTS,
    PERSON_FILE,
    by_one_camera,
    evenly,
    picture_names,
    spread,
    sub_folders,
)

Picture = tuple[int, str, str]
"""Index of the person, session, file name."""
HELD_OUT = ("validation", "test")
"""Parts that no centre is made of."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Embeddings (n, dims) with their levels, and labels (n,), indices into the people."""

    faces: Levelled
    labels: Labels

    @property
    def embeddings(self) -> Float32:
        """The embeddings (n, dims) alone."""
        return self.faces.rows

    def first(self, number: int) -> Part:
        """Its first `number` pictures: of the training part, those that are no augmented views."""
        return Part(self.faces.at(slice(number)), self.labels[:number])


class Material:
    """The people of a split and their pictures. Features come from the cache, or go into it."""

    def __init__(self, workspace: Workspace, people: Sequence[Person], split: Split) -> None:
        self.workspace = workspace
        self.people = tuple(person for person in people if split.people.get(person.slug))
        self._split = split

    def pictures(self, *parts: str) -> tuple[Picture, ...]:
        """The pictures of these parts, each person by person and session by session.

        The rows of `embed` and the crops of `crops` are in this order.
        """
        return tuple(
            (index, session, file)
            for part in parts
            for index, person in enumerate(self.people)
            for session, _, file in sorted(
                (path.partition("/") for path in self._split.pictures(person.slug, (part,))),
                key=itemgetter(0),
            )
        )

    def counts(self) -> dict[str, int]:
        """Pictures in each part."""
        return {part: len(self.pictures(part)) for part in PARTS}

    def crops(self, *parts: str) -> tuple[NDArray[np.uint8], Labels]:
        """Crops (n, 160, 160, 3) uint8 RGB and labels (n,) of these parts."""
        pictures = self.pictures(*parts)
        return self.decoded(pictures), np.array([index for index, _, _ in pictures], np.int64)

    def decoded(self, pictures: Sequence[Picture]) -> NDArray[np.uint8]:
        """The crops (n, 160, 160, 3) uint8 RGB of n of its pictures."""
        folder = People(self.workspace).session_directory
        crops = np.empty((len(pictures), 160, 160, 3), np.uint8)
        for row, (index, session, file) in enumerate(pictures):
            crops[row] = decode_crop(folder(self.people[index].slug, session) / file)
        return crops

    def embed(
        self, extractor: Extracts, space: Space, views: int, cancel: Cancel, emit: Emit
    ) -> dict[str, Part]:
        """Embeddings of every part; training pictures also in up to `views` augmented views,
        see `wanted_views`.

        Emits FeaturesProgress over the whole. Raises Cancelled, DataError for a damaged crop.
        """
        work = [(part, 0, piece) for part in PARTS for piece in self._by_session(part)]
        enrolled: Counter[int] = Counter()
        for _, _, (index, *_, files) in work:
            enrolled[index] += len(files)
        trained = [piece for part, _, piece in work if part == "train"]
        work += [
            ("train", view, piece)
            for view in range(1, views + 1)
            for piece in trained
            if view <= wanted_views(enrolled[piece[0]], views)
        ]
        progress = Progress(sum(len(files) for _, _, (*_who, files) in work), emit)
        cache = EmbeddingCache(self.workspace, extractor, space)
        found: dict[str, list[tuple[Levelled, Labels]]] = {part: [] for part in PARTS}
        for part, view, (index, slug, session, files) in work:
            report = progress.within_session
            placed = cache.rows(slug, session, files, report, view=view, cancel=cancel)
            progress.session_done(len(files))
            found[part].append((placed, np.full(len(files), index, np.int64)))
        return {part: _joined(pieces, space.dims) for part, pieces in found.items()}

    def enrolled(self, parts: Mapping[str, Part], names: Sequence[str]) -> Enrolled:
        """The pictures of the parts `names`, without augmented views, in order of capture.

        `parts` as `embed` gave them.
        """
        pictures: list[Picture] = []
        rows = []
        for name in names:
            own = self.pictures(name)
            pictures += own
            rows.append(parts[name].first(len(own)).embeddings)
        order = sorted(range(len(pictures)), key=pictures.__getitem__)
        cameras: dict[tuple[int, str], str] = {}
        captures: dict[tuple[int, str], str] = {}
        for index, person in enumerate(self.people):
            for session in person.sessions:
                if not session.source.startswith(IMPORTED):
                    cameras[index, session.id] = session.source
                if by_one_camera(session.source):
                    captures[index, session.id] = session.id
        chosen = [pictures[row][:2] for row in order]
        return Enrolled(
            np.concatenate(rows)[order],
            np.array([index for index, _session in chosen], np.int64),
            [cameras.get(each, "") for each in chosen],
            len(self.people),
            [captures.get(each, "") for each in chosen],
        )

    def features(
        self, parts: Sequence[str], extractor: Extracts, cancel: Cancel, emit: Emit
    ) -> tuple[Float32, Labels]:
        """Feature rows (n, extractor.length) and labels (n,) of `parts`, not yet embedded.

        Emits and raises as `embed`.
        """
        progress = Progress(len(self.pictures(*parts)), emit)
        cache = FeatureCache(self.workspace, extractor.digest)
        rows: list[Float32] = [np.empty((0, extractor.length), np.float32)]
        labels: list[Labels] = [np.empty(0, np.int64)]
        for part in parts:
            for index, slug, session, files in self._by_session(part):
                report = progress.within_session
                rows.append(cache.rows(slug, session, files, extractor, report, cancel=cancel))
                progress.session_done(len(files))
                labels.append(np.full(len(files), index, np.int64))
        return np.concatenate(rows), np.concatenate(labels)

    def _by_session(self, part: str) -> list[tuple[int, str, str, list[str]]]:
        """Person's index and slug, session and files."""
        grouped: dict[tuple[int, str], list[str]] = {}
        for index, session, file in self.pictures(part):
            grouped.setdefault((index, session), []).append(file)
        return [(i, self.people[i].slug, session, files) for (i, session), files in grouped.items()]


def joined(parts: Mapping[str, Part], names: Sequence[str]) -> Part:
    """Several parts as one, in the order of `names`."""
    chosen = [parts[name] for name in names]
    return _joined([(part.faces, part.labels) for part in chosen], chosen[0].embeddings.shape[1])


def _joined(pieces: list[tuple[Levelled, Labels]], dims: int) -> Part:
    faces = stacked([faces for faces, _ in pieces], dims)
    nothing = np.empty(0, np.int64)
    return Part(faces, np.concatenate([nothing, *(labels for _, labels in pieces)]))


PICTURES = 24
"""Pictures a person is recognised by, spread over all that are there: those that the network has
not seen yet take it a moment each."""


class Unkept:
    """The people whose faces are not to be kept. Serves one thread."""

    def __init__(self, workspace: Workspace, backbone: Backbone) -> None:
        self._workspace = workspace
        self._extractor: Extracts = backbone.extractor
        self._space = backbone.space
        self._alike = BACKBONES[backbone.name].alike
        self._cuts = TWO_FACES.get(backbone.name)
        self._centres: Float32 | None = None

    def renew(self) -> None:
        """Somebody may have taken their consent back: look anew when it is asked next."""
        self._centres = None

    def shows(self, embeddings: Array) -> bool:
        """Whether any of these faces (n, dims, unit length) is one of them.

        The first time, and after `renew`, it takes a moment for each of them.
        """
        if self._centres is None:
            everybody = [self._enrolled(person) for person in withdrawn(self._workspace)]
            everybody += [self._trashed(folder) for folder in _in_trash(self._workspace)]
            rows = [centre for each in everybody for centre in self._centres_of(each)]
            self._centres = np.stack(rows) if rows else np.empty((0, self._space.dims), np.float32)
        likeness = np.asarray(embeddings, np.float32) @ self._centres.T
        return bool((likeness >= self._alike).any())

    def _enrolled(self, person: Person) -> list[Float32]:
        """Embeddings (k, dims) of some of a person's pictures, from what is kept of them."""
        cache = EmbeddingCache(self._workspace, self._extractor, self._space, keep=False)
        pictures = ((s.id, file) for s in person.sessions for file in s.pictures)
        chosen = spread(pictures, PICTURES)
        found = []
        for session, files in chosen.items():
            with contextlib.suppress(DataError):  # damaged: recognised by the others
                found.append(cache.rows(person.slug, session, files).rows)
        return found

    def _trashed(self, folder: Path) -> list[Float32]:
        """The same of a person's folder in the trash, where nothing is kept of them."""
        files = [
            Path(session.path, file)
            for session in sub_folders(folder)
            for file in picture_names(session.path)
        ]
        crops = []
        for file in evenly(files, PICTURES):
            with contextlib.suppress(DataError):
                crops.append(decode_crop(file))
        return [self._space.embed(self._extractor.extract(np.stack(crops)))] if crops else []

    def _centres_of(self, found: list[Float32]) -> list[Float32]:
        """The centres of the faces that these embeddings show, one as a rule."""
        if not found:
            return []
        rows = np.concatenate(found)
        if self._cuts is None:
            return [unit(rows.mean(0))]
        faces = faces_in(rows, self._cuts.days)
        return [unit(rows[faces == face].mean(0)) for face in np.unique(faces)]


def _in_trash(workspace: Workspace) -> Iterator[Path]:
    """Folders in the trash of people who had taken their consent back."""
    for change in sub_folders(workspace.trash):
        for kept in sub_folders(Path(change.path, "kept")):
            with contextlib.suppress(FileNotFoundError, DataError, ValueError, AttributeError):
                consent = read_consent(read_json(Path(kept.path, PERSON_FILE)).get("consent"))
                if consent is not None and not consent.given:
                    yield Path(kept.path)


def stale_ids(workspace: Workspace, model: ModelInfo) -> frozenset[str]:
    """Identities of a model's people whose pictures changed since training, or who are gone."""
    now = {person.id: person.revision for person in People(workspace).list()}
    return frozenset(id for id, _, revision in model.people if now.get(id) != revision)


def stranger_embeddings(
    workspace: Workspace, extractor: Extracts, space: Space, cancel: Cancel, emit: Emit
) -> StrangerSet:
    """Embeddings of every stranger's pictures; features come from the cache, or go into it.

    A stranger of the name of somebody enrolled is left out, with a Notice: an enrolled person
    is no stranger. Emits FeaturesProgress over all pictures, nothing if there are none. The
    caller holds `Workspace.writer`. Raises Cancelled, DataError for a damaged crop.
    """
    used = not_enrolled(workspace, emit)
    progress = Progress(sum(each.pictures for each in used), emit)
    cache = EmbeddingCache(StrangerArea(workspace), extractor, space, keep=not workspace.read_only)
    rows: list[list[Levelled]] = []
    for stranger in used:
        rows.append([])
        for session in stranger.sessions:
            files, report = session.pictures, progress.within_session
            rows[-1].append(cache.rows(stranger.slug, session.id, files, report, cancel=cancel))
            progress.session_done(len(files))
    return _as_set(used, rows, space.dims)


def ready_strangers(
    workspace: Workspace, extractor: Extracts, space: Space, emit: Emit
) -> StrangerSet:
    """`stranger_embeddings` from features that are there already: quick, and writes nothing.

    Pictures without features, or damaged, are left out, with a Notice: recognition is not to
    fail, or to wait for minutes, because of a stranger.
    """
    used = not_enrolled(workspace, emit)
    cache = EmbeddingCache(StrangerArea(workspace), _Nothing(extractor), space, keep=False)
    rows: list[list[Levelled]] = []
    missing = 0
    for stranger in used:
        rows.append([])
        for session in stranger.sessions:
            files = session.pictures
            try:
                rows[-1].append(cache.rows(stranger.slug, session.id, files, notices_to(emit)))
            except (_Missing, DataError):
                missing += len(files)
    if missing:
        text = f"The model has not seen {many(missing, 'picture')} of strangers yet."
        emit(Notice(text=text, level="warning", hint=Remedy.TRAIN))
    return _as_set(used, rows, space.dims)


class _Missing(Exception):
    """A picture has no features yet."""


class _Nothing:
    """Stands where an extractor is asked for, and computes nothing."""

    def __init__(self, extractor: Extracts) -> None:
        self.digest = extractor.digest
        self.length = extractor.length

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise _Missing


def not_enrolled(workspace: Workspace, emit: Emit) -> list[Person]:
    """The strangers whose name nobody enrolled has; the others and the unread are told."""
    warn_unread(unread_strangers(workspace), emit)
    enrolled = People(workspace).list()
    find = whose([person.name for person in enrolled], [person.slug for person in enrolled])
    everybody = strangers(workspace)
    both = [each for each in everybody if find(each.name) is not None]
    if both:
        names = ", ".join(each.name for each in both)
        emit(Notice(text=f"Enrolled, so not counted as strangers: {names}", level="warning"))
    return [each for each in everybody if each not in both]


def _as_set(used: list[Person], rows: list[list[Levelled]], dims: int) -> StrangerSet:
    """One set of all who have a row."""
    each = [stacked(own, dims) for own in rows]
    seen = [group for group, own in enumerate(each) if len(own)]
    faces = stacked([each[group] for group in seen], dims)
    return StrangerSet(
        faces.rows,
        np.repeat(np.arange(len(seen)), [len(each[group]) for group in seen]),
        tuple(used[group].name for group in seen),
        faces.levels,
    )
