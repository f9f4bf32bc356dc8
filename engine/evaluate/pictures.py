"""Pictures as embeddings, and who is taken for whom.

Embeddings of enrolled people come through the cache, those of foreign photographs are made anew.
Confusion is told as a matrix and by the most confused pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import FeaturesProgress
from engine.contract.errors import DataError
from engine.evaluate.figures import Probes
from engine.faces.detect import FaceFinder
from engine.model.face_space import Space
from engine.model.feature_store import EmbeddingCache, Progress
from engine.model.vectors import Float32, Labels
from engine.model.vgg16 import BATCH, Extracts
from engine.people.person import Person
from engine.people.registry import People
from engine.pictures import decode_crop, read_photograph
from engine.recognise.recogniser import Recogniser
from engine.workspace.folder import Workspace
from engine.workspace.identity import by_one_camera


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPictures:
    """Every picture of the gallery's people, n in all.

    `embeddings` (n, dims) float32, `labels` (n,) indices into `people`; `keys` (n,) are
    "<session>/<file>" as a split lists them, `paths` (n,) the crops.
    """

    people: tuple[Person, ...]
    embeddings: Float32
    labels: Labels
    keys: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def captures(self) -> tuple[str, ...]:
        """The session (n,) of each picture, empty for photographs."""
        shot = [
            {each.id for each in person.sessions if by_one_camera(each.source)}
            for person in self.people
        ]
        sessions = (key.partition("/")[0] for key in self.keys)
        return tuple(
            session if session in shot[label] else ""
            for session, label in zip(sessions, self.labels.tolist(), strict=True)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names (people,) of the gallery's people."""
        return tuple(person.name for person in self.people)

    def at(self, rows: Sequence[int] | NDArray[np.intp]) -> EnrolledPictures:
        """Only the pictures of these rows."""
        return EnrolledPictures(
            self.people,
            self.embeddings[rows],
            self.labels[rows],
            tuple(self.keys[row] for row in rows),
            tuple(self.paths[row] for row in rows),
        )

    def rows(self, wanted: Sequence[Iterable[str]]) -> NDArray[np.intp]:
        """The rows of the pictures `wanted[i]` (keys) of person i; absent ones are left out."""
        sets = [frozenset(keys) for keys in wanted]
        pairs = zip(self.labels.tolist(), self.keys, strict=True)
        return np.array([row for row, (who, key) in enumerate(pairs) if key in sets[who]], np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Photographs in which a face was found, m of the files looked at.

    `embeddings` (m, dims); `proposals` (m, people) or None, see `Searches`; `places` (m,),
    `missed` (no face) and `unread` (no picture) are indices into those files.
    """

    embeddings: Float32
    proposals: Float32 | None
    places: NDArray[np.intp]
    missed: tuple[int, ...]
    unread: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PictureReader:
    """Embeds pictures for one evaluation. Every method raises Cancelled."""

    extractor: Extracts
    space: Space
    recogniser: Recogniser
    finder: FaceFinder
    progress: Progress
    cancel: Cancel

    def enrolled(self, workspace: Workspace, people: Sequence[Person]) -> EnrolledPictures:
        """All pictures of `people`, session by session. Raises Unreadable for a damaged crop."""
        registry = People(workspace)
        keep = not workspace.read_only
        cache = EmbeddingCache(workspace, self.extractor, self.space, keep=keep)
        rows = [np.empty((0, self.space.dims), np.float32)]
        labels: list[int] = []
        keys: list[str] = []
        paths: list[Path] = []
        for label, person in enumerate(people):
            for session in person.sessions:
                files, report = session.pictures, self.progress.within_session
                placed = cache.rows(person.slug, session.id, files, report, cancel=self.cancel)
                self.progress.session_done(len(files))
                rows.append(placed.rows)
                folder = registry.session_directory(person.slug, session.id)
                labels += [label] * len(files)
                keys += [f"{session.id}/{file}" for file in files]
                paths += [folder / file for file in files]
        return EnrolledPictures(
            tuple(people),
            np.concatenate(rows),
            np.array(labels, np.int64),
            tuple(keys),
            tuple(paths),
        )

    def proposals_of(self, crops: Sequence[Path]) -> Float32 | None:
        """What the classifier of recipe `classic` says of aligned crops; None without one."""
        if not self.recogniser.has_classifier or not crops:
            return None
        found = []
        for start in range(0, len(crops), BATCH):
            self.cancel.check()
            batch = np.stack([decode_crop(path) for path in crops[start : start + BATCH]])
            found.append(self.recogniser.proposals(batch))
        return np.concatenate(found)

    def photographs(self, files: Sequence[Path]) -> Photographs:
        """The most central face of each photograph."""
        places: list[int] = []
        missed: list[int] = []
        unread: list[int] = []
        rows = [np.empty((0, self.space.dims), np.float32)]
        proposals: list[Float32] = []
        for start in range(0, len(files), BATCH):
            crops = []
            for place, file in enumerate(files[start : start + BATCH], start):
                self.cancel.check()
                try:
                    crop = central_crop(self.finder, file)
                except DataError:
                    unread.append(place)
                    continue
                if crop is None:
                    missed.append(place)
                else:
                    places.append(place)
                    crops.append(crop)
            if crops:
                stacked = np.stack(crops)
                rows.append(self.space.embed(self.extractor.extract(stacked)))
                if self.recogniser.has_classifier:
                    proposals.append(self.recogniser.proposals(stacked))
            done = min(start + BATCH, len(files))
            self.progress.within_session(FeaturesProgress(done=done, total=len(files), cached=0))
        self.progress.session_done(len(files))
        return Photographs(
            np.concatenate(rows),
            np.concatenate(proposals) if proposals else None,
            np.array(places, np.intp),
            tuple(missed),
            tuple(unread),
        )


def central_crop(finder: FaceFinder, file: Path) -> NDArray[np.uint8] | None:
    """The aligned crop (uint8 160x160x3 RGB) of a photograph's most central face, or None.

    Raises Unreadable.
    """
    faces = finder.find_in_photograph(read_photograph(file))
    return faces[0].crop if faces else None


MOST_PAIRS = 10


class ConfusedPair(NamedTuple):
    """A probe of `person` that looks like `other`, and the picture of `other` most like it.

    `score` is the probe's for `other`, `own_score` for `person`. `probe` and `picture` are paths,
    the latter empty if the other person's pictures are not at hand.
    """

    person: str
    other: str
    score: float
    own_score: float
    probe: str
    picture: str


def confusion_matrix(probes: Probes, people: int, threshold: float) -> tuple[tuple[int, ...], ...]:
    """`people` rows of `people` + 1 counts: row i are the probes of person i.

    Column j counts those named person j at `threshold`, the last one those named nobody,
    probes without a face among them.
    """
    counts = np.zeros((people, people + 1), np.int64)
    answers = np.where(probes.searches.named(threshold), probes.searches.candidates, people)
    np.add.at(counts, (np.asarray(probes.labels), answers), 1)
    for label, _ in probes.missed:
        counts[label, people] += 1
    return tuple(tuple(row) for row in counts.tolist())


def confused_pairs(
    probes: Probes, threshold: float, gallery: EnrolledPictures
) -> tuple[ConfusedPair, ...]:
    """The most confused pairs of people, worst first, MOST_PAIRS at most, one probe a pair.

    A probe confuses its person with another if that other is its candidate, scores as high as
    its own person, or would be named (reaches `threshold`). Of a pair's probes the one with the
    largest difference stands for it. `gallery` has the pictures that the centres were made of.
    """
    searches, labels = probes.searches, np.asarray(probes.labels)
    rows = np.arange(len(searches))
    own = searches.scores[rows, labels]
    confused = (searches.scores >= own[:, None]) | (searches.scores >= threshold)
    confused[rows, searches.candidates] = True
    confused[rows, labels] = False
    worst: dict[tuple[int, int], tuple[float, int]] = {}
    for row, other in np.argwhere(confused).tolist():
        pair, excess = (int(labels[row]), other), float(searches.scores[row, other] - own[row])
        if pair not in worst or excess > worst[pair][0]:
            worst[pair] = (excess, row)
    ranked = sorted(worst.items(), key=lambda item: (-item[1][0], item[0]))[:MOST_PAIRS]
    return tuple(
        ConfusedPair(
            gallery.people[person].name,
            gallery.people[other].name,
            float(searches.scores[row, other]),
            float(own[row]),
            str(probes.paths[row]),
            _most_alike(probes.embeddings[row], other, gallery),
        )
        for (person, other), (_, row) in ranked
    )


def _most_alike(embedding: Float32, person: int, gallery: EnrolledPictures) -> str:
    """The picture of `person` with the largest cosine to `embedding`."""
    theirs = np.flatnonzero(gallery.labels == person)
    if not len(theirs):
        return ""
    return str(gallery.paths[theirs[(gallery.embeddings[theirs] @ embedding).argmax()]])
