"""Which sightings of strangers show the same one: average linkage of their embeddings.

The likeness of two groups is the mean cosine over all pairs across them (average linkage, UPGMA;
Sokal and Michener 1958). Single linkage would chain strangers together through one blurred face.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array

SAME_STRANGER = 0.44
"""Mean cosine from which on two groups are taken for one person. Chosen by cross-validation over
background people in spaces fitted without them (60 draws of 40 people, one to six pictures each):
99 of 100 groups of two and more hold one person, and 80 of 100 pairs of one person's pictures are
brought together; at 0.40 it is 98 and 88, at 0.36 96 and 94. A person in two groups costs a key, a
mixed group spoils an enrolment."""


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
