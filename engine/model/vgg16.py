"""What a row of VGG16 features is, whoever computes it, and what a row of BACKBONES is.

Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), configuration D. Needs no TensorFlow. A row is
block4_pool (8x8x512), then block3_pool (16x16x256), each averaged on a 4x4 grid of cells, row by
row: 8,192 and 4,096 float32 values. The crop is made smaller, see `shown`, and goes through once:
the mean with its mirror image takes twice the time and tells people apart no better.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.settings import BackboneName

SIZE = 160
"""Width and height of the crops; loses nothing against 224 on faces and halves the time."""

VIEW = 128
"""Width and height at which the frozen network is shown a crop. It tells people apart as well as at
160 (the model card has the figures), in 0.63 of the time."""

CHANNEL_MEANS = (123.68, 116.779, 103.939)
"""Mean red, green and blue of the pictures VGG16 was trained on, 0..255."""

BLOCKS: tuple[tuple[int, int], ...] = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""Convolutions and channels of each of the five blocks; a 2x2 maximum ends each."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer as `model layers` shows it. `shape` is the output's, None for the batch axis."""

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    trains: bool


GRID = 4
LAYERS = ("block4_pool", "block3_pool")
PARTS = (GRID * GRID * 512, GRID * GRID * 256)
"""Values that each of LAYERS gives to a row."""
ROW = sum(PARTS)
"""Values in a feature row."""
BATCH = 16
"""Crops that callers pass at once, between two looks at a cancel token."""
RECIPE = "block4 block3 grid4 side128 v4"
"""Changes whenever the same crop would give other rows, so that old caches are not mixed in."""

Arithmetic = Literal["float32", "bfloat16", "openvino bfloat16"]
"""How rows were computed, as far as it shows in them.

float32 rows of Keras and of OpenVINO differ by 1 part in a million, hundreds of times less than
the float16 they are kept in: they are the same rows, and caches and models outlive a change of
runtime. bfloat16 rows are 6 parts in 1000 off, and each runtime rounds at other places.
"""


class Extracts(Protocol):
    """What cache, calibration and recognition need of an extractor; tests may count calls.

    Rows of different `digest` never mix.
    """

    digest: str
    length: int
    """Values in a feature row."""

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, length) of uint8 RGB crops (n, 160, 160, 3)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneRow:
    """All that a backbone is. The module of a network ends in its row; `backbones` lists the rows.

    `title` is what an operator reads, `judges` the same as a clause. `space` is the file of its
    packaged face space, and `fit` the options other than the usual ones with which `python -m fit`
    makes it. `weights` are the packaged file and its SHA-256, under `licence`; `digest` names them
    and how rows are made of them. `openvino` and `keras` name the extractor as "module:class", for
    importing it loads the runtime; with `takes_weights` it is given VGG16's. `members` are the
    networks behind a joint one, in the order of their features in a row; it has no weights of its
    own.

    Cosines in its space: from `alike` on to a person's centre a face of somebody whose faces must
    not be kept is not kept (it errs towards not keeping: docs/recognition.md has the cost). Below
    `two_faces` (within a session, over days) two groups of a person's pictures are taken for two
    people; None where it cannot tell. Measured on nine captures of eight people and on 225 people
    of LFW with 2,226 pictures: nobody's own pictures are split.
    """

    name: BackboneName
    title: str
    judges: str
    space: str
    alike: float
    two_faces: tuple[float, float] | None
    fit: Mapping[str, Any] = field(default_factory=dict)
    weights: tuple[Path, str] | None = None
    licence: str = ""
    digest: str = ""
    takes_weights: bool = False
    openvino: str = ""
    keras: str = ""
    members: tuple[BackboneName, ...] = ()


def row_digest(weights_digest: str, arithmetic: Arithmetic, recipe: str = RECIPE) -> str:
    """Names weights, recipe and arithmetic."""
    return hashlib.sha256(f"{weights_digest} {recipe} {arithmetic}".encode()).hexdigest()


def check_crops(crops: NDArray[np.uint8]) -> None:
    """Raise ValueError if `crops` are not uint8 (n, 160, 160, 3)."""
    if crops.shape[1:] != (SIZE, SIZE, 3) or crops.dtype != np.uint8:
        raise ValueError(f"crops are {crops.dtype} {crops.shape}, not uint8 (n, 160, 160, 3)")


def shown(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Crops (n, 160, 160, 3) as VGG16 is shown them: (n, 128, 128, 3), between pixels linearly.

    Whole numbers, so that every runtime begins with the same picture. Raises as `check_crops`.
    """
    check_crops(crops)
    lines, columns = _smaller()
    found = lines @ crops.reshape(len(crops), SIZE, SIZE * 3).astype(np.float32) @ columns
    return np.asarray(np.rint(found), np.uint8).reshape(len(crops), VIEW, VIEW, 3)


@cache
def _smaller() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What each line gives to each of the smaller picture's, (128, 160), and the same of columns
    with their three colours, (480, 384): two plain products are quicker than anything finer.
    """
    at = (np.arange(VIEW) + 0.5) * SIZE / VIEW - 0.5
    shares = np.maximum(1 - np.abs(at[:, None] - np.arange(SIZE)), 0).astype(np.float32)
    return shares, np.kron(shares.T, np.eye(3, dtype=np.float32))


def cells(height: int, width: int) -> list[tuple[slice, slice]]:
    """The 4x4 grid over a map, row by row: cell j spans rows j*h//4 to (j+1)*h//4.

    Where a map does not divide, cells differ by one.
    """
    rows, columns = (
        [slice(j * size // GRID, (j + 1) * size // GRID) for j in range(GRID)]
        for size in (height, width)
    )
    return [(row, column) for row in rows for column in columns]
