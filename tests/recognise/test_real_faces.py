"""Real photographs and clips through finder, both networks, joint space and recogniser."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import Face
from engine.faces.detect import FaceFinder
from engine.model.backbones import packaged_space
from engine.model.face_space import Space
from engine.model.record import ModelInfo, StoredModel
from engine.model.vectors import class_centres
from engine.model.vgg16 import Extracts
from engine.pictures import read_photograph
from engine.recognise.calibration import Enrolled, kept_from
from engine.recognise.gallery import Gallery
from engine.recognise.recogniser import Recogniser
from engine.recognise.threshold import record, settle
from engine.settings import DetectionSettings, RecognitionSettings
from tests.recognise.remembering import Remembering

pytestmark = pytest.mark.shared

SETTINGS = RecognitionSettings()


@pytest.fixture(scope="module")
def extractor() -> Extracts:
    return Remembering()


@pytest.fixture(scope="module")
def packaged() -> Space:
    return packaged_space("both")


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(DetectionSettings())


def photograph(finder: FaceFinder, file: Path) -> Face:
    return finder.find_in_photograph(read_photograph(file))[0]


def clip_faces(finder: FaceFinder, file: Path, step: int, most: int) -> list[Face]:
    """The largest face of every `step`-th frame of a clip."""
    clip = cv2.VideoCapture(str(file))
    found: list[Face] = []
    for number in itertools.count():
        there, frame = clip.read()
        if not there or len(found) >= most:
            break
        if number % step == 0:
            found.extend(finder.find(np.asarray(frame, np.uint8), 1))
    clip.release()
    return found


def trained(
    extractor: Extracts, space: Space, people: dict[str, list[NDArray[np.uint8]]]
) -> StoredModel:
    """A model of plain class centres, calibrated as training does it."""
    crops = np.stack([crop for own in people.values() for crop in own])
    labels = np.repeat(np.arange(len(people)), [len(own) for own in people.values()])
    embeddings = space.embed(extractor.extract(crops))
    slugs = tuple(name.lower() for name in people)
    pictures = Enrolled(embeddings, labels, [""] * len(labels), len(people))
    kept = kept_from(space, pictures, slugs, space.impostors, SETTINGS.fpir)
    centres = class_centres(embeddings, labels, len(people))
    _gallery, found = settle(space, Gallery(space, centres, slugs), SETTINGS.fpir, kept)
    info = ModelInfo(
        id="test",
        recipe="head",
        people=tuple((name.lower(), name, "r") for name in people),
        threshold=found.threshold,
        calibration=record(found, kept),
    )
    return StoredModel(info, centres, {})


@pytest.fixture(scope="module")
def photographs(lfw: Path, finder: FaceFinder, extractor: Extracts, packaged: Space) -> Recogniser:
    """Three people, eight photographs each; the floors have more."""
    people = {
        folder.name: [photograph(finder, file).crop for file in sorted(folder.iterdir())[:8]]
        for folder in sorted((lfw / "known").iterdir())[:3]
    }
    return Recogniser(trained(extractor, packaged, people), extractor, packaged, SETTINGS)


def test_other_photographs_of_enrolled_people_are_named(
    lfw: Path, finder: FaceFinder, photographs: Recogniser
) -> None:
    right = total = 0
    for folder in sorted((lfw / "known").iterdir())[:3]:
        for file in sorted(folder.iterdir())[10:13]:
            face = photograph(finder, file)
            (seen,) = photographs.observe(
                file.name, 1, 0, [face.box.as_tuple], face.crop[None], single=True
            )
            assert seen.person in (None, folder.name)
            right += seen.person == folder.name
            total += 1
    assert right >= 0.9 * total


def test_photographs_of_strangers_are_unknown(
    lfw: Path, finder: FaceFinder, photographs: Recogniser
) -> None:
    files = sorted((lfw / "strangers").glob("*/*.jpg"))[:8]
    faces = [photograph(finder, file) for file in files]
    seen = photographs.observe(
        "strangers",
        1,
        0,
        [face.box.as_tuple for face in faces],
        np.stack([face.crop for face in faces]),
        single=True,
    )
    assert {each.decision for each in seen} == {"unknown"}


@pytest.fixture(scope="module")
def men(clips: Path, finder: FaceFinder) -> dict[str, list[NDArray[np.uint8]]]:
    """Crops of two men, each from one clip."""
    return {
        "man_a": [face.crop for face in clip_faces(finder, clips / "man_a_take1.mp4", 80, 12)],
        "man_b": [face.crop for face in clip_faces(finder, clips / "man_b.mp4", 160, 12)],
    }


@pytest.fixture(scope="module")
def shown(clips: Path, finder: FaceFinder) -> dict[str, list[Face]]:
    """Faces of an enrolled man on another day, and of two strangers before similar walls."""
    names = ("man_a_take2.mp4", "grid_1.mpg", "woman_a.mp4")
    return {name: clip_faces(finder, clips / name, 6, 10) for name in names}


@pytest.mark.parametrize("pictures", [12, 1])
def test_clips_of_enrolled_people_are_named_and_of_others_are_not(
    men: dict[str, list[NDArray[np.uint8]]],
    shown: dict[str, list[Face]],
    extractor: Extracts,
    packaged: Space,
    pictures: int,
) -> None:
    enrolled = {name: crops[:pictures] for name, crops in men.items()}
    model = trained(extractor, packaged, enrolled)
    decisions: dict[str, Counter[str | None]] = {}
    for name, faces in shown.items():
        recogniser = Recogniser(model, extractor, packaged, SETTINGS)
        decisions[name] = Counter()
        for number, face in enumerate(faces):
            (seen,) = recogniser.observe(
                name, number, number * 0.25, [face.box.as_tuple], face.crop[None]
            )
            decisions[name][seen.person] += seen.decision != "unsure"
    man_a = decisions.pop("man_a_take2.mp4")
    assert man_a["man_a"] >= 6
    assert man_a["man_b"] == 0
    for stranger in decisions.values():
        assert stranger["man_a"] == stranger["man_b"] == 0
        assert stranger[None] >= 5
