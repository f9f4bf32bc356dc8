"""Searching faces in the gallery of enrolled people: the one place where scores are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.face_space import FaceSpace
from engine.model.vectors import NEAREST, Array, Float32, Levelled, centre_levels, cohort_level

Faces = Array | Levelled
"""Embeddings (n, dims) of unit length; with their levels, the cohort is not looked at again."""
NOBODY = -1
"""Index of the runner-up in a gallery of one person."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """The answer for n faces in a gallery of p people.

    `scores` (n, p) float32; `candidates` (n,) the best person's index and `best` (n,) her
    score; `runners_up` (n,) the second best (NOBODY if p is 1) and `second` (n,) that score
    (-inf if there is none). Indices count the gallery's people in their order.
    """

    scores: Float32
    candidates: NDArray[np.intp]
    best: Float32
    runners_up: NDArray[np.intp]
    second: Float32


class Gallery:
    """Centres of enrolled people in a face space, ready to be searched.

    `centres` (p, dims) float32 of unit length, `names` (p,) in the same order (slugs or any
    other labels). Raises ValueError if they do not fit each other or the space.
    """

    def __init__(self, space: FaceSpace, centres: Array, names: Sequence[str]) -> None:
        if centres.ndim != 2 or len(centres) != len(names) or not len(names):
            raise ValueError(f"{len(names)} names do not fit centres {centres.shape}")
        if centres.shape[1] != space.dims:
            raise ValueError(f"centres have {centres.shape[1]} dimensions, not {space.dims}")
        self.names = tuple(names)
        self.centres: Float32 = np.array(centres, np.float32)
        # Centres and cohort in one matrix: a search is a single product.
        self._both = np.ascontiguousarray(np.concatenate([self.centres, space.cohort]).T)
        self._levels = centre_levels(self.centres, space.cohort)

    def __len__(self) -> int:
        return len(self.names)

    def scores(self, embeddings: Faces) -> Float32:
        """Score of each embedding (n, dims, unit length) for each person: (n, p) float32.

        The formula of `vectors.cohort_scores`, on which the impostor curve rests.
        """
        if isinstance(embeddings, Levelled):
            return embeddings.rows @ self.centres.T - (embeddings.levels + self._levels)
        cosines = np.asarray(embeddings, np.float32) @ self._both
        people = len(self.names)
        level = cohort_level(cosines[:, people:], NEAREST) + self._levels
        return np.asarray(cosines[:, :people] - level, np.float32)

    def search(self, embeddings: Faces) -> Search:
        """Best and second best person of each embedding (n, dims); ties go to the first."""
        scores = self.scores(embeddings)
        rows = np.arange(len(scores))
        candidates = scores.argmax(1)
        rest = scores.copy()
        rest[rows, candidates] = -np.inf
        runners_up = rest.argmax(1) if len(self) > 1 else np.full(len(scores), NOBODY, np.intp)
        second = rest.max(1, initial=-np.inf)
        return Search(scores, candidates, scores[rows, candidates], runners_up, second)
