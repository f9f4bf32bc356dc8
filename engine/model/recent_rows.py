"""The last feature rows by what their crops hold, for two who want rows of the same crops.

The first pictures of a capture are looked at twice: whose they are, and for training.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from engine.model.feature_row import Extracts

MOST = 64
"""Rows that are kept: 3 MB of VGG16's."""


class RecentRows:
    """Stands before an extractor. Safe from any thread; no network is called under the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[str, bytes], NDArray[np.float32]] = OrderedDict()

    def before(self, extractor: Extracts) -> Extracts:
        """`extractor`, which is not asked again for rows that are kept."""
        return _Before(self, extractor)

    def find(self, key: tuple[str, bytes]) -> NDArray[np.float32] | None:
        """The row of an extractor's digest and a crop's, if it is kept."""
        with self._lock:
            return self._rows.get(key)

    def keep(self, key: tuple[str, bytes], row: NDArray[np.float32]) -> None:
        """Keep a row; the oldest goes."""
        with self._lock:
            self._rows[key] = row
            if len(self._rows) > MOST:
                self._rows.popitem(last=False)


class _Before:
    def __init__(self, recent: RecentRows, extractor: Extracts) -> None:
        self.digest, self.length = extractor.digest, extractor.length
        self._recent, self._extractor = recent, extractor

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Extracts.extract`."""
        digests = [hashlib.blake2b(crop.tobytes(), digest_size=16).digest() for crop in crops]
        keys = [(self.digest, digest) for digest in digests]
        found = [self._recent.find(key) for key in keys]
        new = [place for place, row in enumerate(found) if row is None]
        if new:
            for place, row in zip(new, self._extractor.extract(crops[new]), strict=True):
                found[place] = own = row.copy()
                self._recent.keep(keys[place], own)
        if not found:
            return np.empty((0, self.length), np.float32)
        return np.stack([row for row in found if row is not None])
