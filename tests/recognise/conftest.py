"""A small made-up face space in which embeddings can be chosen freely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.model.face_space import FaceSpace
from engine.model.vectors import ImpostorCurve, cohort_scores
from fit.space_file import curve_of
from tests.recognise.made_up import DIMS, PaintedExtractor, vectors


@pytest.fixture(scope="session")
def space() -> FaceSpace:
    """Embeds what `PaintedExtractor` painted; 300 strangers as cohort, a curve measured in it."""
    cohort = vectors(300, 1)
    made = FaceSpace(
        mean=np.zeros(DIMS, np.float32),
        projection=np.eye(DIMS, dtype=np.float32),
        offset=np.zeros(DIMS, np.float32),
        mixtures=cohort,
        impostors=ImpostorCurve(np.array([1.0, 0.5]), np.array([0.0, 0.0])),
    )
    strangers, centres = vectors(1000, 2), vectors(100, 3)
    curve = curve_of(cohort_scores(strangers, centres, cohort))
    return replace(made, impostors=curve)


@pytest.fixture
def painter() -> PaintedExtractor:
    return PaintedExtractor()
