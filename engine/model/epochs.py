"""The best epoch so far, in memory and on disk: what both recipes' trainings fall back on.

On disk so that a killed training loses no more than the epochs after its best one: the next one
on the same material goes on from there. The file holds weights made of people's pictures, so it
is written and sealed as a model is, and goes with the model that came of it, with a cancel, and
with any of its people (`drop_stale`). Importing this needs neither numpy nor TensorFlow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.contract import EpochDone
from engine.contract.errors import DataError, ModelCorrupt, VaultLocked
from engine.text import plain
from engine.workspace.files import parse_json, read_bytes, write_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]

TOLERANCE = 1e-4
"""A loss must fall by more than this to count as better."""
FOLDER = ".training"
"""Of unfinished trainings, in a workspace's `models`."""
RECORD = "record"
"""Name of the text among a checkpoint's arrays."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class BestSoFar:
    """The epoch with the lowest loss, counted from 1, and its arrays; epoch 0 is none."""

    epoch: int = 0
    loss: float = math.inf
    arrays: Arrays = field(default_factory=dict)

    def offer(self, epoch: int, loss: float, take: Callable[[], Arrays]) -> bool:
        """Report an epoch; whether it is the best so far, then its arrays are taken.

        A loss that is not a number is the best only where there is no other.
        """
        if self.epoch and not loss < self.loss - TOLERANCE:
            return False
        self.epoch, self.arrays = epoch, take()
        self.loss = loss if math.isfinite(loss) else math.inf
        return True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The file of one recipe's unfinished training in a workspace's folder `models`.

    `people` are the identities and revisions of those whose pictures are trained on.
    """

    models: Path
    recipe: str
    people: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self.models / FOLDER / f"{self.recipe}.npz"

    def save(self, material: str, arrays: Arrays, history: tuple[EpochDone, ...]) -> None:
        """Keep the best epoch, the last one of `history`; `material` is a digest of what is
        trained on and how. Training does not fail for want of space here."""
        import numpy as np

        from engine.model.arrays import pack

        record = {
            "material": material,
            "people": self.people,
            "history": [event.to_json() for event in history],
        }
        text = np.array(json.dumps(plain(record)))
        try:
            write_bytes(self.path, pack({**arrays, RECORD: text}))
        except DataError:
            log.exception("no checkpoint of the training")

    def load(self, material: str) -> tuple[Arrays, tuple[EpochDone, ...]] | None:
        """The best epoch of a training on the same material that was cut short, and the epochs up
        to it; None if there is none. One on other material is removed."""
        found = _read(self.path)
        if found is not None:
            record, arrays = found
            with contextlib.suppress(KeyError, TypeError, ValueError):
                history = tuple(map(EpochDone.from_record, record["history"]))
                if record["material"] == material and history:
                    return arrays, history
        self.clear()
        return None

    def clear(self) -> None:
        """Remove the file, if it is there."""
        with contextlib.suppress(OSError):
            self.path.unlink()
            self.path.parent.rmdir()


def drop_all(models: Path) -> None:
    """Remove the checkpoints of all recipes from a workspace's folder `models`."""
    shutil.rmtree(models / FOLDER, ignore_errors=True)


def drop_stale(models: Path, people: Collection[tuple[str, str]]) -> int:
    """Remove checkpoints that no training can go on from: they hold somebody who is not among
    `people` (identity and revision) any more, or are damaged. How many."""
    gone = 0
    for path in sorted((models / FOLDER).glob("*.npz")):
        try:
            found = _read(path)
        except VaultLocked:  # who can open it decides
            continue
        kept = found[0].get("people") if found is not None else None
        whole = isinstance(kept, list) and all(isinstance(each, list) for each in kept)
        if not whole or not {tuple(each) for each in kept or ()} <= set(people):
            with contextlib.suppress(OSError):
                path.unlink()
                gone += 1
    with contextlib.suppress(OSError):  # not empty, or not there
        (models / FOLDER).rmdir()
    return gone


def digest_of(*parts: NDArray[Any] | str) -> str:
    """A digest of arrays and texts that a training depends on."""
    import numpy as np

    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, str):
            made.update(f"{len(part)} {part}".encode())
        else:
            made.update(f"{part.dtype} {part.shape}".encode())
            made.update(np.ascontiguousarray(part).data)
    return made.hexdigest()


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """Record and arrays of a checkpoint; None if it is absent or damaged. Raises VaultLocked."""
    from engine.model.arrays import unpack

    try:
        arrays = unpack(read_bytes(path), path.name)
        record = parse_json(str(arrays.pop(RECORD)))
    except FileNotFoundError:
        return None
    except (DataError, ModelCorrupt, KeyError, ValueError) as error:
        log.warning("a checkpoint cannot be read: %s", error)
        return None
    return (record, arrays) if isinstance(record, dict) else None
