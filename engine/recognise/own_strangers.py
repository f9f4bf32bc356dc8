"""How the operator's own strangers score: strangers, not pictures, are the trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Float32


@dataclass(frozen=True, slots=True, eq=False)
class StrangerSet:
    """Embeddings of strangers' pictures.

    `embeddings` (n, dims) float32 of unit length, `groups` (n,) the stranger that each picture
    shows, an index into `names`. Every stranger has a picture.
    """

    embeddings: Float32
    groups: NDArray[np.intp]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)
