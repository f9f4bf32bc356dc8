"""Fitting the joint space: which share each network has, and how high strangers score in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.model.face_space import FaceSpace
from engine.model.face_space_fit import (
    NO_CURVE,
    FitOptions,
    HeldOut,
    Report,
    held_out_folds,
    impostor_scores,
)
from engine.model.impostors import ImpostorCurve
from engine.model.joint_space import JointSpace, joined, side_by_side
from engine.model.vectors import Array, Labels


@dataclass(frozen=True, slots=True)
class Opinion:
    """One network's part: `length` values of a feature row, how its space is fitted, and the
    `share` of its cosine."""

    name: str
    length: int
    options: FitOptions
    share: float


def joint_folds(
    features: Array,
    people: Labels,
    opinions: Sequence[Opinion],
    report: Report = lambda line: None,
) -> Iterator[HeldOut]:
    """Each fold of people in the joint of the spaces fitted on all other folds.

    `features` (n, k) are the networks' rows side by side. The folds are those of
    `face_space_fit.held_out_folds`, the same for every network. The spaces lack a curve.
    """
    cuts = np.cumsum([opinion.length for opinion in opinions])[:-1]
    pieces = np.split(features, cuts, axis=1)
    each = [
        held_out_folds(piece, people, opinion.options, report)
        for piece, opinion in zip(pieces, opinions, strict=True)
    ]
    shares = [opinion.share for opinion in opinions]
    for parts in zip(*each, strict=True):
        spaces = [part.space for part in parts]
        space = joined([opinion.name for opinion in opinions], spaces, shares, NO_CURVE)
        embeddings = side_by_side([part.embeddings for part in parts], shares)
        yield HeldOut(space, embeddings, parts[0].people)


def fit_joint(
    features: Array,
    people: Labels,
    opinions: Sequence[Opinion],
    spaces: Sequence[FaceSpace],
    provenance: Mapping[str, Any] | None = None,
    report: Report = lambda line: None,
) -> JointSpace:
    """The joint of the fitted `spaces`, with the impostor curve of held-out folds.

    Raises ValueError unless every space was fitted on these very people and pictures: else the
    cohorts would not mix the same people.
    """
    facts = {"people": int(people.max()) + 1, "pictures": len(people)}
    for space in spaces:
        if any(space.provenance.get(name) != value for name, value in facts.items()):
            raise ValueError("the face spaces were fitted on other pictures: fit them again first")
    many = opinions[0].options.many
    folds = joint_folds(features, people, opinions, report)
    scores = np.concatenate([impostor_scores(fold, many) for fold in folds])
    return joined(
        [opinion.name for opinion in opinions],
        spaces,
        [opinion.share for opinion in opinions],
        ImpostorCurve.from_scores(scores),
        {**(provenance or {}), **facts, "impostor_comparisons": len(scores)},
    )
