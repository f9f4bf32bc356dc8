from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.contract import EpochDone
from engine.model.epochs import FOLDER, BestSoFar, Checkpoint, digest_of, drop_all, drop_stale

ADA, GRACE = ("ada", "1"), ("grace", "7")
WEIGHTS = {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}


def epoch(number: int, **figures: float) -> EpochDone:
    fields = {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.6, "val_accuracy": 0.8}
    return EpochDone(
        epoch=number,
        epochs=9,
        learning_rate=1e-4,
        seconds=0.1,
        best=number,
        **{**fields, "tpir": 0.75, "fpir": 0.01, **figures},
    )


def offered(*losses: float) -> BestSoFar:
    best = BestSoFar()
    for number, loss in enumerate(losses, 1):
        best.offer(number, loss, lambda number=number: {"at": np.array(number)})  # type: ignore[misc]
    return best


def test_the_epoch_of_the_lowest_loss_is_kept() -> None:
    best = offered(3.0, 1.0, 2.0)
    assert (best.epoch, int(best.arrays["at"])) == (2, 2)


def test_a_fall_too_small_to_matter_is_none() -> None:
    assert offered(1.0, 0.99995).epoch == 1


def test_a_loss_that_is_no_number_is_the_best_only_where_there_is_no_other() -> None:
    assert offered(math.nan).epoch == 1
    assert offered(math.nan, 5.0, math.nan).epoch == 2


def test_a_checkpoint_gives_back_weights_and_epochs(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "head", (ADA,))
    history = (epoch(1), epoch(2, val_loss=math.nan))
    checkpoint.save("material", WEIGHTS, history)
    found = checkpoint.load("material")
    assert found is not None
    np.testing.assert_array_equal(found[0]["kernel"], WEIGHTS["kernel"])
    assert found[1][0] == history[0]
    assert math.isnan(found[1][1].val_loss)


def test_a_checkpoint_of_other_material_is_removed(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "head", (ADA,))
    checkpoint.save("material", WEIGHTS, (epoch(1),))
    assert checkpoint.load("other material") is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_checkpoint_is_removed(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "head", (ADA,))
    checkpoint.save("material", WEIGHTS, (epoch(1),))
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-40])
    assert checkpoint.load("material") is None
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_can_go_on_from_is_forgotten(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "head", (ADA, GRACE)).save("material", WEIGHTS, (epoch(1),))
    Checkpoint(tmp_path, "classic", (ADA,)).save("material", WEIGHTS, (epoch(1),))
    assert drop_stale(tmp_path, {ADA, GRACE, ("mary", "2")}) == 0
    assert drop_stale(tmp_path, {ADA, ("grace", "8")}) == 1
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["classic.npz"]
    drop_all(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_digest_depends_on_values_types_and_shapes() -> None:
    numbers = np.arange(6, dtype=np.float32)
    others = (
        digest_of("a", numbers + 1),
        digest_of("a", numbers.astype(np.float64)),
        digest_of("a", numbers.reshape(2, 3)),
        digest_of("b", numbers),
    )
    assert digest_of("a", numbers) not in others
    assert len(set(others)) == len(others)


def test_an_epoch_of_a_record_without_the_newer_figures_is_read() -> None:
    record = {k: v for k, v in epoch(1).to_json().items() if k not in ("tpir", "fpir")}
    assert math.isnan(EpochDone.from_record(record).tpir)
    with pytest.raises(KeyError):
        EpochDone.from_record({"epoch": 1})
