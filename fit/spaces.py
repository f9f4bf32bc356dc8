"""Fitting the spaces: one for each network, and the joint one.

A face space is PCA and regularised LDA on background people, a cohort and an impostor curve. Of the
joint space it is fitted which share each network has, and how high strangers score in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.face_space import FaceSpace, JointSpace, Space, joined, side_by_side
from engine.model.vectors import (
    Array,
    Float32,
    ImpostorCurve,
    Labels,
    class_centres,
    class_means,
    cohort_scores,
    normalised,
    unit,
)
from fit.space_file import curve_of

SPARE = 100
"""Further directions in the subspace iteration, so that the last wanted ones come out right."""
ROUNDS = 6
"""Rounds of the subspace iteration."""

Report = Callable[[str], None]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What was chosen by cross-validation over background people (`validate`)."""

    components: int = 900
    """Principal components kept before the LDA."""
    dims: int = 900
    """Dimensions of the space: the LDA's directions with most spread between people."""
    shrinkage: float = 0.05
    """Share of the mean within-person variance that is added to every direction."""
    softness: float = 0.0
    """Weight of a direction: b/(b + softness) to the power 1/2, b its variance between people
    in units of that within; 0 gives every direction the same weight."""
    cohort: int = 4200
    """Cohort vectors."""
    mixed: int = 5
    """People mixed into each cohort vector."""
    folds: int = 5
    """Folds of the held-out impostor scores."""
    many: int = 5
    """Pictures from which on a person serves as a centre in the impostor scores."""
    seed: int = 0
    rooted: bool = True
    """Whether features pass the signed root: a matter of the backbone, kept in the file itself."""
    parts: tuple[int, ...] = ()
    """Lengths of the parts of a row that are scaled one by one; a matter of the backbone too."""
    second: float = 0.5
    """Weight of all parts but the first, as a share of the first one's in the squared distance."""

    def recorded(self) -> dict[str, Any]:
        """What the file's provenance says of the options."""
        own = ("rooted", "parts")
        return {name: value for name, value in asdict(self).items() if name not in own}

    def weights(self, length: int) -> Float32:
        """What each of `length` values of a normalised row is multiplied by."""
        weights = np.full(length, math.sqrt(self.second), np.float32)
        weights[: self.parts[0] if self.parts else length] = 1
        return weights


def fit_projection(
    features: Array, people: Labels, options: FitOptions
) -> tuple[Float32, Float32, Float32]:
    """Mean (k,), projection (k, d) and offset (d,) from `features` (n, k), labels 0..p-1 (n,).

    Within-person covariance is shrunk towards a multiple of the identity, then whitened; the
    directions are those of the largest between-person variance (Fisher's LDA).
    """
    mean = np.asarray(features.mean(0, dtype=np.float64), np.float32)
    weights = options.weights(len(mean))
    rows = normalised(features, mean, options.rooted, options.parts) * weights
    centre = rows.mean(0, dtype=np.float64)
    components = _principal_components(rows - centre.astype(np.float32), options.components)
    reduced = (rows @ components).astype(np.float64) - centre @ components
    discriminant = _discriminant(reduced, people, options)
    projection = components.astype(np.float64) @ discriminant
    offset = centre @ projection
    # The weights go into the matrix, so that whoever embeds need not know them.
    projection *= weights[:, None]
    return mean, projection.astype(np.float32), offset.astype(np.float32)


def _principal_components(centred: Float32, count: int) -> Float32:
    """The first `count` principal directions of `centred` (n, k), as columns (k, count).

    Where n is smaller than k, they come from the n x n Gram matrix; and of its thousands of
    eigenvectors only those wanted are computed, by subspace iteration from a random start
    (Halko, Martinsson and Tropp, SIAM Review 53, 2011), which takes a tenth of the time.
    """
    rows, columns = centred.shape
    count = min(count, rows - 1, columns)
    if columns <= rows:
        covariance = centred.T.astype(np.float64) @ centred
        return np.linalg.eigh(covariance)[1][:, ::-1][:, :count].astype(np.float32)
    gram = centred @ centred.T
    width = min(rows, count + SPARE)
    basis: Float32 = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    for _ in range(ROUNDS):
        basis = _orthonormal(np.asarray(gram @ basis, np.float32))
    values, turned = np.linalg.eigh((basis.T @ gram @ basis).astype(np.float64))
    keep = slice(width - count, width)
    vectors = basis @ turned[:, keep][:, ::-1].astype(np.float32)
    scale = np.sqrt(np.maximum(values[keep][::-1], 1e-12)).astype(np.float32)
    return np.asarray(centred.T @ (vectors / scale), np.float32)


def _orthonormal(columns: Float32) -> Float32:
    """An orthonormal basis of the space of `columns` (n, w), all of them independent.

    By Cholesky's factor, twice for precision: matrix products only, several times as fast as
    Householder's QR (Yamamoto et al., ETNA 44, 2015).
    """
    for _ in range(2):
        products = (columns.T @ columns).astype(np.float64)
        products[np.diag_indices_from(products)] *= 1 + 1e-6
        factor = np.linalg.inv(np.linalg.cholesky(products)).T
        columns = columns @ factor.astype(np.float32)
    return columns


