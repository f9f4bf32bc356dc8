"""Which detector finds the faces: the setting, and what is there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import openvino_networks
from engine.contract.errors import DetectorMissing
from engine.faces.detect import FaceFinder
from engine.settings import DetectionSettings, DetectorWish


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise ImportError("No module named 'openvino'")

    monkeypatch.setattr(openvino_networks, "openvino", absent)


@pytest.mark.parametrize(("wish", "points"), [("auto", 6), ("blaze", 6), ("haar", 0)])
def test_the_setting_names_the_detector(
    portrait: NDArray[np.uint8], wish: DetectorWish, points: int
) -> None:
    (face, *_) = FaceFinder(DetectionSettings(detector=wish)).find_in_photograph(portrait)
    assert len(face.points) == points
    assert face.eyes_found
    assert face.crop.shape == (160, 160, 3)


def test_without_openvino_the_cascade_finds_the_faces(
    without_openvino: None, portrait: NDArray[np.uint8]
) -> None:
    (face, *_) = FaceFinder(DetectionSettings()).find_in_photograph(portrait)
    assert face.points == ()


def test_who_insists_on_blazeface_is_told_that_it_does_not_work(without_openvino: None) -> None:
    with pytest.raises(DetectorMissing) as caught:
        FaceFinder(DetectionSettings(detector="blaze"))
    assert "detection.detector" in str(caught.value)
    assert "openvino" in caught.value.hint
