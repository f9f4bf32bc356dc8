"""Workspaces with as many people as wanted, and a stand-in for a network that costs nothing.

For measuring what follows the features. Nobody's face is in it: a person is a pattern of coloured
squares, a picture the pattern with a little noise, and the stand-in's rows are a fixed random
projection of a crop's squares, so that pictures and augmented views of one person are alike and
those of two are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.enrol.people import People
from engine.model.backbones import Backbone
from engine.model.face_space import FaceSpace
from engine.pictures import CROP, encode_png
from engine.workspace import Workspace

SQUARES = 8
"""Coloured squares along a side of a crop."""
NOISE = 6.0
"""Grey levels by which two pictures of a person differ (standard deviation, each square)."""
SOURCE = "synthetic"


class Counting:
    """Takes an extractor's place and counts what it is given.

    `digest` is its own, so that its rows never mix with a network's; `length` is VGG16's.
    """

    digest = "5e" * 32

    def __init__(self, space: FaceSpace) -> None:
        self.length = len(space.mean)
        self.crops = 0
        """Crops that rows were computed of."""
        random = np.random.default_rng(1)
        shape = SQUARES * SQUARES * 3, self.length
        # The root that a space takes wants values of both signs around its mean.
        self._projection = random.normal(size=shape).astype(np.float32)
        self._mean = space.mean

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature rows (n, length) float32 of crops (n, 160, 160, 3) uint8 RGB."""
        self.crops += len(crops)
        side = CROP // SQUARES
        squares = crops.reshape(len(crops), SQUARES, side, SQUARES, side, 3).mean((2, 4))
        flat = squares.reshape(len(crops), -1).astype(np.float32)
        flat -= flat.mean(1, keepdims=True)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        return np.asarray(self._mean + flat @ self._projection, np.float32)


def stand_in() -> tuple[Backbone, Counting]:
    """A backbone of the packaged face space whose network is a `Counting`."""
    space = FaceSpace.load()
    counting = Counting(space)
    return Backbone("vgg16", counting, space, None, counting.digest), counting


def enrol_made_up(workspace: Workspace, first: int, people: int, pictures: int) -> None:
    """Enrol made-up people number `first` and up, `pictures` each, in one session each.

    The caller holds `Workspace.writer`. The files are not flushed to disk one by one: a bench that
    is cut short throws its workspace away.
    """
    registry = People(workspace)
    for number in range(first, first + people):
        person = registry.add(f"Made Up {number:04d}")
        session = registry.new_session(person, SOURCE, "points")
        folder = registry.session_directory(person.slug, session)
        for file, crop in enumerate(crops_of(number, pictures), 1):
            (folder / f"{file:04d}.png").write_bytes(encode_png(crop))


def crops_of(person: int, count: int) -> NDArray[np.uint8]:
    """The first `count` pictures of a made-up person: uint8 (count, 160, 160, 3) RGB."""
    random = np.random.default_rng(person)
    pattern = random.uniform(40, 215, (SQUARES, SQUARES, 3))
    noisy = pattern + random.normal(0, NOISE, (count, *pattern.shape))
    squares = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    side = CROP // SQUARES
    return squares.repeat(side, axis=1).repeat(side, axis=2)
