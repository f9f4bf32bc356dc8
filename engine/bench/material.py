"""What measurements need: a plan, people, clips, workspaces, timing, counted arithmetic.

Besides the demo's people there are made-up ones and a stand-in for a network, to measure what
follows the features: a person is a pattern of coloured squares, a picture the pattern with a little
noise, and the stand-in's rows are a fixed random projection of a crop's squares, so that pictures
and augmented views of one person are alike and those of two are not.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.camera.demo import DemoSource
from engine.camera.opencv import cv2
from engine.cancel import Cancel
from engine.contract.errors import NoPictures
from engine.contract.requests import TrainRequest
from engine.faces.detect import FaceFinder
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.face_space import FaceSpace
from engine.model.networks import Backbones
from engine.model.vgg16 import BLOCKS, VIEW, Extracts
from engine.people.registry import People
from engine.pictures import CROP, decode_crop, encode_png
from engine.settings import Settings
from engine.workspace.folder import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`folder` is the bench's own, for all it writes. `program` is Facedesk's command line.

    `workspace`: take crops of the people there, which is only read; None: those of the demo.
    """

    folder: str
    program: tuple[str, ...]
    quick: bool = False
    workspace: str | None = None

    @property
    def path(self) -> Path:
        """The bench's own folder."""
        return Path(self.folder)

    def sized(self, whole: int, quick: int) -> int:
        """How much of something: less if it has to be quick."""
        return quick if self.quick else whole

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The reverse of `to_json`."""
        fields = json.loads(text)
        return cls(**{**fields, "program": tuple(fields["program"])})


COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
PEOPLE = {COLLINS: "demo:collins", HOPPER: "demo:hopper"}
WIDTH, HEIGHT, FPS = 640, 480, 30
ENROLLED = 12
"""Pictures a person in the workspace that is recognised with."""
SOURCE = "bench"
"""What sessions of a bench were captured from."""
UNSEEN = 7
"""Seed of the camera paths that are recognised: others than those that were enrolled."""

Image = NDArray[np.uint8]
Result = TypeVar("Result")


def showing_a_face(source: str, settings: Settings) -> Iterator[tuple[Image, NDArray[np.uint8]]]:
    """Frames (BGR 480x640x3) of an endless demo in which one face is found, each with its crop."""
    finder = FaceFinder(settings.detection)
    camera = DemoSource(source)
    for number in itertools.count():
        image = camera.render(number)
        faces = finder.find(image)
        if len(faces) == 1 and faces[0].eyes_found:
            yield image, faces[0].crop


def demo_crops(settings: Settings, count: int) -> NDArray[np.uint8]:
    """The first `count` crops of the demo's people in turn: uint8 (count, 160, 160, 3) RGB."""
    each = [showing_a_face(source, settings) for source in PEOPLE.values()]
    return np.stack([next(each[number % len(each)])[1] for number in range(count)])


def workspace_crops(workspace: Workspace, people: int, count: int) -> dict[str, list[Path]]:
    """Picture files of the `people` with most pictures of a workspace, up to `count` each, by name.

    Raises NoPictures if there are not so many people with pictures.
    """
    registry = People(workspace)
    most = sorted(registry.list(), key=lambda person: person.pictures, reverse=True)[:people]
    found = {
        person.name: list(registry.pictures(person)[:count]) for person in most if person.pictures
    }
    if len(found) < people:
        said = f"{len(found)} of {people} with pictures"
        hint = "Leave --workspace out to measure with the demo's."
        raise NoPictures("The workspace has too few people for a bench", said, hint)
    return found


def crops_to_measure(settings: Settings, workspace: str | None, count: int) -> NDArray[np.uint8]:
    """`count` crops, of a workspace or of the demo; repeated where a workspace has too few."""
    if workspace is None:
        return demo_crops(settings, count)
    (files,) = workspace_crops(Workspace(Path(workspace)), 1, count).values()
    crops = [decode_crop(file) for file in files]
    return np.stack([crops[number % len(crops)] for number in range(count)])


def clip(folder: Path, settings: Settings, frames: int) -> Path:
    """A clip of one face, Eileen Collins', in every frame, on a path that nobody enrolled from."""
    source = f"demo:collins?seed={UNSEEN}"
    pictures = (image for image, _crop in showing_a_face(source, settings))
    return _written(folder / f"one-{frames}.avi", itertools.islice(pictures, frames))


def clip_of_four(folder: Path, settings: Settings, frames: int) -> Path:
    """A clip of four faces, each a quarter of the frame."""
    seeds = (UNSEEN, UNSEEN + 1)
    sources = [f"{source}?seed={seed}" for seed in seeds for source in PEOPLE.values()]
    quarters = [_quarters(source, settings) for source in sources]

    def pictures() -> Iterator[Image]:
        for _number in range(frames):
            four = [next(each) for each in quarters]
            rows = [np.concatenate(four[place : place + 2], 1) for place in (0, 2)]
            yield np.asarray(np.concatenate(rows, 0), np.uint8)

    return _written(folder / f"four-{frames}.avi", pictures())


