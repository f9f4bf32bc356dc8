"""Eyes inside a face box, and what is supposed where they are not seen."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import Box
from engine.faces.eyes import QUICK, THOROUGH, Effort, EyeFinder, usual_eyes

BOX = Box(177, 66, 95, 95)
LEFT, RIGHT = (201, 101), (248, 103)


@pytest.fixture(scope="module")
def eyes() -> EyeFinder:
    return EyeFinder()


@pytest.fixture
def grey(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


@pytest.mark.parametrize("effort", [QUICK, THOROUGH])
def test_both_eyes_are_found(eyes: EyeFinder, grey: NDArray[np.uint8], effort: Effort) -> None:
    (left, right), found = eyes.find(grey, BOX, effort)
    assert found
    assert math.dist(left, LEFT) < 5
    assert math.dist(right, RIGHT) < 5


def test_turned_head_gives_a_slanting_eye_line(eyes: EyeFinder, grey: NDArray[np.uint8]) -> None:
    matrix = cv2.getRotationMatrix2D((224.0, 113.0), -12, 1)
    turned = np.asarray(cv2.warpAffine(grey, matrix, (512, 512)), dtype=np.uint8)
    (left, right), found = eyes.find(turned, BOX)
    assert found
    assert 6 < math.degrees(math.atan2(right[1] - left[1], right[0] - left[0])) < 20


def test_hidden_eye_is_supposed_level_with_the_other(
    eyes: EyeFinder, grey: NDArray[np.uint8]
) -> None:
    grey[66:161, 225:272] = 150
    (left, right), found = eyes.find(grey, BOX)
    assert not found
    assert math.dist(left, LEFT) < 5
    assert right[1] == pytest.approx(left[1])
    assert right[0] == pytest.approx(BOX.x + 0.69 * BOX.width)


def test_without_eyes_their_usual_places_are_taken(eyes: EyeFinder) -> None:
    plain = np.full((300, 300), 128, np.uint8)
    box = Box(100, 100, 100, 100)
    assert eyes.find(plain, box) == (usual_eyes(box), False)
    assert usual_eyes(box) == ((131, 138), (169, 138))


@pytest.mark.parametrize("box", [Box(-40, -30, 90, 90), Box(260, 260, 90, 90), Box(500, 5, 80, 80)])
def test_box_over_the_edge_is_no_trouble(eyes: EyeFinder, box: Box) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (300, 300), dtype=np.uint8)
    (left, right), _ = eyes.find(noise, box)
    assert left[0] < right[0]
