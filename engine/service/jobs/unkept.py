"""Faces that must not be kept: those of people who took their consent back.

Nobody can be left out unless they are recognised. What they are recognised by are their pictures,
which lie here, or in the trash, until they are erased; nothing more is made or kept for it. Who is
erased is a stranger like any other from then on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from engine.enrol.consent import read_consent
from engine.enrol.folders import evenly, picture_names, spread, sub_folders
from engine.enrol.people import PERSON_FILE, Person
from engine.enrol.permission import withdrawn
from engine.errors import DataError
from engine.files import read_json
from engine.model.backbones import Backbone
from engine.model.embedding_cache import EmbeddingCache
from engine.model.feature_row import Extracts
from engine.model.vectors import Array, Float32, unit
from engine.pictures import decode_crop
from engine.recognise.grouping import TWO_FACES, faces_in
from engine.workspace import Workspace

ALIKE: Mapping[str, float] = {"both": 0.35, "resnet": 0.42, "vgg16": 0.12}
"""Cosine to a person's centre, by backbone, from which on a face is not kept. It errs towards not
keeping: see docs/recognition.md for what it costs."""
PICTURES = 24
"""Pictures a person is recognised by, spread over all that are there: those that the network has
not seen yet take it a moment each."""


class Unkept:
    """The people whose faces are not to be kept. Serves one thread."""

    def __init__(self, workspace: Workspace, backbone: Backbone) -> None:
        self._workspace = workspace
        self._extractor: Extracts = backbone.extractor
        self._space = backbone.space
        self._alike = ALIKE[backbone.name]
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
