"""Searching faces in the gallery of enrolled people: the one place where scores are made."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.face_space import Space
from engine.model.vectors import (
    NEAREST,
    Array,
    Float32,
    Levelled,
    centre_levels,
    cohort_level,
)

Faces = Array | Levelled
"""Embeddings (n, dims) of unit length; with their levels, the cohort is not looked at again."""
AT_ONCE = 256
"""Rows of the cohort that are copied at a time: all at once would be in memory three times."""
NOBODY = -1
"""Index of the runner-up in a gallery of one person."""


SOFTNESS = 0.1
"""How far above its threshold a score is called 73 of 100."""


def match(score: float, threshold: float) -> float:
    """A score as people read it: 0 to 100, 50 at the threshold (a logistic curve)."""
    return 100.0 / (1.0 + math.exp(-min(max((score - threshold) / SOFTNESS, -50.0), 50.0)))


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

    `centres` (p, dims) float32 of unit length, `names` (p,) in the same order (identities or any
    other labels). Raises ValueError if they do not fit each other or the space.
    """

    def __init__(self, space: Space, centres: Array, names: Sequence[str]) -> None:
        if centres.ndim != 2 or len(centres) != len(names) or not len(names):
            raise ValueError(f"{len(names)} names do not fit centres {centres.shape}")
        if centres.shape[1] != space.dims:
            raise ValueError(f"centres have {centres.shape[1]} dimensions, not {space.dims}")
        self.names = tuple(names)
        # Centres and cohort in one matrix: a search is a single product. Column by column, as
        # one face's product is fastest; `centres` is a view of it, for a large gallery is large.
        self._both = np.empty((space.dims, len(centres) + space.cohort_size), np.float32)
        self._both[:, : len(centres)] = centres.T
        cohort = self._both[:, len(centres) :].T
        for start in range(0, len(cohort), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            cohort[rows] = space.cohort_rows(rows)
        self.centres: Float32 = self._both[:, : len(centres)].T
        self._centre_levels = centre_levels(self.centres, cohort)
        self._set_raised(())

    def with_raised(self, raised: Sequence[float]) -> Gallery:
        """The same people with other thresholds; nothing large is copied."""
        other = copy.copy(self)
        other._set_raised(raised)
        return other

    def _set_raised(self, raised: Sequence[float]) -> None:
        values = np.asarray(raised, np.float32) if len(raised) else np.zeros(len(self), np.float32)
        if values.shape != (len(self),):
            raise ValueError(f"{len(values)} thresholds do not fit {len(self)} people")
        self.raised = values
        self._levels = np.asarray(self._centre_levels + values[None], np.float32)

    def __len__(self) -> int:
        return len(self.names)

    def scores(self, embeddings: Faces) -> Float32:
        """Score of each embedding (n, dims, unit length) for each person: (n, p) float32.

        The formula of `vectors.cohort_scores`, on which the impostor curve rests, less `raised`.
        """
        if isinstance(embeddings, Levelled):
            return embeddings.rows @ self.centres.T - (embeddings.levels + self._levels)
        return self.scores_of(self.cosines(embeddings))

    def cosines(self, embeddings: Array) -> Float32:
        """What everything about embeddings (n, dims) is made of: (n, p + cohort) float32."""
        return np.asarray(np.asarray(embeddings, np.float32) @ self._both, np.float32)

    def scores_of(self, cosines: Float32) -> Float32:
        """`scores` from the embeddings' `cosines`."""
        level = cohort_level(cosines[:, len(self) :], NEAREST)
        return np.asarray(self.likeness_of(cosines) - level, np.float32)

    def likeness_of(self, cosines: Float32) -> Float32:
        """Scores before the face's own likeness to strangers is taken off: (n, p) float32.

        They rank people as `scores` does, in less time.
        """
        return np.asarray(cosines[:, : len(self)] - self._levels, np.float32)

    def search(self, embeddings: Faces) -> Search:
        """Best and second best person of each embedding (n, dims); ties go to the first."""
        scores = self.scores(embeddings)
        rows = np.arange(len(scores))
        candidates = scores.argmax(1)
        runners_up, second = runners_up_to(scores, candidates)
        return Search(scores, candidates, scores[rows, candidates], runners_up, second)


def runners_up_to(
    scores: Float32, candidates: NDArray[np.intp]
) -> tuple[NDArray[np.intp], Float32]:
    """The best people but for `candidates` (n,) in scores (n, p), and their scores: (n,) each.

    NOBODY and -inf in a gallery of one person.
    """
    rest = scores.copy()
    rest[np.arange(len(rest)), candidates] = -np.inf
    second = rest.max(1, initial=-np.inf)
    if scores.shape[1] == 1:
        return np.full(len(rest), NOBODY, np.intp), second
    return rest.argmax(1), second
