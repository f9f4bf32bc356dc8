"""Measurements on as little as possible: what they count, not how long it takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.bench import speed, training
from engine.bench.material import Plan
from engine.contract import Figure


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(folder=str(tmp_path), program=(), quick=True)


@pytest.mark.long
def test_adding_a_person_computes_her_crops_and_no_other(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "ADD_FEW", (2, 3))
    monkeypatch.setattr(training, "FEW_PICTURES", 10)
    found = {figure.key: figure for figure in training.measure_add(plan)}
    assert list(found) == [
        "add.2.crops", "add.2.seconds",
        "add.head", "add.again",
        "add.3.crops", "add.3.seconds",
    ]  # fmt: skip
    assert 0 < found["add.head"].value < found["add.again"].value
    for people in (2, 3):
        crops = found[f"add.{people}.crops"]
        assert crops.value >= 10
        assert (crops.ratio, crops.verdict) == (1, "stretch")


def test_equal_rows_agree_and_others_do_not() -> None:
    rows = np.random.default_rng(1).normal(size=(3, 12288)).astype(np.float32)
    same = {figure.key: figure.value for figure in speed.agreement(rows, rows)}
    assert same["features.cosine"] == pytest.approx(1, abs=1e-5)
    assert same["features.error"] == 0
    other = {figure.key: figure.value for figure in speed.agreement(rows * 1.01, rows)}
    assert other["features.error"] == pytest.approx(0.01, rel=1e-3)


def test_products_are_of_the_size_that_is_asked_for() -> None:
    products = speed.products(64, low=False)
    assert {"NumPy", "OpenVINO"} >= set(products) > set()
    assert np.shape(products["NumPy"]()) == (64, 64)


@pytest.mark.long
def test_every_stage_of_recognition_is_timed_for_one_face_and_for_four(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "RECOGNISE_FEW", 3)
    found: dict[str, Figure] = {figure.key: figure for figure in speed.measure_recognise(plan)}
    for faces in (1, 4):
        stages = [found[f"recognise.{faces}.{stage}"].value for stage in speed.STAGES]
        assert all(value > 0 for value in stages)
        assert (
            0
            < found[f"recognise.{faces}.rate"].value
            < 1000 / found[f"recognise.{faces}.features"].value
        )
