"""The training loop of recipe `head`: a generator of an event an epoch, returning the result."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from engine.cancel import Cancel
from engine.config import TrainingSettings
from engine.errors import NoPictures
from engine.events import EpochDone
from engine.i18n import _
from engine.model import heads
from engine.model.epochs import TOLERANCE, BestSoFar, batches, stopped
from engine.model.vectors import Float32, Labels, Levelled, centre_levels, class_centres

HELD_COHORT = 0.2
"""Share of the cohort kept out of training, to measure on."""
MOST_STEPS = 64
"""Steps an epoch may take: batches grow beyond the configured size in a large gallery. A step moves
every centre by about the learning rate, so that hundreds an epoch would overshoot within one."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadResult:
    """`centres` (people, d) float32 of unit length, to be used in any case.

    `kept_start`: training did not beat the plain class centres, so these are returned and
    `best_epoch` is 0. `start` and `end` judge the plain and the returned centres on the
    validation pictures (on the training ones if there are none) and unseen cohort vectors.
    """

    centres: Float32
    history: tuple[EpochDone, ...]
    best_epoch: int
    kept_start: bool
    start: heads.Judgement
    end: heads.Judgement


def train_head(
    train: Levelled,
    labels: Labels,
    validation: Levelled,
    validation_labels: Labels,
    strangers: Levelled,
    settings: TrainingSettings,
    cancel: Cancel,
    people: int | None = None,
    seed: int = 1,
    *,
    threshold: float,
) -> Generator[EpochDone, None, HeadResult]:
    """Fine-adjust the class centres of `people` enrolled people in the face space.

    `train` (n) and `validation` (v, may be 0) are embeddings, labels are 0..people-1 (every person
    has a training embedding), `strangers` the cohort as `vectors.levelled_cohort` gives it. Starts
    at the plain centres, trains with RMSprop against each other person and the cohort, and keeps
    the epoch of the lowest validation loss. The start is kept unless that beats it in loss without
    losing rank-1, separation, or validation pictures that are named at `threshold` (the shipped
    curve's, which was measured with plain centres); without validation pictures nothing shows
    it, and the start is kept too, as it is if a stop came before the first epoch was over.
    Raises Cancelled, NoPictures.
    """
    if not len(train):
        raise NoPictures(_("There are no training pictures"), hint=_("Split the pictures again."))
    people = int(labels.max()) + 1 if people is None else people
    random = np.random.default_rng(seed)
    cohort = strangers.rows
    start = class_centres(train.rows, labels, people)
    enrolled = heads.people_samples(train, labels, people)
    nobody = heads.nobody_samples(strangers, people)
    order = random.permutation(len(nobody))
    held = max(1, round(HELD_COHORT * len(nobody)))
    unseen, negatives = nobody.at(order[:held]), nobody.at(order[held:])
    measured = heads.joined(enrolled, unseen)
    has_validation = len(validation) > 0
    checked = (
        heads.joined(heads.people_samples(validation, validation_labels, people), unseen)
        if has_validation
        else measured
    )
    head = heads.Head(start, centre_levels(start, cohort), settings.head_rate)

    def judged(centres: Float32, *sets: heads.Samples) -> list[heads.Judgement]:
        handicaps = centre_levels(centres, cohort)
        return [heads.judge(centres, handicaps, each, threshold) for each in sets]

    best: BestSoFar[Float32] = BestSoFar(settings.epochs, settings.patience)
    history: list[EpochDone] = []
    for epoch in range(1, settings.epochs + 1):
        began = time.monotonic()
        drawn = random.permutation(len(negatives))[: len(enrolled)]
        samples = heads.joined(enrolled, negatives.at(drawn))
        if not _epoch(head, samples, settings.batch, random, cancel):
            break
        centres = head.centres
        seen, found = judged(centres, measured, checked)
        best.update(epoch, found.loss, centres)
        history.append(
            EpochDone(
                epoch=epoch,
                epochs=settings.epochs,
                loss=seen.loss,
                accuracy=seen.accuracy,
                val_loss=found.loss if has_validation else math.nan,
                val_accuracy=found.accuracy if has_validation else math.nan,
                learning_rate=settings.head_rate,
                seconds=time.monotonic() - began,
                best=best.epoch,
            )
        )
        yield history[-1]
        if best.exhausted:
            break
    (before,) = judged(start, checked)
    trained = start if best.snapshot is None else best.snapshot
    (after,) = judged(trained, checked)
    kept = not has_validation or not _better(after, before)
    return HeadResult(
        centres=start if kept else trained,
        history=tuple(history),
        best_epoch=0 if kept else best.epoch,
        kept_start=kept,
        start=before,
        end=before if kept else after,
    )


def _epoch(
    head: heads.Head,
    samples: heads.Samples,
    batch: int,
    random: np.random.Generator,
    cancel: Cancel,
) -> bool:
    """Train on all `samples` once; False if a stop cut it short. Raises Cancelled."""
    for index in batches(len(samples), max(batch, -(-len(samples) // MOST_STEPS)), random):
        if stopped(cancel):
            return False
        head.step(samples.at(index))
    return True


def _better(after: heads.Judgement, before: heads.Judgement) -> bool:
    return (
        after.loss < before.loss - TOLERANCE
        and after.rank1 >= before.rank1
        and after.tpir >= before.tpir
        and after.separation >= before.separation
    )
