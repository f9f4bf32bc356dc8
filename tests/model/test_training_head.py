from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.config import TrainingSettings
from engine.errors import Cancelled, NoPictures
from engine.events import EpochDone
from engine.model import heads
from engine.model.heads import Head, gradient, judge, losses_of, nobody_samples, people_samples
from engine.model.training import MOST_STEPS, HeadResult, _better, train_head
from engine.model.vectors import (
    Float32,
    Labels,
    Levelled,
    centre_levels,
    class_centres,
    cohort_scores,
    levelled,
    levelled_cohort,
    stacked,
    unit,
)

DIMENSIONS = 32


def cohort(count: int = 200) -> Float32:
    return unit(np.random.default_rng(99).normal(size=(count, DIMENSIONS)))


def placed(rows: Float32, strangers: Float32 | None = None) -> Levelled:
    return levelled(rows, cohort() if strangers is None else strangers)


def gallery(people: int, each: int, spread: float = 0.6, seed: int = 0) -> tuple[Float32, Labels]:
    """Embeddings around a random direction a person; the directions depend on no seed."""
    directions = unit(np.random.default_rng(7).normal(size=(people, DIMENSIONS)))
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), each)
    noise = random.normal(size=(len(labels), DIMENSIONS)) * spread / math.sqrt(DIMENSIONS) * 2
    rows = directions[labels] + noise
    return unit(rows), labels


def finish(
    run: Generator[EpochDone, None, HeadResult],
) -> tuple[list[EpochDone], HeadResult]:
    events = []
    while True:
        try:
            events.append(next(run))
        except StopIteration as end:
            return events, end.value


def train(people: int = 3, cancel: Cancel | None = None, **options: Any) -> Any:
    settings = TrainingSettings(**{"epochs": 12, "patience": 4, "batch": 16, **options})
    rows, labels = gallery(people, 12)
    checked, truth = gallery(people, 4, seed=1)
    return train_head(
        placed(rows),
        labels,
        placed(checked),
        truth,
        levelled_cohort(cohort()),
        settings,
        cancel or Cancel(),
        threshold=0.1,
    )


def mixed(people: int = 3, each: int = 5) -> heads.Samples:
    """People and nobody together."""
    rows, labels = gallery(people, each)
    return heads.joined(
        people_samples(placed(rows), labels, people),
        nobody_samples(levelled_cohort(cohort()), people),
    )


def mean_loss(weights: Float32, handicaps: Float32, samples: heads.Samples) -> float:
    """The mean weighted loss at `weights` of any length, in float64."""
    centres = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    cosines = samples.embeddings @ centres.T - handicaps
    logits = heads.SCALE * np.concatenate([cosines, samples.levels], 1).astype(np.float64)
    return float((losses_of(logits, samples.labels) * samples.weights).mean())


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    samples, random = mixed(), np.random.default_rng(4)
    centres = class_centres(*gallery(3, 5), 3)
    levels = centre_levels(centres, cohort())
    weights = (1.5 * centres).astype(np.float32)
    found = gradient(weights, levels, samples)
    for direction in random.normal(size=(5, *weights.shape)):
        step = 1e-4 * direction
        rise = mean_loss(weights + step, levels, samples) - mean_loss(
            weights - step, levels, samples
        )
        assert rise / 2e-4 == pytest.approx(float((found * direction).sum()), rel=2e-2, abs=1e-4)


def test_steps_are_those_of_keras_with_the_same_loss() -> None:
    keras = pytest.importorskip("keras")
    samples = mixed()
    centres = class_centres(*gallery(3, 5), 3)
    levels = centre_levels(centres, cohort())
    head = Head(centres, levels, 1e-2)
    weights = keras.Variable(centres)
    optimiser = keras.optimizers.RMSprop(1e-2)
    for _ in range(5):
        slope = gradient(np.asarray(weights), levels, samples)
        optimiser.apply([keras.ops.convert_to_tensor(slope)], [weights])
        head.step(samples)
        np.testing.assert_allclose(head.centres, unit(np.asarray(weights)), atol=1e-5)


