"""The demo's virtual camera: `demo:collins`, `demo:hopper?seed=3&frames=200`.

It films a portrait as a webcam would film a person: it pans, zooms and tilts while the person
talks, turns and blinks and the light changes; now and then it is dark, blurred, looks aside or
loses its signal. A photograph that is only moved about is the same face in every frame, and the
duplicate gate rightly says so: here smooth fields of displacement, sized by the face, are added up
and the picture is resampled once.

Everything is a function of seed and frame number, so the same text gives the same frames.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from engine.camera.opencv import cv2
from engine.camera.source import Image, PictureSource, SourceInfo
from engine.contract.errors import SourceNotFound, SourceUnreadable
from engine.pictures import read_photograph

Field = NDArray[np.float32]
REACH = 1.45
"""Half the side of the moving part, in face widths; all fields have faded out there."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A bundled picture and who it shows. In its pixels: both eyes (left in the image first), the
    mouth's middle, and the width of the face. `scale` fits it to the frame."""

    file: str
    person: str
    eyes: tuple[tuple[float, float], tuple[float, float]]
    mouth: tuple[float, float]
    width: float
    scale: float

    @property
    def middle(self) -> tuple[float, float]:
        """Between eyes and mouth."""
        (left_x, left_y), (right_x, right_y) = self.eyes
        x = (left_x + right_x + 2 * self.mouth[0]) / 4
        return x, (left_y + right_y + 2 * self.mouth[1]) / 4


class LivingFace:
    """The part of a portrait around the face, made anew for each expression."""

    def __init__(self, picture: Image, marks: Portrait) -> None:
        height, width = picture.shape[:2]
        reach, (x, y) = REACH * marks.width, marks.middle
        self.left, self.top = max(0, round(x - reach)), max(0, round(y - reach))
        right, bottom = min(width, round(x + reach)), min(height, round(y + reach))
        self._picture = picture[self.top : bottom, self.left : right].copy()
        place: Field = np.indices(self._picture.shape[:2], dtype=np.float32)
        self._rows: Field = place[0]
        self._columns: Field = place[1]
        self._fields(self._columns + self.left, self._rows + self.top, marks)

    def shown(self, face: View) -> Image:
        """The part in a view, BGR; its top left corner is at `left`, `top` of the portrait."""
        across = self._turn * face.turn + self._smile_x * face.smile
        down = self._turn * face.nod + self._smile_y * face.smile + self._talk * face.talk
        down += self._brow * face.brow - self._blink * face.blink
        x, y, edge = self._columns - across, self._rows - down, cv2.BORDER_REPLICATE
        moved = cv2.remap(self._picture, x, y, cv2.INTER_LINEAR, borderMode=edge)
        light = 1 + 0.22 * face.side * self._relief_x + 0.16 * face.top * self._relief_y
        lit = cv2.multiply(moved, cv2.merge([light] * 3), dtype=cv2.CV_8U)
        return np.asarray(lit, dtype=np.uint8)

    def _fields(self, x: Field, y: Field, marks: Portrait) -> None:
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
PERIODS = {
    "x": 7.0, "y": 8.7, "size": 10.3, "tilt": 6.1, "yaw": 5.3, "pitch": 6.9, "gain": 4.1,
    "side": 7.9, "blur": 9.1, "turn": 3.1, "nod": 4.3, "smile": 5.7, "talk": 0.9, "brow": 3.7,
    "top": 5.9,
}  # fmt: skip
"""Seconds of each slow movement, a sum of two sines."""
QUIET_START = 20
"""Frames at the start of each round without a mishap: a first look is always a good one."""


@dataclass(frozen=True, slots=True)
class View:
    """The camera and the face in one frame.

    `x`, `y`: the face's centre, as shares of the frame's width and height from its centre.
    `size`: face width relative to its usual one. `tilt`, and `yaw` and `pitch` by which the
    portrait is turned away: degrees. `gain`: brightness factor. `blur`: pixels of Gaussian blur
    (standard deviation). `smear`: pixels of horizontal movement in the exposure. `signal`: False
    where the picture dropped out. `side` and `top`, where the light comes from, and what the face
    does: -1..1, but `blink` 0..1 (closed).
    """

    x: float
    y: float
    size: float
    tilt: float
    yaw: float
    pitch: float
    gain: float
    blur: float
    smear: float
    signal: bool
    mishap: Mishap | None
    side: float
    top: float
    turn: float
    nod: float
    smile: float
    talk: float
    brow: float
    blink: float


