"""The real extractor, for tests that show it the same crops again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Remembering:
    """What the desk uses by default here; it computes no crop twice."""

    def __init__(self) -> None:
        from fit.people_features import load_extractor

        self._extractor = load_extractor("both")
        self.digest, self.length = self._extractor.digest, self._extractor.length
        self._rows: dict[bytes, NDArray[np.float32]] = {}

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        new = [crop for crop in crops if crop.tobytes() not in self._rows]
        if new:
            rows = self._extractor.extract(np.stack(new))
            self._rows.update(zip((crop.tobytes() for crop in new), rows, strict=True))
        return np.stack([self._rows[crop.tobytes()] for crop in crops])
