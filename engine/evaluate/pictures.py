"""Pictures as embeddings: those of enrolled people through the cache, foreign photographs anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.enrol.folders import by_one_camera
from engine.enrol.people import People, Person
from engine.errors import DataError
from engine.events import FeaturesProgress, Notice
from engine.faces.detect import FaceFinder
from engine.model.embedding_cache import EmbeddingCache
from engine.model.face_space import Space
from engine.model.feature_row import BATCH, Extracts
from engine.model.vectors import Float32, Labels
from engine.pictures import decode_crop, read_photograph
from engine.recognise.recogniser import Recogniser
from engine.workspace import Workspace


class Progresses(Protocol):
    """Adds up the progress of pieces of work, as `engine.service.jobs.material.Progress` does."""

    def within_session(self, event: FeaturesProgress | Notice) -> None:
        """Pass on how far the present piece is."""
        ...

    def session_done(self, files: int) -> None:
        """The present piece, of so many files, is complete."""
        ...


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

    def rows(self, wanted: Sequence[Iterable[str]]) -> NDArray[np.intp]:
        """The rows of the pictures `wanted[i]` (keys) of person i; absent ones are left out."""
        sets = [frozenset(keys) for keys in wanted]
        pairs = zip(self.labels.tolist(), self.keys, strict=True)
        return np.array([row for row, (who, key) in enumerate(pairs) if key in sets[who]], np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Photographs in which a face was found, m of `files`.

    `embeddings` (m, dims); `proposals` (m, people) or None, see `searches_of`; `places` (m,)
    and `missed` are indices into the files looked at.
    """

    embeddings: Float32
    proposals: Float32 | None
    places: NDArray[np.intp]
    missed: tuple[int, ...]


class PictureReader:
    """Embeds pictures for one evaluation. Every method raises Cancelled."""

    def __init__(
        self,
        extractor: Extracts,
        space: Space,
        recogniser: Recogniser,
        finder: FaceFinder,
        progress: Progresses,
        cancel: Cancel,
    ) -> None:
        self._extractor = extractor
        self._space = space
        self._recogniser = recogniser
        self._finder = finder
        self._progress = progress
        self._cancel = cancel

    def enrolled(self, workspace: Workspace, people: Sequence[Person]) -> EnrolledPictures:
        """All pictures of `people`, session by session. Raises Unreadable for a damaged crop."""
        registry = People(workspace)
        cache = EmbeddingCache(
            workspace, self._extractor, self._space, keep=not workspace.read_only
        )
        rows = [np.empty((0, self._space.dims), np.float32)]
        labels: list[int] = []
        keys: list[str] = []
        paths: list[Path] = []
        for label, person in enumerate(people):
            for session in person.sessions:
                placed = cache.rows(
                    person.slug,
                    session.id,
                    session.pictures,
                    self._progress.within_session,
                    cancel=self._cancel,
                )
                self._progress.session_done(len(session.pictures))
                rows.append(placed.rows)
                folder = registry.session_directory(person.slug, session.id)
                labels += [label] * len(session.pictures)
                keys += [f"{session.id}/{file}" for file in session.pictures]
                paths += [folder / file for file in session.pictures]
        return EnrolledPictures(
            tuple(people),
            np.concatenate(rows),
            np.array(labels, np.int64),
            tuple(keys),
            tuple(paths),
        )

    def proposals_of(self, crops: Sequence[Path], embeddings: Float32) -> Float32 | None:
        """What the classifier of recipe `classic` says of aligned crops; None without one."""
        if not self._recogniser.proposes_from_crops or not crops:
            return None
        found = []
        for start in range(0, len(crops), BATCH):
            self._cancel.check()
            batch = np.stack([decode_crop(path) for path in crops[start : start + BATCH]])
            found.append(self._recogniser.proposals(batch, embeddings[start : start + BATCH]))
        return np.concatenate(found)

    def photographs(self, files: Sequence[Path]) -> Photographs:
        """The most central face of each photograph; unreadable and faceless ones are missed."""
        places: list[int] = []
        missed: list[int] = []
        rows = [np.empty((0, self._space.dims), np.float32)]
        proposals: list[Float32] = []
        for start in range(0, len(files), BATCH):
            crops = []
            for place, file in enumerate(files[start : start + BATCH], start):
                self._cancel.check()
                crop = central_crop(self._finder, file)
                if crop is None:
                    missed.append(place)
                else:
                    places.append(place)
                    crops.append(crop)
            if crops:
                stacked = np.stack(crops)
                rows.append(self._space.embed(self._extractor.extract(stacked)))
                if self._recogniser.proposes_from_crops:
                    proposals.append(self._recogniser.proposals(stacked, rows[-1]))
            done = min(start + BATCH, len(files))
            self._progress.within_session(FeaturesProgress(done=done, total=len(files), cached=0))
        self._progress.session_done(len(files))
        return Photographs(
            np.concatenate(rows),
            np.concatenate(proposals) if proposals else None,
            np.array(places, np.intp),
            tuple(missed),
        )


def central_crop(finder: FaceFinder, file: Path) -> NDArray[np.uint8] | None:
    """The aligned crop (uint8 160x160x3 RGB) of a photograph's most central face, or None."""
    try:
        faces = finder.find_in_photograph(read_photograph(file))
    except DataError:
        return None
    return faces[0].crop if faces else None
