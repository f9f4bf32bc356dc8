from __future__ import annotations

from engine.bench.material import multiply_adds, operations_of_a_row
from engine.model.vgg16 import VIEW

PUBLISHED = 15_470_264_320
"""Multiply-adds of the whole of VGG16 at 224x224, its three dense layers included."""
DENSE = 25_088 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000


def test_vgg16_at_224_has_the_multiply_adds_that_are_published() -> None:
    assert multiply_adds(224, blocks=5) == PUBLISHED - DENSE


def test_the_first_layer_is_counted_by_hand() -> None:
    first_block = 16 * 16 * 9 * 3 * 64 + 16 * 16 * 9 * 64 * 64
    assert multiply_adds(16, blocks=1) == first_block


def test_a_row_is_one_picture_of_two_operations_a_multiply_add() -> None:
    assert operations_of_a_row() == 2 * multiply_adds(VIEW, blocks=4)
