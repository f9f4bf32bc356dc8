"""Pictures without any face, drawn: cloth, leaves, walls, and portraits cut into pieces."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.pictures import read_photograph

Picture = NDArray[np.uint8]
SIDE = 400
_DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
_FACES = {"collins.png": (170, 55, 110, 125), "hopper.jpg": (160, 90, 210, 250)}
"""Where the portraits' faces are: x, y, width, height."""


@cache
def faceless() -> dict[str, Picture]:
    """24 pictures of 400x400 pixels, BGR uint8, by name; the same at every call."""
    made = {}
    for seed in range(4):
        chance = np.random.default_rng(seed)
        made[f"cloth {seed}"] = _cloth(chance)
        made[f"leaves {seed}"] = _coloured(_clouds(chance, 5), (40, 90, 60), (70, 190, 120))
        made[f"wall {seed}"] = _coloured(_clouds(chance, 3), (120, 140, 150), (200, 210, 220))
        made[f"blobs {seed}"] = _blobs(chance)
    for file in _FACES:
        for seed in range(4):
            made[f"pieces of {file} {seed}"] = _pieces(file, np.random.default_rng(seed))
    return made


def _clouds(chance: np.random.Generator, octaves: int) -> NDArray[np.float32]:
    """Smooth noise, 0..1, finer and fainter from octave to octave."""
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        cells = 4 * 2**octave
        coarse = chance.random((cells, cells), dtype=np.float32)
        total += cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = total.min(), total.max()
    return np.asarray((total - low) / (high - low), np.float32)


def _coloured(
    grey: NDArray[np.float32], dark: tuple[int, int, int], bright: tuple[int, int, int]
) -> Picture:
    mixed = np.array(dark) + grey[..., None] * (np.array(bright) - np.array(dark))
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _cloth(chance: np.random.Generator) -> Picture:
    """Folds under light from a side, with a weave, in the colour of skin or wool."""
    folds = np.sin(_clouds(chance, 3) * 25)
    weave = np.sin(np.indices((SIDE, SIDE)).sum(0) * chance.uniform(0.8, 1.5)) * 0.1
    tone = tuple(int(each) for each in chance.integers(60, 200, 3))
    lit = np.clip(0.5 + 0.4 * folds + weave, 0, 1).astype(np.float32)
    return _coloured(lit, (20, 20, 30), tone)


def _blobs(chance: np.random.Generator) -> Picture:
    """Discs of any size and colour before clouds: buttons, plates, cushions."""
    picture = _coloured(_clouds(chance, 4), (80, 80, 80), (180, 180, 190))
    for _ in range(25):
        x, y = (int(each) for each in chance.integers(0, SIDE, 2))
        colour = [int(each) for each in chance.integers(0, 255, 3)]
        cv2.circle(picture, (x, y), int(chance.integers(5, 50)), colour, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2), np.uint8)


def _pieces(file: str, chance: np.random.Generator) -> Picture:
    """A portrait's surroundings, its face left out, in blocks of 50 pixels, shuffled."""
    picture = read_photograph(_DEMO / file)
    x, y, width, height = _FACES[file]
    block = 50
    blocks = [
        picture[top : top + block, left : left + block]
        for top in range(0, picture.shape[0] - block + 1, block)
        for left in range(0, picture.shape[1] - block + 1, block)
        if left + block <= x or left >= x + width or top + block <= y or top >= y + height
    ]
    rows = [
        np.concatenate([blocks[int(n)] for n in chance.integers(0, len(blocks), SIDE // block)], 1)
        for _ in range(SIDE // block)
    ]
    return np.ascontiguousarray(np.concatenate(rows, 0))
