"""Life for the demo's portraits: the head turns in depth, the mouth moves, the eyes blink.

A photograph that is only moved about is the same face in every frame, and the duplicate gate
rightly says so. Here smooth fields of displacement, sized by the face, are added up and the
picture is resampled once; light follows the relief of the head.

The path of the demo's virtual camera: where it looks in each frame, and in what light.

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

import numpy as np
from numpy.typing import NDArray

from engine.camera.opencv import cv2
from engine.camera.source import Image

Field = NDArray[np.float32]
REACH = 1.45
"""Half the side of the moving part, in face widths; all fields have faded out there."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Places in the portrait's pixels: both eyes (left in the image first), the mouth's middle,
    and the width of the face."""

    eyes: tuple[tuple[float, float], tuple[float, float]]
    mouth: tuple[float, float]
    width: float

    @property
    def middle(self) -> tuple[float, float]:
        """Between eyes and mouth."""
        (left_x, left_y), (right_x, right_y) = self.eyes
        x = (left_x + right_x + 2 * self.mouth[0]) / 4
        return x, (left_y + right_y + 2 * self.mouth[1]) / 4


@dataclass(frozen=True, slots=True)
class Expression:
    """What the face does; -1..1 each, `blink` 0..1 (closed). `side` and `top`: the light."""

    turn: float
    nod: float
    smile: float
    talk: float
    brow: float
    blink: float
    side: float
    top: float


class LivingFace:
    """The part of a portrait around the face, made anew for each expression."""

    def __init__(self, portrait: Image, marks: Landmarks) -> None:
        height, width = portrait.shape[:2]
        reach, (x, y) = REACH * marks.width, marks.middle
        self.left, self.top = max(0, round(x - reach)), max(0, round(y - reach))
        right, bottom = min(width, round(x + reach)), min(height, round(y + reach))
        self._picture = portrait[self.top : bottom, self.left : right].copy()
        place: Field = np.indices(self._picture.shape[:2], dtype=np.float32)
        self._rows: Field = place[0]
        self._columns: Field = place[1]
        self._fields(self._columns + self.left, self._rows + self.top, marks)

    def shown(self, face: Expression) -> Image:
        """The part with `face`, BGR; its top left corner is at `left`, `top` of the portrait."""
        across = self._turn * face.turn + self._smile_x * face.smile
        down = self._turn * face.nod + self._smile_y * face.smile + self._talk * face.talk
        down += self._brow * face.brow - self._blink * face.blink
        moved = cv2.remap(
            self._picture,
            self._columns - across,
            self._rows - down,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        light = 1 + 0.22 * face.side * self._relief_x + 0.16 * face.top * self._relief_y
        lit = cv2.multiply(moved, cv2.merge([light] * 3), dtype=cv2.CV_8U)
        return np.asarray(lit, dtype=np.uint8)

    def _fields(self, x: Field, y: Field, marks: Landmarks) -> None:
        """Displacements in pixels at full strength, and the slopes that catch the light."""
        width, (middle_x, middle_y) = marks.width, marks.middle

        def bump(at_x: float, at_y: float, wide: float, high: float) -> Field:
            across, down = (x - at_x) / (wide * width), (y - at_y) / (high * width)
            return np.asarray(np.exp(-(across**2) - down**2), dtype=np.float32)

        head = bump(middle_x, middle_y, 0.55, 0.70)
        nose = bump(middle_x, middle_y, 0.13, 0.20)
        self._turn = width * (0.06 * head + 0.05 * nose)
        self._relief_x = (x - middle_x) / (0.39 * width) * head * np.float32(1.65)
        self._relief_y = (y - middle_y) / (0.50 * width) * head * np.float32(1.65)

        mouth_x, mouth_y = marks.mouth
        lips = bump(mouth_x, mouth_y, 0.28, 0.16)
        self._smile_x = 0.22 * (x - mouth_x) * lips
        self._smile_y = -0.25 * np.abs(x - mouth_x) * lips
        self._talk = 0.40 * (y - mouth_y) * lips

        (left_x, left_y), (right_x, right_y) = marks.eyes
        eyes_y = (left_y + right_y) / 2
        self._brow = -0.05 * width * bump(middle_x, eyes_y - 0.14 * width, 0.40, 0.10)
        # Where the eye is the picture is taken from further off: the lids close over it.
        self._blink = 1.6 * (
            (y - left_y) * bump(left_x, left_y, 0.14, 0.08)
            + (y - right_y) * bump(right_x, right_y, 0.14, 0.08)
        )


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


class HeadPath:
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