def _discriminant(reduced: Float64, people: Labels, options: FitOptions) -> Float64:
    """The LDA matrix (c, d) of `reduced` (n, c) with labels 0..p-1."""
    rows, axes = reduced.shape
    count = int(people.max()) + 1
    sizes = np.bincount(people)
    sums = np.zeros((count, axes))
    np.add.at(sums, people, reduced)
    means = sums / sizes[:, None]
    residual = reduced - means[people]
    within = residual.T @ residual / max(rows - count, 1)
    # A person's mean of few pictures also scatters within: take that part out.
    between = np.cov(means.T) - within / sizes.mean()
    within += np.eye(axes) * (np.trace(within) / axes * options.shrinkage)
    values, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(np.maximum(values, 1e-12))
    spread, turned = np.linalg.eigh(white.T @ between @ white)
    order = np.argsort(spread)[::-1][: options.dims]
    matrix = white @ turned[:, order]
    if options.softness > 0:
        positive = np.maximum(spread[order], 0)
        matrix = matrix * np.sqrt(positive / (positive + options.softness))
    return np.asarray(matrix, np.float64)


def mixed_cohort(projected: Array, people: Labels, options: FitOptions) -> Float32:
    """Cohort (m, d) of unit length from `projected` (n, d), not yet of unit length.

    Each vector mixes `mixed` people's means, with weights whose squares sum to 1 so that a
    mixture lies as far from the common mean as a person does: it is nobody's template.
    """
    count = int(people.max()) + 1
    means = class_means(projected, people, count).astype(np.float64)
    middle = means.mean(0)
    random = np.random.default_rng(options.seed)
    mixed = min(options.mixed, count)
    rows = []
    for _ in range(options.cohort):
        chosen = random.choice(count, mixed, replace=False)
        weights = np.sqrt(random.dirichlet(np.full(mixed, 0.5)))
        rows.append(middle + weights @ (means[chosen] - middle))
    return unit(np.stack(rows))


def fit_space(
    features: Array,
    people: Labels,
    options: FitOptions,
    provenance: Mapping[str, Any] | None = None,
    report: Report = lambda line: None,
    curve: ImpostorCurve | None = None,
) -> FaceSpace:
    """Fit everything that ships on `features` (n, k) with labels 0..p-1 (n,).

    `curve` skips the impostor scores (five more fits). Deterministic by `options.seed`.
    """
    if curve is None:
        scores = held_out_impostors(features, people, options, report)
        curve = curve_of(scores)
        counted = len(scores)
    else:
        counted = 0
    report("fitting the space on everybody")
    space = _without_curve(features, people, options)
    facts = {
        **(provenance or {}),
        "people": int(people.max()) + 1,
        "pictures": len(people),
        "impostor_comparisons": counted,
        "options": options.recorded(),
    }
    return replace(space, impostors=curve, provenance=facts)


NO_CURVE = ImpostorCurve(np.array([1.0, 0.5]), np.array([0.0, 0.0]))


def _without_curve(features: Array, people: Labels, options: FitOptions) -> FaceSpace:
    """Projection and cohort only; the curve is a placeholder."""
    mean, projection, offset = fit_projection(features, people, options)
    rows = normalised(features, mean, options.rooted, options.parts)
    cohort = mixed_cohort(rows @ projection - offset, people, options)
    return FaceSpace(
        mean,
        projection,
        offset,
        cohort,
        impostors=NO_CURVE,
        rooted=options.rooted,
        parts=options.parts,
    )


def fold_of_people(count: int, folds: int, seed: int) -> Labels:
    """The fold of each of `count` people, as equal in size as can be, by `seed`."""
    return np.random.default_rng(seed + 1).permutation(count) % folds


def relabel(people: Labels) -> Labels:
    """Labels made dense: 0..p-1 in the order of the old labels."""
    return np.asarray(np.unique(people, return_inverse=True)[1])


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """One fold's people in the space fitted without them."""

    space: Space
    embeddings: Float32
    people: Labels


def held_out_folds(
    features: Array,
    people: Labels,
    options: FitOptions,
    report: Report = lambda line: None,
) -> Iterator[HeldOut]:
    """Each fold of people, embedded by the fit on all other folds. The spaces lack a curve."""
    fold = fold_of_people(int(people.max()) + 1, options.folds, options.seed)
    for number in range(options.folds):
        report(f"fitting without fold {number + 1} of {options.folds}")
        held = fold[people] == number
        space = _without_curve(features[~held], relabel(people[~held]), options)
        yield HeldOut(space, space.embed(features[held]), people[held])


def held_out_impostors(
    features: Array,
    people: Labels,
    options: FitOptions,
    report: Report = lambda line: None,
) -> Float64:
    """Scores (s,) of pictures against other people's centres, in spaces fitted without both.

    In a space that has seen them strangers score far too low (15 to 25 % of searches accepted
    for a target of 1 %), so every fold of people is scored by the fit on the other folds.
    """
    folds = held_out_folds(features, people, options, report)
    return np.concatenate([impostor_scores(fold, options.many) for fold in folds])


def impostor_scores(held: HeldOut, many: int) -> Float64:
    """Scores (s,) of every picture against the centres of all others with `many` pictures."""
    names, sizes = np.unique(held.people, return_counts=True)
    enrolled = names[sizes >= many]
    if not len(enrolled):
        raise ValueError(f"nobody in this fold has {many} pictures")
    inside = np.isin(held.people, enrolled)
    labels = np.searchsorted(enrolled, held.people[inside])
    centres = class_centres(held.embeddings[inside], labels, len(enrolled))
    scores = cohort_scores(held.embeddings, centres, held.space.cohort)
    others = held.people[:, None] != enrolled[None]
    return np.asarray(scores[others], np.float64)


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
    `held_out_folds`, the same for every network. The spaces lack a curve.
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
        curve_of(scores),
        {**(provenance or {}), **facts, "impostor_comparisons": len(scores)},
    )
