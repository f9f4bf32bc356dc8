"""Real faces for the tests of this folder: the public-domain demo portraits and the clips."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.detect import FaceFinder
from engine.pictures import read_photograph
from engine.settings import DetectionSettings

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder(DetectionSettings())


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """Eileen Collins, 512x512, one face in the middle of the upper half."""
    return read_photograph(DEMO / "collins.png")


@pytest.fixture(scope="session")
def frame(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A 640x480 webcam frame with one face."""
    return np.asarray(cv2.resize(portrait[:384], (640, 480)), dtype=np.uint8)
