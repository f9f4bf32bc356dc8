"""The floors that identification must reach on real photographs, in the model card's protocol.

The first 10 people of lfw/known by name; first 10 pictures enrol, the rest are single probes, all
of lfw/strangers are strangers. All 31 people, enrolled with their augmented views as training does
it, are in the model card, by `python -m engine.model.face_space report`: here both would cost
minutes more.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.model.face_space import FaceSpace
from engine.model.face_space_report import ENROL, Figures, identification
from engine.model.people_features import PeopleReader
from engine.model.runtime import vgg16_extractor
from engine.model.weights import load_weights

pytestmark = [pytest.mark.shared, pytest.mark.slow]

PEOPLE = 10


@pytest.fixture(scope="module")
def figures(lfw: Path, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    work = tmp_path_factory.mktemp("features")
    reader = PeopleReader(work / "plain", vgg16_extractor(load_weights(), "auto"))
    folder = work / "people"
    folder.mkdir()
    for person in sorted((lfw / "known").iterdir())[:PEOPLE]:
        (folder / person.name).symlink_to(person.resolve())
    known, strangers = reader.read(folder), reader.read(lfw / "strangers")
    early = known.order < ENROL
    enrolled = replace(
        known,
        features=known.features[early],
        copies=known.copies[early],
        people=known.people[early],
        order=known.order[early],
    )
    return identification(FaceSpace.load(), enrolled, known, strangers, PEOPLE)


def test_nothing_was_left_out(figures: Figures) -> None:
    assert figures.probes == 133
    assert figures.strangers >= 200
    assert figures.missed <= 4


def test_rank_one(figures: Figures) -> None:
    assert figures.rank1 >= 0.97


def test_tpir_at_an_fpir_of_one_percent(figures: Figures) -> None:
    assert figures.tpir_1 >= 0.84


def test_the_default_threshold(figures: Figures) -> None:
    assert figures.tpir >= 0.75
    assert figures.fpir <= 0.02


def test_five_frames_fused(figures: Figures) -> None:
    assert figures.fused_tpir_1 >= 0.95
