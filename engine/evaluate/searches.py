"""Faces searched in the gallery, each for itself, judged by the rule of live recognition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Float32, Labels
from engine.recognise.recogniser import Recogniser
from engine.recognise.voting import Decision, decide


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """n searches in a gallery of p people.

    `scores` (n, p) float32, -inf for a person who was not searched; `proposals` (n, p) float32
    choose the candidate (see `Recogniser.proposals`): the scores themselves, or a classifier's
    probabilities.
    """

    scores: Float32
    proposals: Float32

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def candidates(self) -> NDArray[np.intp]:
        """(n,) the one person that each search proposes."""
        return np.asarray(self.proposals.argmax(1))

    @property
    def best(self) -> Float32:
        """(n,) the score of that person, which is not always the largest (recipe `classic`)."""
        return np.asarray(self.scores[np.arange(len(self)), self.candidates])

    def named(self, threshold: float) -> NDArray[np.bool_]:
        """(n,) whether live recognition would say the candidate's name to a single picture."""
        verdicts = (
            decide(score, threshold, candidate, (candidate,), least=1)
            for score, candidate in zip(self.best.tolist(), self.candidates.tolist(), strict=True)
        )
        return np.array([v.decision is Decision.KNOWN for v in verdicts], np.bool_)

    def candidates_only(self) -> Float32:
        """(n, p) the scores with -inf for everybody but the candidate, as `Trial` takes them."""
        rows, only = np.arange(len(self)), np.full_like(self.scores, -np.inf)
        only[rows, self.candidates] = self.best
        return only

    def without(self, people: Labels) -> Searches:
        """The same searches, search i in the gallery without person `people[i]` ((n,) indices)."""
        rows = np.arange(len(self))
        scores, proposals = self.scores.copy(), self.proposals.copy()
        scores[rows, people] = proposals[rows, people] = -np.inf
        return Searches(scores, proposals)


def searches_of(
    recogniser: Recogniser, embeddings: Float32, proposals: Float32 | None = None
) -> Searches:
    """Search `embeddings` (n, dims); `proposals` (n, p) where they come from the crops."""
    scores = recogniser.gallery.scores(embeddings)
    return Searches(scores, scores if proposals is None else proposals)