def test_the_judged_loss_is_the_weighted_mean() -> None:
    samples = mixed()
    centres = class_centres(*gallery(3, 5), 3)
    levels = centre_levels(centres, cohort())
    cosines = samples.embeddings @ centres.T - levels
    logits = heads.SCALE * np.concatenate([cosines, samples.levels], 1)
    expected = np.average(losses_of(logits, samples.labels), weights=samples.weights)
    assert judge(centres, levels, samples, 0.1).loss == pytest.approx(expected, rel=1e-4)


def test_a_large_gallery_takes_larger_batches_and_not_more_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = 0
    original = Head.step

    def counted(head: Head, samples: heads.Samples) -> None:
        nonlocal steps
        steps += 1
        original(head, samples)

    monkeypatch.setattr(Head, "step", counted)
    next(train(people=40, batch=2))
    assert steps == MOST_STEPS


def test_a_cohort_vector_is_not_its_own_neighbour() -> None:
    assert nobody_samples(levelled_cohort(cohort()), 2).levels.max() < 0.9


def test_every_person_weighs_the_same() -> None:
    rows, labels = gallery(2, 10)
    samples = people_samples(placed(rows[:13]), labels[:13], 2)
    assert samples.weights[:10].sum() == pytest.approx(samples.weights[10:].sum())


def test_training_moves_a_person_away_from_strangers_who_look_alike() -> None:
    rows, labels = gallery(3, 12)
    checked, truth = gallery(3, 6, seed=1)
    random = np.random.default_rng(3)
    alike = rows[0] + unit(random.normal(size=DIMENSIONS)) * 0.9
    crowd = unit(alike + random.normal(size=(60, DIMENSIONS)) * 0.08)
    strangers = unit(np.concatenate([cohort(140), crowd]))
    settings = TrainingSettings(epochs=30, patience=4, batch=16)
    events, result = finish(
        train_head(
            placed(rows, strangers),
            labels,
            placed(checked, strangers),
            truth,
            levelled_cohort(strangers),
            settings,
            Cancel(),
            threshold=0.1,
        )
    )
    assert not result.kept_start
    assert result.end.loss < result.start.loss
    assert result.end.rank1 >= result.start.rank1
    assert result.end.separation >= result.start.separation
    assert result.centres.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(result.centres, axis=1), 1, atol=1e-5)
    losses = [event.val_loss for event in events]
    assert losses[result.best_epoch - 1] == pytest.approx(result.end.loss)
    assert result.end.loss == pytest.approx(min(losses), abs=2e-4)


def test_every_epoch_is_an_event_with_all_figures() -> None:
    events, result = finish(train(epochs=3, patience=3))
    assert [event.epoch for event in events] == [1, 2, 3]
    assert tuple(events) == result.history
    for event in events:
        assert event.epochs == 3
        assert event.learning_rate == 1e-4
        assert event.seconds > 0
        assert all(map(math.isfinite, (event.loss, event.val_loss)))
        assert 0 <= event.accuracy <= 1
        assert 0 <= event.val_accuracy <= 1
        assert 1 <= event.best <= event.epoch


def test_it_is_deterministic() -> None:
    one, other = finish(train())[1], finish(train())[1]
    np.testing.assert_array_equal(one.centres, other.centres)


def test_a_rate_that_only_harms_stops_early_and_keeps_the_plain_centres() -> None:
    events, result = finish(train(people=2, epochs=40, patience=3, head_rate=0.9))
    assert len(events) < 40
    assert result.kept_start
    assert result.best_epoch == 0
    rows, labels = gallery(2, 12)
    np.testing.assert_allclose(result.centres, class_centres(rows, labels, 2), atol=1e-6)


