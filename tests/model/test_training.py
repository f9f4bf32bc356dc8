from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.contract import EpochDone, Event, Notice, Warned
from engine.contract.errors import Cancelled, NoPictures
from engine.model import head
from engine.model.epochs import Checkpoint
from engine.model.head import judge, losses_of, nobody_samples, people_samples, why_not
from engine.model.training import MOST_STEPS, HeadResult, head_model, train_head
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
from engine.settings import TrainingSettings

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


def train(
    people: int = 3,
    cancel: Cancel | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    checkpoint: Checkpoint | None = None,
    **options: Any,
) -> tuple[list[EpochDone], HeadResult]:
    """A training on a made-up gallery: its epochs and its result."""
    settings = TrainingSettings(**{"epochs": 12, "patience": 4, "batch": 16, **options})
    rows, labels = gallery(people, 12)
    checked, truth = gallery(people, 4, seed=1)
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        on_event(event)

    result = train_head(
        placed(rows),
        labels,
        placed(checked),
        truth,
        levelled_cohort(cohort()),
        settings,
        cancel or Cancel(),
        emit,
        threshold=0.1,
        checkpoint=checkpoint,
    )
    return [event for event in events if isinstance(event, EpochDone)], result


def mixed(people: int = 3, each: int = 5) -> head.Samples:
    """People and nobody together."""
    rows, labels = gallery(people, each)
    return head.joined(
        people_samples(placed(rows), labels, people),
        nobody_samples(levelled_cohort(cohort()), people),
    )


def test_the_difference_of_two_logits_is_the_score_of_recognition() -> None:
    samples = mixed()
    centres = class_centres(*gallery(3, 5), 3)
    model = head_model(centres, centre_levels(centres, cohort()), 1e-3, 1)
    logits = np.asarray(model([samples.embeddings, samples.levels]))
    scores = (logits[:, :3] - logits[:, 3:]) / head.SCALE
    enrolled = samples.labels < 3
    expected = cohort_scores(samples.embeddings[enrolled], centres, cohort())
    np.testing.assert_allclose(scores[enrolled], expected, atol=1e-4)


def test_keras_trains_on_the_loss_that_is_judged() -> None:
    samples = mixed()
    centres = class_centres(*gallery(3, 5), 3)
    levels = centre_levels(centres, cohort())
    model = head_model(centres, levels, 1e-3, 1)
    loss, accuracy = model.evaluate(
        [samples.embeddings, samples.levels],
        samples.labels,
        sample_weight=samples.weights,
        verbose=0,
    )
    judged = judge(centres, levels, samples, 0.1)
    assert loss == pytest.approx(judged.loss, rel=1e-3)
    assert accuracy == pytest.approx(judged.accuracy, abs=1e-5)


def test_the_judged_loss_is_the_weighted_mean() -> None:
    samples = mixed()
    centres = class_centres(*gallery(3, 5), 3)
    levels = centre_levels(centres, cohort())
    cosines = samples.embeddings @ centres.T - levels
    logits = head.SCALE * np.concatenate([cosines, samples.levels], 1)
    expected = np.average(losses_of(logits, samples.labels), weights=samples.weights)
    assert judge(centres, levels, samples, 0.1).loss == pytest.approx(expected, rel=1e-4)


def test_a_large_gallery_takes_larger_batches_and_not_more_steps() -> None:
    class Counting(Cancel):
        looks = 0

        def check_cancelled(self) -> None:
            self.looks += 1
            super().check_cancelled()

    small, large = Counting(), Counting()
    train(cancel=small, batch=1, epochs=1)
    train(people=40, cancel=large, batch=1, epochs=1)
    assert large.looks == small.looks <= MOST_STEPS


def test_people_and_nobody_weigh_the_same() -> None:
    samples = mixed(each=7)
    nobody = samples.labels == 3
    assert samples.weights[nobody].sum() == pytest.approx(samples.weights[~nobody].sum(), rel=1e-4)
    assert samples.weights.mean() == pytest.approx(1, rel=1e-4)


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
    events: list[Any] = []
    result = train_head(
        placed(rows, strangers),
        labels,
        placed(checked, strangers),
        truth,
        levelled_cohort(strangers),
        settings,
        Cancel(),
        events.append,
        threshold=0.1,
    )
    assert result.why is None
    assert result.end.loss < result.start.loss
    assert result.end.rank1 >= result.start.rank1
    assert result.end.separation >= result.start.separation
    assert result.centres.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(result.centres, axis=1), 1, atol=1e-5)
    losses = [event.val_loss for event in events]
    assert losses[result.best_epoch - 1] == pytest.approx(result.end.loss)
    assert losses[result.best_epoch - 1] == pytest.approx(min(losses), abs=2e-4)


@pytest.fixture(scope="module")
def whole() -> tuple[list[EpochDone], HeadResult]:
    """A training of three epochs that came to its end."""
    return train(epochs=3, patience=3)


def test_every_epoch_is_an_event_with_all_figures(
    whole: tuple[list[EpochDone], HeadResult],
) -> None:
    events, result = whole
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
        assert 0 <= event.tpir <= 1
        assert 0 <= event.fpir <= 1


def test_it_is_deterministic(whole: tuple[list[EpochDone], HeadResult]) -> None:
    events, result = train(epochs=3, patience=3)
    assert [event.val_loss for event in events] == [event.val_loss for event in whole[0]]
    np.testing.assert_array_equal(result.centres, whole[1].centres)


def test_a_rate_that_only_harms_stops_early_and_keeps_the_plain_centres() -> None:
    events, result = train(people=2, epochs=40, patience=3, head_rate=0.9)
    assert len(events) < 40
    assert result.why is not None
    assert result.best_epoch == 0
    rows, labels = gallery(2, 12)
    np.testing.assert_allclose(result.centres, class_centres(rows, labels, 2), atol=1e-6)


