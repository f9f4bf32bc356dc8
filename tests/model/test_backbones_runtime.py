"""Which runtime computes the features, and what happens where the first choice fails."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import numpy as np
import pytest

from engine.contract.errors import BackboneMissing
from engine.model import openvino_rows
from engine.model.backbones import choose_runtime, extractor_of, with_weights
from engine.model.keras_networks import KerasExtractor
from engine.model.openvino_rows import OpenVinoExtractor
from engine.model.weights import Weights


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package were not installed."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr(openvino_rows, "_networks", {})


def test_openvino_is_taken_where_it_can_be(weights: Weights) -> None:
    assert choose_runtime("auto").name == "openvino"
    assert isinstance(extractor_of("vgg16", "auto", weights), OpenVinoExtractor)


def test_the_setting_insists_on_keras(weights: Weights) -> None:
    assert not choose_runtime("keras").fallback
    assert isinstance(extractor_of("vgg16", "keras", weights), KerasExtractor)


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_keras_computes_the_same_rows(weights: Weights) -> None:
    chosen = choose_runtime("auto")
    assert (chosen.name, chosen.fallback) == ("keras", True)
    assert "not installed" in chosen.reason
    assert isinstance(extractor_of("vgg16", "auto", weights), KerasExtractor)


@pytest.mark.usefixtures("without_openvino")
def test_a_setting_that_cannot_be_met_is_an_error_with_a_cure(weights: Weights) -> None:
    with pytest.raises(BackboneMissing) as caught:
        extractor_of("vgg16", "openvino", weights)
    assert "pip install" in caught.value.hint


def test_a_processor_that_openvino_does_not_know_gets_keras(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("flags : sse sse2\n")
    chosen = choose_runtime("auto", file)
    assert (chosen.name, chosen.fallback) == ("keras", True)
    assert choose_runtime("auto", tmp_path / "absent").name == "openvino"


def test_a_runtime_that_fails_when_it_is_loaded_gives_way_to_keras(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no plugin for this processor")

    monkeypatch.setattr(openvino_rows, "_networks", {})
    monkeypatch.setattr(openvino_rows, "compiled", fails)
    found = extractor_of("vgg16", "auto", weights)
    assert isinstance(found, KerasExtractor)
    assert found.extract(np.zeros((1, 160, 160, 3), np.uint8)).shape == (1, found.length)


def test_both_networks_are_made_ready_at_a_time(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits for the first name: a lock for both would add the seconds up."""
    other, met = Barrier(2, timeout=5), []
    compiled = openvino_rows.compiled

    def meets(name: str, *given: object, **options: object) -> object:
        try:
            other.wait()
            met.append(name)
        except BrokenBarrierError:
            pass
        return compiled(name, *given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(openvino_rows, "_networks", {})
    monkeypatch.setattr(openvino_rows, "compiled", meets)
    with_weights(weights, "openvino", "both")
    assert sorted(met) == ["resnet", "vgg16"]
