"""The demo's virtual camera: `demo:collins`, `demo:hopper?seed=3&frames=200`.

It films a portrait as a webcam would film a person: it pans, zooms and tilts while the person
talks, turns and blinks and the light changes; now and then it is dark, blurred, looks aside or
loses its signal. The same text gives the same frames.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from engine.camera.demo_path import FPS, Path, View
from engine.camera.demo_scene import HEIGHT, PORTRAITS, WIDTH, Scene
from engine.camera.frame import Frame, Image, SourceInfo
from engine.camera.quiet import cv2
from engine.errors import SourceNotFound

NOISE = 2.0
"""Standard deviation of the sensor's noise, grey levels."""


class DemoSource:
    """A virtual camera of 640x480 pixels and 30 frames a second on its own clock.

    It never waits: the reader does, where frames are to come in real time. Raises
    SourceNotFound for an unknown name or option.
    """

    def __init__(self, text: str) -> None:
        name, seed, frames = parse_demo(text)
        self._path = Path(seed)
        self._scene = Scene(name)
        self._noise_seed = seed
        self._sequence = 0
        self._info = SourceInfo(
            text=text,
            kind="demo",
            live=True,
            width=WIDTH,
            height=HEIGHT,
            fps=FPS,
            demo=True,
            frames=frames,
            detail=f"demo: virtual camera over a portrait of {PORTRAITS[name].person}",
        )

    @property
    def info(self) -> SourceInfo:
        """`demo` is True; `frames` is None unless `?frames=N` was given."""
        return self._info

    def read(self) -> Frame | None:
        """The next frame; `seconds` is its number over 30."""
        if self._info.frames is not None and self._sequence >= self._info.frames:
            return None
        image = self.render(self._sequence)
        frame = Frame(image, self._sequence, self._sequence / FPS, self._info.text)
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
            "There are {names}.".format(names=", ".join(demo_names())),
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
