"""The floors that identification must reach on real photographs, in the model card's protocol.

First 20 and all 31 people of lfw/known by name, first 10 pictures enrol as training does (with
their augmented views), the rest are single probes, all of lfw/strangers are strangers. Two minutes
and more on two free cores.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.config import TrainingSettings
from engine.model.face_space import FaceSpace
from engine.model.face_space_report import ENROL, Figures, identification
from engine.model.people_features import Copies, PeopleReader, trained_views

pytestmark = [pytest.mark.shared, pytest.mark.slow]


class Remembering:
    """The real extractor, which computes no crop twice: the enrolled ones are read twice here."""

    def __init__(self) -> None:
        from engine.model.runtime import vgg16_extractor
        from engine.model.weights import load_weights

        self._extractor = vgg16_extractor(load_weights(), "auto")
        self.digest, self.length = self._extractor.digest, self._extractor.length
        self._rows: dict[bytes, NDArray[np.float32]] = {}

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        new = [crop for crop in crops if crop.tobytes() not in self._rows]
        if new:
            rows = self._extractor.extract(np.stack(new))
            self._rows.update(zip((crop.tobytes() for crop in new), rows, strict=True))
        return np.stack([self._rows[crop.tobytes()] for crop in crops])


@pytest.fixture(scope="module")
def figures(lfw: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Figures]:
    work, extractor = tmp_path_factory.mktemp("features"), Remembering()
    reader = PeopleReader(work / "plain", extractor)
    known, strangers = reader.read(lfw / "known"), reader.read(lfw / "strangers")
    views = Copies("views", TrainingSettings().views, trained_views)
    enrolled = PeopleReader(work / "views", extractor, copies=views).read(lfw / "known", most=ENROL)
    space = FaceSpace.load()
    return {n: identification(space, enrolled, known, strangers, n) for n in (20, 31)}


def test_nothing_was_left_out(figures: dict[int, Figures]) -> None:
    assert figures[31].probes == 404
    assert figures[31].strangers >= 200
    assert figures[31].missed <= 4


@pytest.mark.parametrize(("people", "floor"), [(20, 0.97), (31, 0.96)])
def test_rank_one(figures: dict[int, Figures], people: int, floor: float) -> None:
    assert figures[people].rank1 >= floor


@pytest.mark.parametrize(("people", "floor"), [(20, 0.84), (31, 0.81)])
def test_tpir_at_an_fpir_of_one_percent(
    figures: dict[int, Figures], people: int, floor: float
) -> None:
    assert figures[people].tpir_1 >= floor


def test_the_default_threshold(figures: dict[int, Figures]) -> None:
    assert figures[31].tpir >= 0.75
    assert figures[31].fpir <= 0.02


@pytest.mark.parametrize("people", [20, 31])
def test_five_frames_fused(figures: dict[int, Figures], people: int) -> None:
    assert figures[people].fused_tpir_1 >= 0.95