class HeadPath:
    """All views of one seed: slow movements, and on top short mishaps, one after the other in a
    shuffled round, so that every kind of refusal is seen and most frames are good."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        chance = random.Random(f"path {seed}")
        self._waves = {
            name: tuple(
                (share, chance.uniform(0.8, 1.25) / period, chance.uniform(0, math.tau))
                for share, period in ((0.6, period), (0.4, period * 0.37))
            )
            for name, period in PERIODS.items()
        }

    def view(self, sequence: int) -> View:
        """The view of frame `sequence`, counted from 0."""
        mishap, depth = self._mishap(sequence)
        strength = {kind: depth if mishap == kind else 0.0 for kind in LENGTHS}
        wave = {name: self._wave(name, sequence) for name in PERIODS}
        speed = abs(self._wave("x", sequence + 1) - self._wave("x", sequence - 1))
        direction = 1 if wave["side"] > 0 else -1
        talking = max(0.0, self._wave("smile", sequence + 77))
        return View(
            x=0.13 * wave["x"] + 1.1 * direction * strength["away"],
            y=0.09 * wave["y"],
            size=1.0 + 0.22 * wave["size"],
            tilt=9.0 * wave["tilt"],
            yaw=16.0 * wave["yaw"],
            pitch=10.0 * wave["pitch"],
            gain=(1.0 + 0.18 * wave["gain"]) * (1 - 0.74 * strength["dark"]),
            blur=0.35 + 0.35 * wave["blur"] + 8.0 * strength["blurred"],
            smear=18.0 * speed,
            signal=mishap != "dropout",
            mishap=mishap,
            side=wave["side"],
            top=wave["top"],
            turn=wave["turn"],
            nod=0.6 * wave["nod"],
            smile=0.8 * wave["smile"],
            talk=(0.2 + 0.8 * talking) * wave["talk"],
            brow=max(-0.3, wave["brow"]),
            blink=self._blink(sequence),
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


WIDTH, HEIGHT = 640, 480
DISTANCE = 900.0
"""Distance of the virtual camera from the portrait, in pixels of the frame."""
_BUNDLED = Path(__file__).parent / "demo_data"
_REPOSITORY = Path(__file__).parents[2] / "data" / "demo"


PORTRAITS = {
    "collins": Portrait(
        "collins.png",
        "Eileen Collins",
        eyes=((202.0, 101.0), (247.0, 103.0)),
        mouth=(224.0, 144.0),
        width=100.0,
        scale=1.75,
    ),
    "hopper": Portrait(
        "hopper.jpg",
        "Grace Hopper",
        eyes=((224.0, 190.0), (303.0, 187.0)),
        mouth=(266.0, 276.0),
        width=185.0,
        scale=0.90,
    ),
}


def portrait_file(name: str) -> Path:
    """The bundled portrait: inside an installed package, else in the repository's data/demo."""
    folder = _BUNDLED if _BUNDLED.is_dir() else _REPOSITORY
    path = folder / PORTRAITS[name].file
    if not path.is_file():
        again = "Install Facedesk again."
        raise SourceUnreadable("The demo's portrait is missing", str(path), again)
    return path


class Scene:
    """One portrait before its wall. Not for two threads at once."""

    def __init__(self, name: str) -> None:
        portrait = PORTRAITS[name]
        picture, wall, self._soft = _material(name)
        self._face = LivingFace(picture, portrait)
        self._margin = (wall.shape[1] - picture.shape[1]) // 2
        self._wall = wall
        self._scale = portrait.scale
        x, y = portrait.middle
        self._middle = x + self._margin, y + self._margin
        self._canvas = wall.copy()
        self._place(picture, 0, 0)

    def seen(self, view: View) -> Image:
        """What the camera sees, before its lens: a plane turned in space and projected."""
        self._place(self._face.shown(view), self._face.left, self._face.top)
        turned, edge = self._projection(view), cv2.BORDER_REFLECT_101
        seen = cv2.warpPerspective(self._canvas, turned, (WIDTH, HEIGHT), borderMode=edge)
        return np.asarray(seen, dtype=np.uint8)

    def _place(self, part: Image, left: int, top: int) -> None:
        """Put a part of the portrait on the wall, faded towards the portrait's edges."""
        height, width = part.shape[:2]
        soft = self._soft[top : top + height, left : left + width]
        y, x = top + self._margin, left + self._margin
        where = np.s_[y : y + height, x : x + width]
        mixed = cv2.blendLinear(part, self._wall[where], soft, 1 - soft)
        self._canvas[where] = mixed

    def _projection(self, view: View) -> NDArray[np.float64]:
        """Homography from the scene to the frame: rotate about the face, then pinhole."""
        yaw, pitch, tilt = (math.radians(a) for a in (view.yaw, view.pitch, view.tilt))
        size = self._scale * view.size
        turn = _rotation(tilt, 2) @ _rotation(pitch, 0) @ _rotation(yaw, 1)
        # A point (u, v) of the plane lies at u * turn[:, 0] + v * turn[:, 1], times the size.
        plane = np.column_stack([turn[:, 0] * size, turn[:, 1] * size, [0.0, 0.0, DISTANCE]])
        lens = np.array([[DISTANCE, 0, 0], [0, DISTANCE, 0], [0, 0, 1]], dtype=np.float64)
        shift = np.array(
            [[1, 0, WIDTH * (0.5 + view.x)], [0, 1, HEIGHT * (0.5 + view.y)], [0, 0, 1]]
        )
        centre = np.array([[1, 0, -self._middle[0]], [0, 1, -self._middle[1]], [0, 0, 1]])
        return np.asarray(shift @ lens @ plane @ centre, dtype=np.float64)