def test_one_person_alone_can_be_trained() -> None:
    events, result = finish(train(people=1))
    assert result.centres.shape == (1, DIMENSIONS)
    assert all(math.isfinite(event.loss) and event.loss > 0 for event in events)
    probes, _ = gallery(1, 20, seed=5)
    own = cohort_scores(probes, result.centres, cohort())
    strangers = cohort_scores(
        unit(np.random.default_rng(3).normal(size=(200, DIMENSIONS))), result.centres, cohort()
    )
    assert own.min() > strangers.max()


def test_without_validation_pictures_the_plain_centres_are_kept() -> None:
    rows, labels = gallery(3, 12)
    nothing = stacked((), DIMENSIONS)
    settings = TrainingSettings(epochs=4, patience=2)
    events, result = finish(
        train_head(
            placed(rows),
            labels,
            nothing,
            np.empty(0, np.int64),
            levelled_cohort(cohort()),
            settings,
            Cancel(),
            threshold=0.1,
        )
    )
    assert all(math.isnan(event.val_loss) for event in events)
    assert all(math.isnan(event.val_accuracy) for event in events)
    assert result.kept_start
    np.testing.assert_allclose(result.centres, class_centres(rows, labels, 3), atol=1e-6)


def test_centres_that_name_fewer_validation_pictures_are_not_taken() -> None:
    after = heads.Judgement(loss=0.1, accuracy=1.0, rank1=1.0, tpir=0.6, separation=0.5)
    before = heads.Judgement(loss=0.2, accuracy=1.0, rank1=1.0, tpir=0.8, separation=0.4)
    assert not _better(after, before)
    assert _better(replace(after, tpir=0.8), before)


def test_a_cancel_stops_before_the_next_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, batches = Cancel(), 0
    run = train(cancel=cancel)
    next(run)
    original = heads.Samples.at

    def counted(samples: heads.Samples, index: Labels) -> heads.Samples:
        nonlocal batches
        batches += 1
        if batches == 2:  # the first call draws the negatives, the second is a batch
            cancel.cancel()
        return original(samples, index)

    monkeypatch.setattr(heads.Samples, "at", counted)
    with pytest.raises(Cancelled):
        next(run)
    assert batches == 2


def test_a_stop_keeps_the_best_epoch_so_far() -> None:
    whole, _ = finish(train(epochs=5, patience=5))
    cancel, events = Cancel(), []
    run = train(epochs=5, patience=5, cancel=cancel)
    for _ in range(2):
        events.append(next(run))
    cancel.stop()
    rest, result = finish(run)
    assert rest == []
    assert result.history == tuple(events)
    assert [e.val_loss for e in events] == [e.val_loss for e in whole[:2]]
    assert result.best_epoch in (0, 1, 2)


def test_a_stop_before_the_first_epoch_is_over_keeps_the_plain_centres() -> None:
    cancel = Cancel()
    cancel.stop()
    events, result = finish(train(cancel=cancel))
    assert events == []
    assert result.kept_start
    np.testing.assert_array_equal(result.centres, class_centres(*gallery(3, 12), 3))


def test_a_cancel_after_a_stop_gives_up() -> None:
    cancel = Cancel()
    cancel.stop()
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(train(cancel=cancel))


def test_no_training_pictures_are_an_error_of_the_data() -> None:
    nothing, none = stacked((), DIMENSIONS), np.empty(0, np.int64)
    strangers, settings = levelled_cohort(cohort()), TrainingSettings()
    run = train_head(nothing, none, nothing, none, strangers, settings, Cancel(), threshold=0.1)
    with pytest.raises(NoPictures):
        next(run)


def test_the_centres_of_a_fresh_head_are_those_it_was_given() -> None:
    centres = class_centres(*gallery(3, 5), 3)
    fresh = Head(3 * centres, centre_levels(centres, cohort()), 1e-3)
    np.testing.assert_allclose(fresh.centres, centres, atol=1e-6)
