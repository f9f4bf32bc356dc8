"""Boxes and how far they overlap."""

from __future__ import annotations

from engine.faces.box import Box


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