@lru_cache(maxsize=len(PORTRAITS))
def _material(name: str) -> tuple[Image, Image, NDArray[np.float32]]:
    """The portrait; its wall, which is its own colours, reflected outwards and strongly blurred;
    and its weight before the wall, 0..1, falling off towards its edges."""
    picture = read_photograph(portrait_file(name))
    height, width = picture.shape[:2]
    margin = round(0.9 * WIDTH / PORTRAITS[name].scale)
    wall = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    small = cv2.resize(wall, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), width / 48)
    wall = cv2.resize(small, (wall.shape[1], wall.shape[0]), interpolation=cv2.INTER_CUBIC)
    rim = round(width / 14)
    inside = np.zeros((height, width), np.float32)
    inside[rim // 3 : height - rim, rim:-rim] = 1
    soft = cv2.GaussianBlur(inside, (0, 0), rim / 2.5)
    return picture, np.asarray(wall, dtype=np.uint8), np.asarray(soft, dtype=np.float32)


def _rotation(angle: float, axis: int) -> NDArray[np.float64]:
    """Rotation about axis 0, 1 or 2 by `angle` radians."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = math.cos(angle)
    turn[second, first] = math.sin(angle)
    turn[first, second] = -turn[second, first]
    return turn


NOISE = 2.0
"""Standard deviation of the sensor's noise, grey levels."""


class DemoSource(PictureSource):
    """A virtual camera of 640x480 pixels and 30 frames a second on its own clock.

    It never waits: the reader does, where frames are to come in real time. Raises
    SourceNotFound for an unknown name or option.
    """

    def __init__(self, text: str) -> None:
        name, seed, frames = parse_demo(text)
        self._path = HeadPath(seed)
        self._scene = Scene(name)
        self._seed = seed
        detail = f"portrait of {PORTRAITS[name].person}"
        self.info = SourceInfo(text, "demo", True, WIDTH, HEIGHT, FPS, True, frames, detail)

    def _next(self) -> Image | None:
        over = self.info.frames is not None and self._sequence >= self.info.frames
        return None if over else self.render(self._sequence)

    def _seconds(self) -> float:
        return self._sequence / FPS

    def render(self, sequence: int) -> Image:
        """Frame `sequence` as BGR, 480 x 640 x 3; the same for the same seed."""
        view = self._path.view(sequence)
        chance = np.random.default_rng((self._seed, sequence))
        if not view.signal:
            return chance.integers(0, 9, (HEIGHT, WIDTH, 1), dtype=np.uint8).repeat(3, axis=2)
        image = self._scene.seen(view)
        if view.blur > 0.3:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), view.blur), dtype=np.uint8)
        if view.smear >= 2:
            image = np.asarray(cv2.blur(image, (round(view.smear), 1)), dtype=np.uint8)
        # Light that comes from one side.
        row = view.gain * (
            1 + 0.28 * (0.9 * view.side) * np.linspace(-1, 1, WIDTH, dtype=np.float32)
        )
        light = np.broadcast_to(row.astype(np.float32)[None, :, None], (HEIGHT, WIDTH, 3)).copy()
        lit = cv2.multiply(image, light, dtype=cv2.CV_8U)
        y, x = chance.integers(0, 64, 2)
        grain = _grain()[y : y + HEIGHT, x : x + WIDTH]
        return np.asarray(cv2.add(lit, grain, dtype=cv2.CV_8U), dtype=np.uint8)


def parse_demo(text: str) -> tuple[str, int, int | None]:
    """Name, seed and number of frames in `demo:NAME?seed=N&frames=N`. Raises SourceNotFound."""
    name, _unused, query = text.removeprefix("demo:").partition("?")
    if name not in PORTRAITS:
        hint = f"There are {', '.join(f'demo:{each}' for each in PORTRAITS)}."
        raise SourceNotFound("There is no such demo", f"demo:{name}", hint)
    options = dict(parse_qsl(query, keep_blank_values=True))
    if set(options) - {"seed", "frames"} or not all(v.isdecimal() for v in options.values()):
        hint = f"Write demo:{name}?seed=3&frames=200, with whole numbers."
        raise SourceNotFound("The demo does not know this option", text, hint)
    frames = int(options["frames"]) if "frames" in options else None
    return name, int(options.get("seed", "1")), frames


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.int16]:
    """Noise a little larger than a frame, made once; each frame takes another part of it.

    It is softened, as cameras do: raw noise would hide a blurred picture from the sharpness gate.
    """
    raw = np.random.default_rng(0).normal(0, 1, (HEIGHT + 64, WIDTH + 64, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(raw, (0, 0), 1.0)
    return np.asarray((soft * (NOISE / soft.std())).round(), dtype=np.int16)
