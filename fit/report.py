"""What a space reaches on people it has never seen, and the choice of its options.

The former are the figures of the model card; options are chosen by identification among background
people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.evaluate.figures import Trial
from engine.model.face_space import Space
from engine.model.vectors import Float32, class_centres, cohort_scores, unit
from fit.people_features import PeopleFeatures
from fit.space_file import curve_of
from fit.spaces import HeldOut, impostor_scores

ENROL = 10
"""Pictures a person that enrol; all later ones are probes."""
FUSED = 5
"""Frames fused before deciding."""
DRAWS = 20
"""Random groups of FUSED probes a person."""
FPIR = 0.01
"""The target of the calibrated threshold."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One gallery's figures. Shares 0..1; `missed` are probes without a found face."""

    people: int
    probes: int
    missed: int
    strangers: int
    rank1: float
    tpir_1: float
    tpir_5: float
    threshold: float
    tpir: float
    fpir: float
    fused_rank1: float
    fused_tpir_1: float
    fused_tpir: float

    def line(self) -> str:
        """The figures as one line of text."""
        return (
            f"{self.people} people: rank-1 {self.rank1:.3f}, TPIR at FPIR 1 % {self.tpir_1:.3f}, "
            f"at 5 % {self.tpir_5:.3f}; calibrated to 1 % (threshold {self.threshold:.4f}): "
            f"TPIR {self.tpir:.3f}, FPIR {self.fpir:.3f}; five fused: rank-1 "
            f"{self.fused_rank1:.3f}, TPIR at FPIR 1 % {self.fused_tpir_1:.3f}, "
            f"calibrated {self.fused_tpir:.3f}; {self.probes} probes ({self.missed} without a "
            f"face), {self.strangers} strangers' pictures"
        )


def identification(
    space: Space,
    enrolled: PeopleFeatures,
    known: PeopleFeatures,
    strangers: PeopleFeatures,
    people: int,
) -> Figures:
    """Figures for a gallery of the first `people` by name.

    `enrolled` are the first ENROL pictures of each, with their copies, which count as much; the
    probes are the later pictures of `known`, which has the same people.

    Single probes; a probe in which no face was found counts as not identified. The fused
    figures draw groups of five probes of one person, with the strangers still single pictures.
    """
    embeddings = space.embed(known.features)
    inside = known.people < people
    probes = inside & (known.order >= ENROL)
    own = enrolled.people < people
    count = enrolled.copies.shape[1]
    rows = [enrolled.features[own], *(enrolled.copies[own, copy] for copy in range(count))]
    labels = np.tile(enrolled.people[own], 1 + count)
    centres = class_centres(space.embed(np.concatenate(rows)), labels, people)
    missed = sum(label < people and order >= ENROL for label, order in known.missed)
    stranger_scores = cohort_scores(space.embed(strangers.features), centres, space.cohort)
    single = Trial(
        cohort_scores(embeddings[probes], centres, space.cohort),
        known.people[probes],
        stranger_scores,
        missed,
    )
    fused_rows, fused_labels = _fused(embeddings[probes], known.people[probes].tolist())
    fused = Trial(
        cohort_scores(fused_rows, centres, space.cohort), np.array(fused_labels), stranger_scores
    )
    threshold = space.impostors.threshold(1 - (1 - FPIR) ** (1 / people))
    return Figures(
        people=people,
        probes=single.probes,
        missed=missed,
        strangers=len(stranger_scores),
        rank1=single.rank1(),
        tpir_1=single.tpir_at(0.01),
        tpir_5=single.tpir_at(0.05),
        threshold=threshold,
        tpir=single.tpir_above(threshold),
        fpir=single.fpir_above(threshold),
        fused_rank1=fused.rank1(),
        fused_tpir_1=fused.tpir_at(0.01),
        fused_tpir=fused.tpir_above(threshold),
    )


def _fused(embeddings: Float32, labels: Sequence[int]) -> tuple[Float32, list[int]]:
    """Random groups of one person's probes, each fused to one embedding, and their labels."""
    random = np.random.default_rng(0)
    people = np.asarray(labels)
    rows, names = [], []
    for person in np.unique(people):
        own = embeddings[people == person]
        for _ in range(DRAWS if len(own) >= FUSED else 0):
            rows.append(own[random.choice(len(own), FUSED, replace=False)].mean(0))
            names.append(int(person))
    return unit(np.stack(rows)), names


GALLERY = 31
"""People a trial's gallery holds, as in the report."""
TRIALS = 10
"""Random galleries a fold."""


def trials(held: HeldOut, many: int, seed: int) -> Iterator[Trial]:
    """Random galleries of one fold: the first half of each one's pictures enrol, the rest are
    probes; everybody else of the fold, one picture or more, is a stranger.
    """
    random = np.random.default_rng(seed)
    names, sizes = np.unique(held.people, return_counts=True)
    rich = names[sizes >= many]
    for _ in range(TRIALS):
        chosen = np.sort(random.choice(rich, min(GALLERY, len(rich) // 2), replace=False))
        enrol, probe = [], []
        for person in chosen:
            rows = np.flatnonzero(held.people == person)
            enrol.append(rows[: (len(rows) + 1) // 2])
            probe.append(rows[(len(rows) + 1) // 2 :])
        labels = np.repeat(np.arange(len(chosen)), [len(rows) for rows in enrol])
        centres = class_centres(held.embeddings[np.concatenate(enrol)], labels, len(chosen))
        scores = cohort_scores(held.embeddings, centres, held.space.cohort)
        yield Trial(
            scores[np.concatenate(probe)],
            np.repeat(np.arange(len(chosen)), [len(rows) for rows in probe]),
            scores[~np.isin(held.people, chosen)],
        )


def cross_validate(held_out: Iterable[HeldOut], many: int, seed: int) -> Mapping[str, float]:
    """Mean figures over all folds and galleries; `many` and `seed` as in FitOptions.

    `rank1`, `tpir_02`, `tpir_1` and `tpir_5` (at thresholds from the fold's own strangers for an
    FPIR of 0.2, 1 and 5 %), and `tpir` and `fpir` at the threshold calibrated to 1 % by the other
    folds' impostor scores.
    """
    folds = list(held_out)
    impostors = [impostor_scores(fold, many) for fold in folds]
    rows = []
    for number, fold in enumerate(folds):
        others = np.concatenate([s for i, s in enumerate(impostors) if i != number])
        curve = curve_of(others)
        for trial in trials(fold, many, seed + number):
            threshold = curve.threshold(1 - 0.99 ** (1 / trial.genuine.shape[1]))
            rows.append(
                (
                    trial.rank1(),
                    trial.tpir_at(0.002),
                    trial.tpir_at(0.01),
                    trial.tpir_at(0.05),
                    trial.tpir_above(threshold),
                    trial.fpir_above(threshold),
                )
            )
    means = np.mean(rows, axis=0)
    return dict(
        zip(("rank1", "tpir_02", "tpir_1", "tpir_5", "tpir", "fpir"), means.tolist(), strict=True)
    )
