"""Recipe `classic` with next to nothing in VGG16's place."""

from __future__ import annotations

import keras
import pytest

from engine.model import classic
from engine.model.weights import Weights


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """In VGG16's place one convolution, and no augmentation: how a training ends asks for neither,
    and TensorFlow needs a second to write them out."""

    def backbone(weights: Weights, through: str, low: bool, side: int) -> keras.Model:
        pictures = keras.Input((side, side, 3))
        maps = keras.layers.AveragePooling2D(32)(pictures)
        made = keras.Model(pictures, keras.layers.Conv2D(512, 1)(maps), name="vgg16")
        made.trainable = False
        return made

    monkeypatch.setattr(classic, "backbone", backbone)
    monkeypatch.setattr(classic, "augmentation", lambda seed: ())
