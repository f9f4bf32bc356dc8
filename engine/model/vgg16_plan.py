"""VGG16 on paper: sizes, channels and preprocessing that every way to compute it shares.

Simonyan and Zisserman, ICLR 2015 (arXiv:1409.1556), configuration D. Needs no TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass

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