def _quarters(source: str, settings: Settings) -> Iterator[Image]:
    """Frames of a demo at half their size in which the face is still found."""
    half = settings.detection.working_width // 2
    finder = FaceFinder(replace(settings.detection, working_width=half))
    for image, _crop in showing_a_face(source, settings):
        small = cv2.resize(image, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        quarter = np.asarray(small, np.uint8)
        if len(finder.find(quarter)) == 1:
            yield quarter


def trained_workspace(folder: Path, settings: Settings) -> Workspace:
    """A workspace with the demo's people and a model of them; made once for a bench."""
    workspace = Workspace(folder / "trained")
    if workspace.models.is_dir():
        return workspace
    with workspace.writer("facedesk bench"):
        for name, source in PEOPLE.items():
            crops = (crop for _image, crop in showing_a_face(source, settings))
            enrol(workspace, name, [encode_png(each) for each in itertools.islice(crops, ENROLLED)])
        # Without augmented views: how good this model is does not matter here.
        training = replace(settings.training, views=0)
        quick = replace(settings, training=training)
        train(workspace, quick, TrainRequest(), Cancel(), lambda event: None)
    return workspace


def enrol(workspace: Workspace, name: str, pictures: list[bytes]) -> None:
    """Enrol a person with these PNG crops in one session. The caller holds `Workspace.writer`."""
    registry = People(workspace)
    person = registry.add(name)
    session = registry.new_session(person, SOURCE, "points")
    folder = registry.session_directory(person.slug, session)
    # Not flushed to disk one by one: a bench that is cut short throws its workspace away.
    for number, data in enumerate(pictures, 1):
        (folder / f"{number:04d}.png").write_bytes(data)


class Watched:
    """An extractor that notes the crops it was given, the seconds it took and its last rows."""

    def __init__(self, inner: Extracts) -> None:
        self._inner = inner
        self.digest, self.length = inner.digest, inner.length
        self.crops, self.seconds = 0, 0.0
        self.rows: NDArray[np.float32] = np.empty((0, inner.length), np.float32)

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Extracts.extract`."""
        self.rows, seconds = timed(lambda: self._inner.extract(crops))
        self.seconds += seconds
        self.crops += len(crops)
        return self.rows


def counted(settings: Settings) -> tuple[Backbones, Watched]:
    """The packaged network, loaded, and what counts its crops."""
    loaded = Backbones(settings.model).named("vgg16")
    counter = Watched(loaded.extractor)
    whole = Backbone(loaded.name, counter, loaded.space, loaded.weights, loaded.digest)
    counter.extract(np.zeros((1, 160, 160, 3), np.uint8))  # the first call is slow
    counter.crops = 0
    return Backbones(settings.model, kept=whole), counter


def _written(path: Path, pictures: Iterator[Image]) -> Path:
    """Pictures as a clip of 640x480 in Motion JPEG, as most webcams deliver; made once."""
    if not path.exists():
        code = cv2.VideoWriter.fourcc(*"MJPG")
        writer = cv2.VideoWriter(str(path), code, FPS, (WIDTH, HEIGHT))
        for picture in pictures:
            writer.write(picture)
        writer.release()
    return path


SQUARES = 8
"""Coloured squares along a side of a crop."""
NOISE = 6.0
"""Grey levels by which two pictures of a person differ (standard deviation, each square)."""


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
        flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)  # 0: of one colour
        return np.asarray(self._mean + flat @ self._projection, np.float32)


def stand_in() -> tuple[Backbone, Counting]:
    """A backbone of the packaged face space whose network is a `Counting`."""
    space = FaceSpace.load()
    counting = Counting(space)
    return Backbone("vgg16", counting, space, None, counting.digest), counting


def enrol_made_up(workspace: Workspace, first: int, people: int, pictures: int) -> None:
    """`enrol` made-up people number `first` and up, `pictures` each."""
    for number in range(first, first + people):
        crops = crops_of(number, pictures)
        enrol(workspace, f"Made Up {number:04d}", [encode_png(crop) for crop in crops])


def crops_of(person: int, count: int) -> NDArray[np.uint8]:
    """The first `count` pictures of a made-up person: uint8 (count, 160, 160, 3) RGB."""
    random = np.random.default_rng(person)
    pattern = random.uniform(40, 215, (SQUARES, SQUARES, 3))
    noisy = pattern + random.normal(0, NOISE, (count, *pattern.shape))
    squares = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    side = CROP // SQUARES
    return squares.repeat(side, axis=1).repeat(side, axis=2)


def interleaved(works: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Seconds of each of `works`, done `rounds` times in turn after one round unmeasured.

    Every other round goes backwards, so that none always follows the same one.
    """
    for work in works:
        work()
    taken: list[list[float]] = [[] for _ in works]
    for number in range(rounds):
        order = range(len(works)) if number % 2 == 0 else reversed(range(len(works)))
        for place in order:
            taken[place].append(seconds_of(works[place]))
    return taken


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What one call gives, and the seconds it takes."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    return timed(work)[1]


KERNEL = 3
WINOGRAD = 4.0
"""How many times fewer multiplications F(4x4, 3x3) needs, the largest tile that runtimes use
(Lavin and Gray, CVPR 2016)."""


def multiply_adds(size: int = VIEW, blocks: int = 4) -> int:
    """Multiply-adds of the convolutions of the first `blocks` blocks, for one picture.

    Biases, activations and pooling are left out: under one per cent. A multiply-add is two
    floating-point operations.
    """
    total, channels, side = 0, 3, size
    for convolutions, wide in BLOCKS[:blocks]:
        for _ in range(convolutions):
            total += side * side * KERNEL * KERNEL * channels * wide
            channels = wide
        side //= 2
    return total
