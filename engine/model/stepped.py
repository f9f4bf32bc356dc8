"""A matrix in whole steps, a byte a value, that multiplies as one of float32 does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.vectors import Array, Float32

STEPS = 127
"""Steps from zero to the largest value of a column."""
BLOCK, SMALL_BLOCK = 1024, 256
"""Rows that are float32 at a time: few enough to stay in the processor's cache. The face space's
product takes as long as from float32 in memory, which has four times as much to read. For the
faces of a frame small blocks take 0.75 of the time, and 0.2 for four faces; for the dozens of a
training they take 1.3."""
FEW = 8
"""Vectors up to which blocks are small."""


@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """A matrix (k, d): `steps` int8 (k, d), each column in its own unit `scale` float32 (d,).

    `rows @ matrix` is float32, `np.asarray(matrix)` all of it in float32.
    """

    steps: NDArray[np.int8]
    scale: Float32

    __array_ufunc__ = None  # NumPy leaves `rows @ matrix` to this class.

    @classmethod
    def of(cls, matrix: Array | Stepped) -> Stepped:
        """`matrix` rounded to steps of 1/127 of the largest value of each column."""
        if isinstance(matrix, Stepped):
            return matrix
        scale = np.maximum(np.abs(matrix).max(0), np.finfo(np.float32).tiny) / STEPS
        return cls(np.rint(matrix / scale).astype(np.int8), scale.astype(np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.steps.shape
        return rows, columns

    def __rmatmul__(self, rows: Array) -> Float32:
        """Rows (n, k) to (n, d)."""
        product = np.zeros((len(rows), self.shape[1]), np.float32)
        at_once = SMALL_BLOCK if len(rows) <= FEW else BLOCK
        for start in range(0, len(self.steps), at_once):
            block = self.steps[start : start + at_once].astype(np.float32)
            product += rows[:, start : start + len(block)] @ block
        product *= self.scale
        return product

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.steps.astype(np.float32) * self.scale, dtype)
