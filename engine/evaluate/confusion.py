"""Who is taken for whom: the confusion matrix and the most confused pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.evaluate.figures import Probes
from engine.model.vectors import Float32, Labels

MOST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """A probe of `person` that looks like `other`, and the picture of `other` most like it.

    `score` is the probe's for `other`, `own_score` for `person`; both are indices into the
    gallery. `picture` is None if the other person's pictures are not at hand.
    """

    person: int
    other: int
    score: float
    own_score: float
    probe: Path
    picture: Path | None


@dataclass(frozen=True, slots=True, eq=False)
class GalleryPictures:
    """What the gallery was made of: `embeddings` (n, dims), `labels` (n,), `paths` (n,)."""

    embeddings: Float32
    labels: Labels
    paths: Sequence[Path]


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
    probes: Probes,
    embeddings: Float32,
    paths: Sequence[Path],
    threshold: float,
    gallery: GalleryPictures,
) -> tuple[ConfusedPair, ...]:
    """The most confused pairs of people, worst first, MOST_PAIRS at most, one probe a pair.

    A probe confuses its person with another if that other is its candidate, scores as high as
    its own person, or would be named (reaches `threshold`). Of a pair's probes the one with the
    largest difference stands for it. `embeddings` (n, dims) and `paths` (n,) are the probes'.
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
            person=person,
            other=other,
            score=float(searches.scores[row, other]),
            own_score=float(own[row]),
            probe=paths[row],
            picture=_most_alike(embeddings[row], other, gallery),
        )
        for (person, other), (_, row) in ranked
    )


def _most_alike(embedding: Float32, person: int, gallery: GalleryPictures) -> Path | None:
    """The picture of `person` with the largest cosine to `embedding`."""
    theirs = np.flatnonzero(np.asarray(gallery.labels) == person)
    if not len(theirs):
        return None
    return gallery.paths[int(theirs[(gallery.embeddings[theirs] @ embedding).argmax()])]
