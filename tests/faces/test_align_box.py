"""Boxes and how far they overlap."""

from __future__ import annotations

import numpy as np
import pytest

from engine.faces.align import Box


def test_overlap_of_equal_boxes_is_one() -> None:
    assert Box(3, 4, 10, 20).overlap(Box(3, 4, 10, 20)) == 1.0


def test_overlap_of_touching_boxes_is_zero() -> None:
    assert Box(0, 0, 10, 10).overlap(Box(10, 0, 10, 10)) == 0.0


def test_overlap_is_intersection_over_union() -> None:
    assert Box(0, 0, 10, 10).overlap(Box(5, 0, 10, 10)) == 50 / 150


def test_scaling_and_moving_reverses_a_padded_enlargement() -> None:
    original = Box(-6, 10, 40, 40)
    enlarged = Box((original.x + 20) * 3, (original.y + 20) * 3, 120, 120)
    assert enlarged.scaled(1 / 3, left=20, top=20) == original


def test_tuple_is_what_events_carry() -> None:
    assert Box(1, 2, 3, 4).as_tuple == (1, 2, 3, 4)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_box_of_a_turned_picture_is_turned_back(quarters: int) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[5:15, 20:32] = 1
    rows, columns = np.nonzero(np.rot90(picture, quarters))
    x, y = int(columns.min()), int(rows.min())
    seen = Box(x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1)
    assert seen.turned_back(quarters, 40, 60) == Box(20, 5, 12, 10)
