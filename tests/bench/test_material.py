from __future__ import annotations

import numpy as np
import pytest

from engine.bench.material import Counting, multiply_adds
from engine.model.face_space import FaceSpace
from engine.pictures import CROP

PUBLISHED = 15_470_264_320
"""Multiply-adds of the whole of VGG16 at 224x224, its three dense layers included."""
DENSE = 25_088 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000


def test_vgg16_at_224_has_the_multiply_adds_that_are_published() -> None:
    assert multiply_adds(224, blocks=5) == PUBLISHED - DENSE


@pytest.mark.filterwarnings("error")
def test_a_crop_of_one_colour_has_a_row_of_numbers_too() -> None:
    crops = np.zeros((1, CROP, CROP, 3), np.uint8)  # what stands for a picture that vanished
    assert np.isfinite(Counting(FaceSpace.load()).extract(crops)).all()


def test_the_first_layer_is_counted_by_hand() -> None:
    first_block = 16 * 16 * 9 * 3 * 64 + 16 * 16 * 9 * 64 * 64
    assert multiply_adds(16, blocks=1) == first_block
