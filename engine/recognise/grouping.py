"""Which sightings of strangers show the same one, and whether pictures of one person show two:
average linkage of their embeddings.

The likeness of two groups is the mean cosine over all pairs across them (average linkage, UPGMA;
Sokal and Michener 1958). Single linkage would chain strangers together through one blurred face.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array, Labels, unit

SAME_STRANGER = 0.44
"""Mean cosine from which on two groups are taken for one person. Chosen by cross-validation over
background people in spaces fitted without them (60 draws of 40 people, one to six pictures each):
99 of 100 groups of two and more hold one person, and 80 of 100 pairs of one person's pictures are
brought together; at 0.40 it is 98 and 88, at 0.36 96 and 94. A person in two groups costs a key, a
mixed group spoils an enrolment."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Mean cosines below which two groups of one person's pictures are taken for two people: in one
    `session` before one camera, and over `days`, in photographs and between sessions."""

    session: float
    days: float


TWO_FACES: Mapping[str, Cuts] = {"both": Cuts(0.44, 0.28), "resnet": Cuts(0.48, 0.36)}
"""By backbone. Measured on nine captures of eight people and on 225 people of LFW with 2,226
pictures: nobody's own pictures are split, see docs/recognition.md. VGG16 alone has none: in its
space photographs of one person on two days are as far apart as two people before one camera."""

LEAST, AT_LEAST_OF = 3, 4
"""Pictures that make a second face: 3, or 2 of a set in which they are a quarter. Fewer are as
often a blurred or hidden first face, and move a person's centre by little."""
MOST = 256
"""Pictures that are compared each with each; of more, so many evenly spaced ones, and the others
go where they are most alike."""


def group(
    embeddings: Array,
    cut: float = SAME_STRANGER,
    apart: Iterable[tuple[int, int]] = (),
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
