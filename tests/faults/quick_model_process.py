"""The model process with a memory for feature rows, for tests that play hours in minutes.

It is `engine.desk.model_process` in all but one thing: a crop whose pixels were seen before is
not taken through the network again, its row comes from the product's own `RecentRows`, made
larger. Every so often the network is asked all the same, and must answer as before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.desk.child_main import serve
from engine.desk.model_process import body
from engine.model import feature_store, networks
from engine.model.backbones import Backbone
from engine.model.vgg16 import Extracts

MOST = 600
"""Rows remembered: all the faces of the scene."""
CHECK_EVERY = 400
"""Calls after which the network is asked although the rows are known."""
TOLERANCE = 1e-3


class Remembering:
    """An extractor before which a memory stands."""

    def __init__(self, extractor: Extracts) -> None:
        self.digest, self.length = extractor.digest, extractor.length
        self._real = extractor
        self._quick = feature_store.RecentRows().before(extractor)
        self._calls = 0

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Extracts.extract`. Raises ArithmeticError where memory and network differ."""
        rows = self._quick.extract(crops)
        self._calls += 1
        if len(crops) and self._calls % CHECK_EVERY == 0:
            again = self._real.extract(crops)
            if not np.allclose(again, rows, rtol=TOLERANCE, atol=TOLERANCE * np.abs(again).max()):
                raise ArithmeticError("a remembered row is not the one that the network gives")
        return rows


def remembering(load: Callable[..., Backbone]) -> Callable[..., Backbone]:
    """`load`, but what it loads remembers."""

    def wrapped(*arguments: Any, **named: Any) -> Backbone:
        backbone = load(*arguments, **named)
        return dataclasses.replace(backbone, extractor=Remembering(backbone.extractor))

    return wrapped


if __name__ == "__main__":
    feature_store.MOST = MOST
    networks.load_backbone = remembering(networks.load_backbone)
    networks.backbone_of = remembering(networks.backbone_of)
    serve("model", body)
