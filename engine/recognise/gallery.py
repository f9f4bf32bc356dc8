"""Searching faces in the gallery of enrolled people: the one place where scores are made.

Which sightings of strangers show the same one, and whether pictures of one person show two, is told
by groups. The likeness of two groups is the mean cosine over all pairs across them (average
linkage, UPGMA; Sokal and Michener 1958). Single linkage would chain strangers together through one
blurred face.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.backbones import BACKBONES
from engine.model.face_space import SAME_STRANGER, Space
from engine.model.vectors import Array, Float32, Labels, Levelled, centre_levels, cohort_level, unit
from engine.recognise.tracking import Decision, decide

Faces = Array | Levelled
"""Embeddings (n, dims) of unit length; with their levels, the cohort is not looked at again."""
AT_ONCE = 256
"""Rows of the cohort that are copied at a time: all at once would be in memory three times."""


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
        """(n,) the one person that each search proposes; ties go to the first."""
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
        level = cohort_level(cosines[:, len(self) :])
        return np.asarray(self.likeness_of(cosines) - level, np.float32)

    def likeness_of(self, cosines: Float32) -> Float32:
        """Scores before the face's own likeness to strangers is taken off: (n, p) float32.

        They rank people as `scores` does, in less time.
        """
        return np.asarray(cosines[:, : len(self)] - self._levels, np.float32)

    def search(self, embeddings: Faces, proposals: Float32 | None = None) -> Searches:
        """Search embeddings (n, dims); `proposals` (n, p) where they come from the crops."""
        scores = self.scores(embeddings)
        return Searches(scores, scores if proposals is None else proposals)


def runner_up(scores: Float32, candidate: int) -> tuple[int | None, float]:
    """The best person but for `candidate` by scores (p,), and that score; None if there is none."""
    rest = scores.copy()
    rest[candidate] = -np.inf
    best = int(rest.argmax())
    return best if len(rest) > 1 else None, float(rest[best])


@dataclass(frozen=True, slots=True)
class Cuts:
    """Mean cosines below which two groups of one person's pictures are taken for two people: in one
    `session` before one camera, and over `days`, in photographs and between sessions."""

    session: float
    days: float


TWO_FACES: Mapping[str, Cuts] = {
    row.name: Cuts(*row.two_faces) for row in BACKBONES.values() if row.two_faces
}
"""By backbone, those that can tell."""

LEAST, AT_LEAST_OF = 3, 4
"""Pictures that make a second face: 3, or 2 of a set in which they are a quarter. Fewer are as
often a blurred or hidden first face, and move a person's centre by little."""
MOST = 256
"""Pictures that are compared each with each; of more, so many evenly spaced ones, and the others
go where they are most alike."""


def group(
    embeddings: Array, cut: float = SAME_STRANGER, apart: Iterable[tuple[int, int]] = ()
) -> NDArray[np.intp]:
    """The group (n,) of each embedding (n, dims, unit length), numbered from 0 by first member.

    No group holds both rows of a pair in `apart`, however alike they are (cannot-link).

    Deterministic; joins the two most alike groups while they are at least `cut` alike. Takes
    n^2 memory and at most n^3 time, in steps that numpy does at once.
    """
    count = len(embeddings)
    rows = np.asarray(embeddings, np.float64)
    likeness = rows @ rows.T if count else np.empty((0, 0))
    np.fill_diagonal(likeness, -np.inf)
    for one, other in apart:
        # A mean with it stays infinite: two groups that hold a pair apart never join.
        likeness[one, other] = likeness[other, one] = -np.inf
    sizes = np.ones(count)
    owner = np.arange(count)
    while count > 1:
        first, second = divmod(int(likeness.argmax()), len(likeness))
        if not likeness[first, second] >= cut:
            break
        keep, gone = min(first, second), max(first, second)
        weights = sizes[keep] + sizes[gone]
        joined = (sizes[keep] * likeness[keep] + sizes[gone] * likeness[gone]) / weights
        joined[keep] = -np.inf
        likeness[keep], likeness[:, keep] = joined, joined
        likeness[gone], likeness[:, gone] = -np.inf, -np.inf
        sizes[keep] = weights
        owner[owner == gone] = keep
        count -= 1
    return np.unique(owner, return_inverse=True)[1].astype(np.intp)


