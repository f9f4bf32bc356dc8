"""Fixtures of the model tests: the packaged weights are read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.model.features import Extractor
from engine.model.weights import Weights, load_weights
from engine.pictures import CROP, read_photograph


@pytest.fixture(scope="session")
def weights() -> Weights:
    return load_weights()


@pytest.fixture(scope="session")
def keras_file(shared_dir: Path) -> Path:
    """The original float32 weights in Keras' own format."""
    return shared_dir / "vgg16" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


@pytest.fixture(scope="session")
def extractor(weights: Weights) -> Extractor:
    return Extractor(weights)


@pytest.fixture(scope="session")
def photographs(lfw: Path) -> NDArray[np.uint8]:
    """Real photographs, cut to 160x160: uint8 RGB (5, 160, 160, 3)."""
    files = sorted((lfw / "known").glob("*/*.jpg"))[:5]
    cut = [read_photograph(file)[45:205, 45:205, ::-1] for file in files]
    assert all(picture.shape == (CROP, CROP, 3) for picture in cut)
    return np.stack(cut)
