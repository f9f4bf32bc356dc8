"""Sightings made up for tests: crops of one colour, embeddings as told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contract import Sighted
from engine.model.arrays import pack
from engine.model.feature_store import cached_arrays
from engine.pictures import encode_png

EXTRACTOR, SPACE = "e" * 64, "s" * 64


def sighted(
    embedding: Sequence[float] = (1.0, 0.0),
    *,
    candidate: str = "Ada",
    crops: int = 2,
    score: float = 0.1,
    space: str = SPACE,
    extractor: str = EXTRACTOR,
    colour: int = 90,
    track: int = 1,
    run: str = "",
    beside: Sequence[int] = (),
) -> Sighted:
    """A sighting whose crops all have this embedding."""
    pictures = {
        f"{n + 1:04d}.png": encode_png(np.full((160, 160, 3), colour + n, np.uint8))
        for n in range(crops)
    }
    rows: NDArray[np.float32] = np.tile(np.asarray(embedding, np.float32), (crops, 1))
    features = pack({**cached_arrays(pictures, rows), "embeddings": rows})
    parts = (*pictures.values(), features)
    return Sighted(
        source="demo:hopper",
        track=track,
        candidate=candidate,
        score=score,
        threshold=0.3,
        shots=tuple((n, n / 2, (1, 2, 90, 90), True, 120.0, 300.0) for n in range(crops)),
        extractor=extractor,
        space=space,
        sizes=tuple(map(len, parts)),
        payload=b"".join(parts),
        run=run,
        beside=tuple(beside),
    )