def test_one_person_alone_can_be_trained() -> None:
    events, result = train(people=1)
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
    events: list[Any] = []
    result = train_head(
        placed(rows),
        labels,
        nothing,
        np.empty(0, np.int64),
        levelled_cohort(cohort()),
        settings,
        Cancel(),
        events.append,
        threshold=0.1,
    )
    assert all(math.isnan(event.val_loss) for event in events)
    assert all(math.isnan(event.val_accuracy) for event in events)
    assert all(math.isnan(event.tpir) for event in events)
    assert result.why == Warned("no_validation")
    assert result.why is not None
    np.testing.assert_allclose(result.centres, class_centres(rows, labels, 3), atol=1e-6)


GOOD = head.Judgement(loss=0.2, accuracy=1.0, rank1=1.0, tpir=0.98, fpir=0.01, separation=0.4)
BETTER = replace(GOOD, loss=0.1)


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"rank1": 0.97}, "were better on held-out pictures (100 % against 97 %), so they"),
        ({"tpir": 0.97}, "name more held-out pictures (98 % against 97 %), so they are used."),
        ({"fpir": 0.014}, "name fewer strangers (1.0 % against 1.4 %), so they are used."),
        ({"separation": 0.3}, "keep strangers further off (0.400 against 0.300)"),
        ({"loss": 0.2}, "did not improve on the plain class centres (loss 0.2000 against 0.2000)"),
    ],
)
def test_what_plain_centres_are_better_at_is_said_in_one_sentence(
    worse: dict[str, float], why: str
) -> None:
    assert why_not(BETTER, GOOD) is None
    found = why_not(replace(BETTER, **worse), GOOD)
    assert found is not None
    assert why in found.text


def test_strangers_count_as_named_at_anybodys_own_threshold() -> None:
    samples = mixed()
    centres = class_centres(*gallery(3, 5), 3)
    levels = centre_levels(centres, cohort())
    thresholds = np.array([2.0, 2.0, -2.0], np.float32)
    judged = judge(centres, levels, samples, thresholds)
    assert judged.fpir == 1.0
    assert judged.tpir == pytest.approx(1 / 3)


class EndsAt(Cancel):
    """Ends the job when looked at for the n-th time: before the n-th batch."""

    def __init__(self, look: int, end: Callable[[Cancel], None]) -> None:
        super().__init__()
        self.looks, self._at, self._end = 0, look, end

    def check_cancelled(self) -> None:
        self.looks += 1
        if self.looks == self._at:
            self._end(self)
        super().check_cancelled()


def test_a_cancel_stops_before_the_next_batch() -> None:
    cancel = EndsAt(3, Cancel.cancel)
    with pytest.raises(Cancelled):
        train(cancel=cancel)
    assert cancel.looks == 3


def stop_after(epoch: int, cancel: Cancel) -> Callable[[Event], None]:
    def on_event(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == epoch:
            cancel.stop()

    return on_event


def test_a_stop_keeps_the_best_epoch_so_far(whole: tuple[list[EpochDone], HeadResult]) -> None:
    cancel = Cancel()
    events, result = train(cancel=cancel, on_event=stop_after(2, cancel), epochs=3, patience=3)
    assert len(events) == 2
    assert result.history == tuple(events)
    assert [e.val_loss for e in events] == [e.val_loss for e in whole[0][:2]]
    assert result.best_epoch in (0, 1, 2)


def test_a_stop_before_the_first_epoch_is_over_keeps_the_plain_centres() -> None:
    cancel = Cancel()
    cancel.stop()
    events, result = train(cancel=cancel)
    assert events == []
    assert result.why is not None
    np.testing.assert_array_equal(result.centres, class_centres(*gallery(3, 12), 3))


def test_a_cancel_after_a_stop_gives_up() -> None:
    cancel = Cancel()
    cancel.stop()
    cancel.cancel()
    with pytest.raises(Cancelled):
        train(cancel=cancel)


# --- a training that was killed ------------------------------------------------------------------


class Killed(Exception):
    """Stands for the end of the process: nothing of ours catches it."""


def killed_after(epoch: int, checkpoint: Checkpoint, **options: Any) -> None:
    def on_event(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == epoch:
            raise Killed

    with pytest.raises(Killed):
        train(on_event=on_event, checkpoint=checkpoint, **options)


def test_a_killed_training_goes_on_from_its_best_epoch(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "head")
    killed_after(3, checkpoint, epochs=5, patience=5)
    notices: list[str] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Notice):
            notices.append(event.text)

    events, result = train(on_event=on_event, checkpoint=checkpoint, epochs=5, patience=5)
    assert notices == [
        "A training on the same pictures was cut short: this one goes on from its best epoch, 3."
    ]
    assert [event.epoch for event in events] == [1, 2, 3, 4, 5]
    assert result.history == tuple(events)


def test_a_killed_training_on_other_pictures_is_forgotten(
    tmp_path: Path, whole: tuple[list[EpochDone], HeadResult]
) -> None:
    checkpoint = Checkpoint(tmp_path, "head")
    killed_after(1, checkpoint, people=4, epochs=3, patience=3)
    events, _ = train(checkpoint=checkpoint, epochs=3, patience=3)
    assert [event.val_loss for event in events] == [event.val_loss for event in whole[0]]


def test_no_training_pictures_are_an_error_of_the_data() -> None:
    nothing, none = stacked((), DIMENSIONS), np.empty(0, np.int64)
    strangers, settings = levelled_cohort(cohort()), TrainingSettings()
    with pytest.raises(NoPictures):
        train_head(
            nothing, none, nothing, none, strangers, settings, Cancel(), print, threshold=0.1
        )
