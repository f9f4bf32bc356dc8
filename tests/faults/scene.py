"""A doorway for hours: somebody enrolled, a stranger, both at once, and nobody, over and over.

Every picture is made and compressed once, so that one seen again has the very same faces. Run as a
process of its own, it prints the camera's address and ends when its stdin does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.camera.demo import DemoSource
from tests.faults.loopback import HEAD, Connection, LoopbackCamera, jpeg

SEEDS = (11, 12, 13)
"""Of the demo's camera: other movements, another light."""
FIRST, STEP = 45, 4


@dataclass(frozen=True)
class Act:
    """So many seconds of pictures from one pool."""

    pool: str
    seconds: float


ACTS = (
    Act("known", 2.5),
    Act("nobody", 2.3),
    Act("stranger", 3.5),
    Act("nobody", 2.3),
    Act("both", 3.0),
    Act("nobody", 2.3),
)
"""One round. A track is forgotten after two seconds without its face."""
ROUND = sum(act.seconds for act in ACTS)


def pools(frames: int) -> dict[str, tuple[bytes, ...]]:
    """The pictures of each act as JPEG, 400x300; `frames` different ones of each person."""
    known, stranger = _of("demo:collins", frames), _of("demo:hopper", frames)
    both = [
        np.concatenate([one[:, 160:480], other[:, 160:480]], axis=1)
        for one, other in zip(known, stranger, strict=True)
    ]
    chance = np.random.default_rng(1)
    empty = [_wall(chance) for _ in range(8)]
    named = {"known": known, "stranger": stranger, "both": both, "nobody": empty}
    return {name: tuple(jpeg(_small(image)) for image in images) for name, images in named.items()}


def _of(text: str, frames: int) -> list[NDArray[np.uint8]]:
    sources = [DemoSource(f"{text}?seed={seed}") for seed in SEEDS]
    return [sources[n % len(SEEDS)].render(FIRST + n // len(SEEDS) * STEP) for n in range(frames)]


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (400, 300), interpolation=cv2.INTER_AREA), np.uint8)


def _wall(chance: np.random.Generator) -> NDArray[np.uint8]:
    rough = chance.normal(128, 20, (12, 16, 3)).clip(0, 255).astype(np.uint8)
    wall = cv2.resize(rough, (640, 480), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.add(wall, chance.integers(0, 6, wall.shape, dtype=np.uint8)), np.uint8)


class Doorway:
    """The behaviour of a loopback camera that plays the acts in real time, `fps` pictures a
    second. A client that is slow misses pictures, as with a real one.
    """

    def __init__(self, pictures: dict[str, tuple[bytes, ...]], fps: float) -> None:
        self._pictures = pictures
        self._pause = 1 / fps
        self.sent = 0

    def __call__(self, connection: Connection) -> None:
        """Play until the client goes."""
        connection.send(HEAD)
        began = time.monotonic()
        due = began
        while True:
            pool = self._pictures[self._act(time.monotonic() - began)]
            connection.picture(pool[self.sent % len(pool)])
            self.sent += 1
            due = max(due + self._pause, time.monotonic() - self._pause)
            time.sleep(max(0.0, due - time.monotonic()))

    @staticmethod
    def _act(seconds: float) -> str:
        place = seconds % ROUND
        for act in ACTS:
            if place < act.seconds:
                return act.pool
            place -= act.seconds
        return ACTS[-1].pool


@contextmanager
def doorway(pictures: int, fps: float) -> Iterator[str]:
    """The address of a camera that films the doorway, in a process of its own."""
    command = [sys.executable, "-m", "tests.faults.scene", str(pictures), str(fps)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=int)
    parser.add_argument("fps", type=float)
    given = parser.parse_args()
    camera = LoopbackCamera(Doorway(pools(given.pictures), given.fps))
    print(camera.address(), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
