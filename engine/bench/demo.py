"""What is measured with: the demo's people as crops and clips, a workspace that knows them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.camera.demo import DemoSource
from engine.camera.quiet import cv2
from engine.cancel import Cancel
from engine.enrol.people import People
from engine.errors import NoPictures
from engine.faces.detect import FaceFinder
from engine.model.backbones import Backbone
from engine.pictures import decode_crop, encode_png
from engine.service.jobs.loaded import Backbones
from engine.service.jobs.train import train
from engine.service.protocol import TrainRequest
from engine.settings import Settings
from engine.workspace import Workspace

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
PEOPLE = {COLLINS: "demo:collins", HOPPER: "demo:hopper"}
WIDTH, HEIGHT, FPS = 640, 480, 30
ENROLLED = 12
"""Pictures a person in the workspace that is recognised with."""
UNSEEN = 7
"""Seed of the camera paths that are recognised: others than those that were enrolled."""

Image = NDArray[np.uint8]


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
        raise NoPictures(
            "The workspace has too few people for a bench",
            f"{len(found)} of {people} with pictures",
            "Leave --workspace out to measure with the demo's.",
        )
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
    folder = registry.session_directory(
        person.slug, registry.new_session(person, "bench", "points")
    )
    for number, data in enumerate(pictures, 1):
        (folder / f"{number:04d}.png").write_bytes(data)


class Counted:
    """An extractor that counts the crops it is given."""

    def __init__(self, backbone: Backbone) -> None:
        self._inner = backbone.extractor
        self.digest, self.length = self._inner.digest, self._inner.length
        self.crops = 0

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `Extracts.extract`."""
        self.crops += len(crops)
        return self._inner.extract(crops)


def counted(settings: Settings) -> tuple[Backbones, Counted]:
    """The packaged network, loaded, and what counts its crops."""
    loaded = Backbones(settings.model).named("vgg16")
    counter = Counted(loaded)
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