def faces_in(embeddings: Array, cut: float) -> NDArray[np.intp]:
    """Whose pictures these are, which should be one person's: (n, dims, unit length) to (n,).

    0 is the face with the most pictures (of equals the one seen first), 1 the next, and so on. A
    face counts with `LEAST` pictures, see there; those of fewer are left with face 0. All are 0
    where one person is seen.
    """
    rows = np.asarray(embeddings, np.float32)
    least = max(2, min(LEAST, -(-len(rows) // AT_LEAST_OF)))
    if len(rows) < 2 * least or _surely_one(rows, cut):
        return np.zeros(len(rows), np.intp)
    found = _groups(rows, cut)
    sizes = np.bincount(found)
    # Stable: groups are numbered by their first picture.
    order = [face for face in np.argsort(-sizes, kind="stable") if sizes[face] >= least]
    names = np.zeros(len(sizes), np.intp)
    names[order] = np.arange(len(order))
    return names[found]


def two_faced(
    embeddings: Array, labels: Labels, sessions: Sequence[str], cuts: Cuts | None
) -> tuple[tuple[int, tuple[NDArray[np.intp], ...]], ...]:
    """People whose pictures show more than one face: (label, rows of each face, most first).

    `embeddings` (n, dims) of unit length, `labels` (n,) whose they are said to be, `sessions` (n,)
    which capture each is of, empty for a photograph. Nobody where there are no `cuts`.
    """
    if cuts is None:
        return ()
    found = []
    labels, shot = np.asarray(labels), np.asarray(sessions)
    order = np.argsort(labels, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        sets = [(rows, cuts.days)]
        sets += [(rows[shot[rows] == one], cuts.session) for one in np.unique(shot[rows]) if one]
        for members, cut in sets:
            faces = faces_in(np.asarray(embeddings)[members], cut)
            if faces.any():
                each = tuple(members[faces == face] for face in range(int(faces.max()) + 1))
                found.append((int(labels[members[0]]), each))
                break
    return tuple(found)


def _surely_one(rows: Array, cut: float) -> bool:
    """Whether no two groups can be less alike than `cut`. Quick, and never wrongly true.

    A picture of the smaller group is at most 1 alike to its own half and on the mean less than
    `cut` to the other, so one of them is on the mean less than (1 + cut) / 2 alike to all.
    """
    return bool((rows @ rows.mean(0)).min() >= (1 + cut) / 2)


def _groups(rows: Array, cut: float) -> NDArray[np.intp]:
    """`group`, in bounded time and memory however many there are, numbered by first member."""
    if len(rows) <= MOST:
        return group(rows, cut)
    chosen = np.linspace(0, len(rows) - 1, MOST).astype(np.intp)
    labels = group(rows[chosen], cut)
    means = np.stack([rows[chosen][labels == each].mean(0) for each in range(labels.max() + 1)])
    likeness = rows @ means.T
    found = likeness.argmax(1)
    found[chosen] = labels
    left = likeness.max(1) < cut
    left[chosen] = False
    if left.any():
        found[left] = len(means) + _groups(rows[left], cut)
    return _numbered(found)


def _numbered(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """The labels, numbered from 0 by first member."""
    _unused, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)


def most_typical(embeddings: Array, members: NDArray[np.intp]) -> int:
    """Which of `members` (k,) of the embeddings (n, dims) is most like them all."""
    rows = np.asarray(embeddings, np.float32)[members]
    return int(members[int((rows @ unit(rows.mean(0))).argmax())])
