"""Fixtures of the model tests: the packaged weights are read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.camera.demo import DemoSource
from engine.faces.detect import FaceFinder
from engine.model.backbones import extractor_of
from engine.model.keras_networks import KerasExtractor
from engine.model.vgg16 import Extracts
from engine.model.weights import Weights, load_weights
from engine.pictures import CROP, read_photograph
from engine.settings import DetectionSettings


@pytest.fixture(scope="session")
def weights() -> Weights:
    return load_weights()


@pytest.fixture(scope="session")
def keras_file(shared_dir: Path) -> Path:
    """The original float32 weights in Keras' own format."""
    return shared_dir / "vgg16" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


@pytest.fixture(scope="session")
def extractor(weights: Weights) -> Extracts:
    """What the desk uses by default here."""
    return extractor_of("vgg16", "auto", weights)


@pytest.fixture(scope="session")
def reference(weights: Weights) -> KerasExtractor:
    """Keras in float32, which everything else is compared with."""
    return KerasExtractor(weights, low_precision=False)


@pytest.fixture(scope="session")
def demo_crops() -> NDArray[np.uint8]:
    """Aligned faces of both people of the bundled demonstration: uint8 RGB (6, 160, 160, 3)."""
    finder = FaceFinder(DetectionSettings())
    frames = [
        DemoSource(f"demo:{name}?seed=3").render(number)
        for name in ("collins", "hopper")
        for number in (0, 40, 80)
    ]
    return np.stack([face.crop for frame in frames for face in finder.find(frame, 1)])


@pytest.fixture(scope="session")
def photographs(lfw: Path) -> NDArray[np.uint8]:
    """Real photographs, cut to 160x160: uint8 RGB (5, 160, 160, 3)."""
    files = sorted((lfw / "known").glob("*/*.jpg"))[:5]
    cut = [read_photograph(file)[45:205, 45:205, ::-1] for file in files]
    assert all(picture.shape == (CROP, CROP, 3) for picture in cut)
    return np.stack(cut)
