"""The demo's virtual camera: `demo:collins`, `demo:hopper?seed=3&frames=200`.

It films a portrait as a webcam would film a person: it pans, zooms and tilts while the person
talks, turns and blinks and the light changes; now and then it is dark, blurred, looks aside or
loses its signal. The same text gives the same frames.

The demo's scene: a living portrait before a wall, seen by a camera that moves about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from engine.camera.demo_face import FPS, HeadPath, Landmarks, LivingFace, View
from engine.camera.opencv import cv2
from engine.camera.source import Frame, Image, SourceInfo
from engine.contract.errors import SourceNotFound, SourceUnreadable
from engine.pictures import read_photograph

WIDTH, HEIGHT = 640, 480
DISTANCE = 900.0
"""Distance of the virtual camera from the portrait, in pixels of the frame."""
_BUNDLED = Path(__file__).parent / "demo_data"
_REPOSITORY = Path(__file__).parents[2] / "data" / "demo"


@dataclass(frozen=True, slots=True)
class Portrait:
    """A bundled picture, who it shows and where, and the factor that fits it to the frame."""

    file: str
    person: str
    marks: Landmarks
    scale: float


PORTRAITS = {
    "collins": Portrait(
        "collins.png",
        "Eileen Collins",
        Landmarks(((202.0, 101.0), (247.0, 103.0)), (224.0, 144.0), 100.0),
        1.75,
    ),
    "hopper": Portrait(
        "hopper.jpg",
        "Grace Hopper",
        Landmarks(((224.0, 190.0), (303.0, 187.0)), (266.0, 276.0), 185.0),
        0.90,
    ),
}


def portrait_file(name: str) -> Path:
    """The bundled portrait: inside an installed package, else in the repository's data/demo."""
    folder = _BUNDLED if _BUNDLED.is_dir() else _REPOSITORY
    path = folder / PORTRAITS[name].file
    if not path.is_file():
        raise SourceUnreadable(
            "The demo's portrait is missing", str(path), "Install Facedesk again."
        )
    return path


class Scene:
    """One portrait before its wall. Not for two threads at once."""

    def __init__(self, name: str) -> None:
        portrait = PORTRAITS[name]
        picture, wall, self._soft = _material(name)
        self._face = LivingFace(picture, portrait.marks)
        self._margin = (wall.shape[1] - picture.shape[1]) // 2
        self._wall = wall
        self._scale = portrait.scale
        x, y = portrait.marks.middle
        self._middle = x + self._margin, y + self._margin
        self._canvas = wall.copy()
        self._place(picture, 0, 0)

    def seen(self, view: View) -> Image:
        """What the camera sees, before its lens: a plane turned in space and projected."""
        self._place(self._face.shown(view.face), self._face.left, self._face.top)
        seen = cv2.warpPerspective(
            self._canvas,
            self._projection(view),
            (WIDTH, HEIGHT),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
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


class DemoSource:
    """A virtual camera of 640x480 pixels and 30 frames a second on its own clock.

    It never waits: the reader does, where frames are to come in real time. Raises
    SourceNotFound for an unknown name or option.
    """

    def __init__(self, text: str) -> None:
        name, seed, frames = parse_demo(text)
        self._path = HeadPath(seed)
        self._scene = Scene(name)
        self._noise_seed = seed
        self._sequence = 0
        detail = f"demo: virtual camera over a portrait of {PORTRAITS[name].person}"
        self.info = SourceInfo(text, "demo", True, WIDTH, HEIGHT, FPS, True, frames, detail)

    def read(self) -> Frame | None:
        """The next frame; `seconds` is its number over 30."""
        if self.info.frames is not None and self._sequence >= self.info.frames:
            return None
        image = self.render(self._sequence)
        frame = Frame(image, self._sequence, self._sequence / FPS, self.info.text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Nothing is held open."""

    def render(self, sequence: int) -> Image:
        """Frame `sequence` as BGR, 480 x 640 x 3; the same for the same seed."""
        view = self._path.view(sequence)
        chance = np.random.default_rng((self._noise_seed, sequence))
        if not view.signal:
            return chance.integers(0, 9, (HEIGHT, WIDTH, 1), dtype=np.uint8).repeat(3, axis=2)
        image = self._scene.seen(view)
        if view.blur > 0.3:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), view.blur), dtype=np.uint8)
        if view.smear >= 2:
            image = np.asarray(cv2.blur(image, (round(view.smear), 1)), dtype=np.uint8)
        lit = cv2.multiply(image, _light(view), dtype=cv2.CV_8U)
        return _noisy(np.asarray(lit, dtype=np.uint8), chance)


def parse_demo(text: str) -> tuple[str, int, int | None]:
    """Name, seed and number of frames in `demo:NAME?seed=N&frames=N`. Raises SourceNotFound."""
    name, _unused, query = text.removeprefix("demo:").partition("?")
    if name not in PORTRAITS:
        raise SourceNotFound(
            "There is no such demo",
            f"demo:{name}",
            f"There are {', '.join(demo_names())}.",
        )
    options = dict(parse_qsl(query, keep_blank_values=True))
    if set(options) - {"seed", "frames"} or not all(v.isdecimal() for v in options.values()):
        raise SourceNotFound(
            "The demo does not know this option",
            text,
            f"Write demo:{name}?seed=3&frames=200, with whole numbers.",
        )
    frames = int(options["frames"]) if "frames" in options else None
    return name, int(options.get("seed", "1")), frames


def demo_names() -> tuple[str, ...]:
    """The sources there are, `demo:` included."""
    return tuple(f"demo:{name}" for name in PORTRAITS)


def _light(view: View) -> NDArray[np.float32]:
    """Brightness factors, 480 x 640 x 3: light that comes from one side."""
    row = view.gain * (1 + 0.28 * view.side * np.linspace(-1, 1, WIDTH, dtype=np.float32))
    return np.broadcast_to(row.astype(np.float32)[None, :, None], (HEIGHT, WIDTH, 3)).copy()


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.int16]:
    """Noise a little larger than a frame, made once; each frame takes another part of it.

    It is softened, as cameras do: raw noise would hide a blurred picture from the sharpness gate.
    """
    raw = np.random.default_rng(0).normal(0, 1, (HEIGHT + 64, WIDTH + 64, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(raw, (0, 0), 1.0)
    return np.asarray((soft * (NOISE / soft.std())).round(), dtype=np.int16)


def _noisy(image: Image, chance: np.random.Generator) -> Image:
    y, x = chance.integers(0, 64, 2)
    part = _grain()[y : y + HEIGHT, x : x + WIDTH]
    return np.asarray(cv2.add(image, part, dtype=cv2.CV_8U), dtype=np.uint8)
