"""What both recipes' training loops share: batches, early stopping, and how they are ended.

The loops are our own and not `Model.fit`: a token is looked at before every batch, validation
included, so that nobody waits for more than one batch. A cancel raises Cancelled; a stop ends the
epochs, drops the one under way, and the result is the best of those before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from engine.cancel import Cancel
from engine.model.vectors import Labels

Snapshot = TypeVar("Snapshot")

TOLERANCE = 1e-4
"""A loss must fall by more than this to count as better."""


@dataclass(slots=True)
class BestSoFar(Generic[Snapshot]):
    """Best checkpoint and early stopping: remembers the epoch with the lowest loss.

    Patience is kept below the number of epochs, or stopping early could never happen.
    """

    epochs: int
    patience: int
    epoch: int = 0
    loss: float = math.inf
    snapshot: Snapshot | None = None
    _last: int = field(default=0, init=False)

    def update(self, epoch: int, loss: float, snapshot: Snapshot) -> None:
        """Report an epoch, counted from 1. A loss that is not a number is never the best."""
        self._last = epoch
        if self.epoch == 0 or loss < self.loss - TOLERANCE:
            self.epoch, self.snapshot = epoch, snapshot
            self.loss = loss if math.isfinite(loss) else math.inf

    @property
    def exhausted(self) -> bool:
        """Whether `patience` epochs went by without a better one."""
        return self._last - self.epoch >= max(1, min(self.patience, self.epochs - 1))


def stopped(cancel: Cancel) -> bool:
    """Whether an orderly end was asked for. Raises Cancelled if the job is to be given up."""
    cancel.check_cancelled()
    return cancel.stopping


def batches(size: int, batch: int, random: np.random.Generator | None) -> list[Labels]:
    """Indices 0..size-1 in batches of at most `batch`, as equal as can be."""
    order = np.arange(size) if random is None else random.permutation(size)
    return np.array_split(order, -(-size // batch))
