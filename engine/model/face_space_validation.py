"""Choosing a face space's options: identification among background people it has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from engine.model.face_space_fit import HeldOut, impostor_scores
from engine.model.identification import Trial
from engine.model.impostors import ImpostorCurve
from engine.model.vectors import class_centres, cohort_scores

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
        curve = ImpostorCurve.from_scores(others)
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
