"""The path of the demo's virtual camera: where it looks in each frame, and in what light.

Everything is a function of seed and frame number, so a frame can be made again alone.
Slow movements are sums of sines of unrelated periods; on top lie short mishaps, one after the
other in a shuffled round, so that every kind of refusal is seen and most frames are good.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from engine.camera.demo_face import Expression

FPS = 30.0
ROUND = 360
"""Frames in which each mishap happens once: 12 s."""

Mishap = Literal["dark", "blurred", "away", "dropout"]
LENGTHS: dict[Mishap, int] = {"dark": 14, "blurred": 14, "away": 24, "dropout": 4}
BLINK_EVERY = 97
"""Frames from blink to blink."""
QUIET_START = 20
"""Frames at the start of each round without a mishap: a first look is always a good one."""


@dataclass(frozen=True, slots=True)
class View:
    """The camera in one frame.

    `x`, `y`: the face's centre, as shares of the frame's width and height from its centre.
    `size`: face width relative to its usual one. `tilt`: degrees. `yaw`, `pitch`: degrees by
    which the portrait is turned away. `gain`: brightness factor. `side`: -1..1, the light's
    side. `blur`: pixels of Gaussian blur (standard deviation). `smear`: pixels of horizontal
    movement in the exposure. `signal`: False where the picture dropped out. `face`: what the
    person does meanwhile.
    """

    x: float
    y: float
    size: float
    tilt: float
    yaw: float
    pitch: float
    gain: float
    side: float
    blur: float
    smear: float
    signal: bool
    mishap: Mishap | None
    face: Expression


class Path:
    """All views of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        chance = random.Random(f"path {seed}")
        self._waves = {
            name: tuple(
                (share, chance.uniform(0.8, 1.25) / period, chance.uniform(0, math.tau))
                for share, period in ((0.6, period), (0.4, period * 0.37))
            )
            for name, period in (
                ("x", 7.0),
                ("y", 8.7),
                ("size", 10.3),
                ("tilt", 6.1),
                ("yaw", 5.3),
                ("pitch", 6.9),
                ("gain", 4.1),
                ("side", 7.9),
                ("blur", 9.1),
                ("turn", 3.1),
                ("nod", 4.3),
                ("smile", 5.7),
                ("talk", 0.9),
                ("brow", 3.7),
                ("top", 5.9),
            )
        }

    def view(self, sequence: int) -> View:
        """The view of frame `sequence`, counted from 0."""
        mishap, depth = self._mishap(sequence)
        strength = {kind: depth if mishap == kind else 0.0 for kind in LENGTHS}
        speed = abs(self._wave("x", sequence + 1) - self._wave("x", sequence - 1))
        direction = 1 if self._wave("side", sequence) > 0 else -1
        return View(
            x=0.13 * self._wave("x", sequence) + 1.1 * direction * strength["away"],
            y=0.09 * self._wave("y", sequence),
            size=1.0 + 0.22 * self._wave("size", sequence),
            tilt=9.0 * self._wave("tilt", sequence),
            yaw=16.0 * self._wave("yaw", sequence),
            pitch=10.0 * self._wave("pitch", sequence),
            gain=(1.0 + 0.18 * self._wave("gain", sequence)) * (1 - 0.74 * strength["dark"]),
            side=0.9 * self._wave("side", sequence),
            blur=0.35 + 0.35 * self._wave("blur", sequence) + 8.0 * strength["blurred"],
            smear=18.0 * speed,
            signal=mishap != "dropout",
            mishap=mishap,
            face=self._expression(sequence),
        )

    def _expression(self, sequence: int) -> Expression:
        talking = max(0.0, self._wave("smile", sequence + 77))
        return Expression(
            turn=self._wave("turn", sequence),
            nod=0.6 * self._wave("nod", sequence),
            smile=0.8 * self._wave("smile", sequence),
            talk=(0.2 + 0.8 * talking) * self._wave("talk", sequence),
            brow=max(-0.3, self._wave("brow", sequence)),
            blink=self._blink(sequence),
            side=self._wave("side", sequence),
            top=self._wave("top", sequence),
        )

    def _blink(self, sequence: int) -> float:
        """Lids close for a fifth of a second, every three seconds or so."""
        into = (sequence + 7 * self._seed) % BLINK_EVERY
        return (0.5, 1.0, 1.0, 0.7, 0.3)[into] if into < 5 else 0.0

    def _wave(self, name: str, sequence: int) -> float:
        """A smooth value in -1..1."""
        seconds = sequence / FPS
        return sum(
            share * math.sin(math.tau * rate * seconds + phase)
            for share, rate, phase in self._waves[name]
        )

    def _mishap(self, sequence: int) -> tuple[Mishap | None, float]:
        """The mishap of this frame and how deep in it is, 0..1."""
        number, place = divmod(sequence, ROUND)
        for kind, begin in _round(self._seed, number):
            into = place - begin
            if 0 <= into < LENGTHS[kind]:
                edge = max(1.0, LENGTHS[kind] / 4)  # a quarter to come, a quarter to go
                return kind, min(1.0, (into + 1) / edge, (LENGTHS[kind] - into) / edge)
        return None, 0.0


@lru_cache(maxsize=64)
def _round(seed: int, number: int) -> tuple[tuple[Mishap, int], ...]:
    """Kind and first frame of the mishaps in round `number`, one in each quarter."""
    chance = random.Random(f"round {seed} {number}")
    kinds = list(LENGTHS)
    chance.shuffle(kinds)
    room = (ROUND - QUIET_START) // len(kinds)
    return tuple(
        (kind, QUIET_START + place * room + chance.randrange(room - LENGTHS[kind]))
        for place, kind in enumerate(kinds)
    )
