from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import EpochDone, Event, Notice
from engine.contract.errors import Cancelled, ModelCorrupt, NoPictures, TooFewPeople
from engine.model.classic import (
    ClassicModel,
    ClassicResult,
    arrays_of,
    augmentation,
    build_classic,
    set_arrays,
    side_of,
    train_classic,
    unfreeze_block5,
)
from engine.model.epochs import Checkpoint
from engine.model.keras_networks import layer_table
from engine.model.weights import Weights
from engine.settings import TrainingSettings
from tests.model.sketch import sketched

__all__ = ["sketched"]

Crops = NDArray[np.uint8]
Labels = NDArray[np.int64]
FLATTENED = 5 * 5 * 512


def textures(each: int, seed: int) -> tuple[Crops, Labels]:
    """Two classes that any rotation leaves apart: coarse and fine blobs of noise."""
    random = np.random.default_rng(seed)
    crops = []
    for size in (5, 40):
        for _ in range(each):
            cells = random.integers(0, 256, (size, size, 3), np.uint8)
            crops.append(np.kron(cells, np.ones((160 // size, 160 // size, 1), np.uint8)))
    return np.stack(crops), np.repeat(np.arange(2), each)


def train(
    weights: Weights,
    cancel: Cancel | None = None,
    validation: int = 3,
    unfreeze: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
    checkpoint: Checkpoint | None = None,
    **options: Any,
) -> tuple[list[EpochDone], ClassicResult]:
    """A training on made-up textures: its epochs and its result."""
    settings = TrainingSettings(**{"classic_epochs": 3, "patience": 2, "batch": 8, **options})
    crops, labels = textures(8, seed=0)
    checked, truth = np.empty((0, 160, 160, 3), np.uint8), np.empty(0, np.int64)
    if validation:
        checked, truth = textures(validation, seed=1)
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        on_event(event)

    result = train_classic(
        crops,
        labels,
        checked,
        truth,
        2,
        weights,
        settings,
        cancel or Cancel(),
        emit,
        unfreeze=unfreeze,
        checkpoint=checkpoint,
    )
    return [event for event in events if isinstance(event, EpochDone)], result


@pytest.fixture(scope="module")
def trained(weights: Weights) -> tuple[list[EpochDone], ClassicResult]:
    return train(weights)


def test_it_learns_two_easy_classes(
    trained: tuple[list[EpochDone], ClassicResult], weights: Weights
) -> None:
    events, result = trained
    assert max(event.val_accuracy for event in events) >= 0.8
    crops, labels = textures(5, seed=2)
    probabilities = ClassicModel(result.arrays, weights).probabilities(crops)
    assert probabilities.shape == (10, 2)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-3)
    assert (probabilities.argmax(1) == labels).mean() >= 0.8


def test_every_epoch_is_an_event_and_the_best_is_kept(
    trained: tuple[list[EpochDone], ClassicResult],
) -> None:
    events, result = trained
    assert tuple(events) == result.history
    assert [event.epoch for event in events] == list(range(1, len(events) + 1))
    losses = [event.val_loss for event in events]
    assert losses[result.best_epoch - 1] == pytest.approx(min(losses), abs=1e-4)
    rates = [event.learning_rate for event in events]
    assert rates[0] == 1e-3
    assert rates == sorted(rates, reverse=True)


def test_only_the_dense_layers_are_kept_while_vgg16_is_frozen(
    trained: tuple[list[EpochDone], ClassicResult],
) -> None:
    result = trained[1]
    assert not result.tuned
    assert {name: array.shape for name, array in result.arrays.items()} == {
        "dense_kernel": (FLATTENED, 256),
        "dense_bias": (256,),
        "classes_kernel": (256, 2),
        "classes_bias": (2,),
    }


@pytest.mark.long
def test_block5_trains_only_when_unfrozen_and_at_the_slow_rate(weights: Weights) -> None:
    events, result = train(weights, unfreeze=True, classic_epochs=2, fine_tune_rate=1e-5)
    assert [event.learning_rate for event in events] == [1e-3, 1e-5]
    assert result.tuned == (result.best_epoch == 2)
    if result.tuned:
        kernel = result.arrays["block5_conv3_kernel"]
        original = weights.layer("block5_conv3")[0]
        assert 0 < np.abs(kernel - original).max() < 1e-3
        ClassicModel(result.arrays, weights)


@pytest.mark.usefixtures("sketched")
def test_without_validation_pictures_the_figures_are_not_numbers(weights: Weights) -> None:
    events, result = train(weights, validation=0, classic_epochs=1)
    assert math.isnan(events[0].val_loss)
    assert math.isnan(events[0].val_accuracy)
    assert math.isfinite(events[0].loss)
    assert result.best_epoch == 1


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


@pytest.mark.usefixtures("sketched")
def test_a_cancel_stops_within_a_batch(weights: Weights) -> None:
    cancel = EndsAt(3, Cancel.cancel)
    with pytest.raises(Cancelled):
        train(weights, cancel, batch=4)
    assert cancel.looks == 3


@pytest.mark.usefixtures("sketched")
def test_a_stop_within_a_batch_keeps_the_best_epoch_so_far(weights: Weights) -> None:
    cancel = EndsAt(9, Cancel.stop)  # 4 batches of training and 2 of validation an epoch
    events, result = train(weights, cancel, batch=4, validation=4)
    assert cancel.looks == 10  # and once when the training is over
    assert [event.epoch for event in events] == [1]
    assert result.best_epoch == 1
    ClassicModel(result.arrays, weights)


@pytest.mark.usefixtures("sketched")
def test_a_stop_before_the_first_epoch_is_over_leaves_nothing_to_keep(weights: Weights) -> None:
    with pytest.raises(Cancelled):
        train(weights, EndsAt(4, Cancel.stop), batch=4)


@pytest.mark.long
def test_a_stop_in_the_first_phase_fine_tunes_nothing(weights: Weights) -> None:
    cancel = EndsAt(9, Cancel.stop)
    events, result = train(weights, cancel, batch=4, validation=4, unfreeze=True, classic_epochs=4)
    assert len(events) == 1
    assert not result.tuned


class Killed(Exception):
    """Stands for the end of the process: nothing of ours catches it."""


@pytest.mark.long
def test_a_killed_training_goes_on_from_its_best_epoch(weights: Weights, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "classic")

    def kill(event: Event) -> None:
        raise Killed

    with pytest.raises(Killed):
        train(weights, on_event=kill, checkpoint=checkpoint, classic_epochs=2)
    notices: list[Event] = []
    events, result = train(
        weights, on_event=notices.append, checkpoint=checkpoint, classic_epochs=2
    )
    assert [event.epoch for event in events] == [1, 2]
    assert result.history == tuple(events)
    (told,) = [event.text for event in notices if isinstance(event, Notice)]
    assert told.endswith("this one goes on from its best epoch, 1.")
    assert result.best_epoch == 1 or events[1].val_loss < events[0].val_loss


def test_the_input_side_is_told_by_the_arrays(weights: Weights) -> None:
    arrays = arrays_of(build_classic(weights, 2, side=96), tuned=False)
    assert arrays["dense_kernel"].shape == (3 * 3 * 512, 256)
    assert side_of(arrays) == 96
    found = ClassicModel(arrays, weights).probabilities(textures(1, 0)[0])
    assert found.shape == (2, 2)
    with pytest.raises(ModelCorrupt):
        side_of({"dense_kernel": np.zeros((513, 256), np.float32)})


def test_one_person_is_too_few(weights: Weights) -> None:
    crops, labels = textures(1, 0)
    with pytest.raises(TooFewPeople) as caught:
        train_classic(crops, labels, crops, labels, 1, weights, TrainingSettings(), Cancel(), print)
    assert "head" in caught.value.hint


def test_no_training_pictures_are_an_error_of_the_data(weights: Weights) -> None:
    none, nothing = np.empty((0, 160, 160, 3), np.uint8), np.empty(0, np.int64)
    with pytest.raises(NoPictures):
        train_classic(none, nothing, none, nothing, 2, weights, TrainingSettings(), Cancel(), print)


def test_augmentation_acts_in_training_only(weights: Weights) -> None:
    crops = textures(1, 0)[0].astype(np.float32)
    for layer in augmentation(1):
        np.testing.assert_array_equal(np.asarray(layer(crops, training=False)), crops)
    changed = crops
    for layer in augmentation(1):
        changed = layer(changed, training=True)
    assert not np.array_equal(np.asarray(changed), crops)


def test_the_layer_table_says_what_trains(weights: Weights) -> None:
    model = build_classic(weights, 3, low_precision=False)
    trains = {row.name for row in layer_table(model) if row.trains}
    assert trains == {"dense", "classes"}
    unfreeze_block5(model)
    trains = {row.name for row in layer_table(model) if row.trains}
    assert trains == {"dense", "classes", "block5_conv1", "block5_conv2", "block5_conv3"}


def test_arrays_that_do_not_fit_are_refused(weights: Weights) -> None:
    model = build_classic(weights, 2)
    right = arrays_of(model, tuned=False)
    set_arrays(model, right)
    wrong: list[dict[str, Any]] = [
        {n: a for n, a in right.items() if n != "dense_bias"},
        {**right, "other": np.zeros(1)},
        {**right, "dense_bias": np.zeros(255, np.float32)},
        {**right, "dense_bias": np.full(256, np.nan, np.float32)},
    ]
    for arrays in wrong:
        with pytest.raises(ModelCorrupt):
            set_arrays(model, arrays)
    with pytest.raises(ModelCorrupt):
        ClassicModel({}, weights)
