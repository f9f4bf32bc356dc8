"""Alignment puts the eyes at their places, whatever the face's size and turn."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import EYES_IN_CROP, POINTS_IN_CROP, Box, Eyes, Face, align, may_lie, roll


def scene(eyes: Eyes, size: int = 700, radius: int = 8) -> NDArray[np.uint8]:
    """Grey, with a red disc at the left eye and a blue one at the right eye (BGR)."""
    image = np.full((size, size, 3), 128, np.uint8)
    for (x, y), colour in zip(eyes, ((0, 0, 255), (255, 0, 0)), strict=True):
        cv2.circle(image, (round(x), round(y)), radius, colour, -1, cv2.LINE_AA)
    return image


def centre_of(crop: NDArray[np.uint8], channel: int) -> tuple[float, float]:
    """Where one colour is, in the crop."""
    weight = np.clip(crop[..., channel].astype(float) - crop[..., 2 - channel] - 60, 0, None)
    rows, columns = np.indices(weight.shape)
    return (
        float((columns * weight).sum() / weight.sum()),
        float((rows * weight).sum() / weight.sum()),
    )


def eyes_at(apart: float, degrees: float) -> Eyes:
    turn = math.radians(degrees)
    dx, dy = math.cos(turn) * apart / 2, math.sin(turn) * apart / 2
    return (350 - dx, 340 - dy), (350 + dx, 340 + dy)


@pytest.mark.parametrize("degrees", [0, 15, -25])
@pytest.mark.parametrize("apart", [40, 75, 150, 290])
def test_eyes_land_on_the_template(apart: float, degrees: float) -> None:
    eyes = eyes_at(apart, degrees)
    crop = align(scene(eyes, radius=max(3, round(apart / 8))), eyes)
    assert crop.shape == (160, 160, 3)
    assert crop.dtype == np.uint8
    # Circles are drawn at whole pixels, hence up to half a pixel, enlarged where the face is small.
    close = 0.5 + 0.75 * max(1.0, 50 / apart)
    assert math.dist(centre_of(crop, 0), EYES_IN_CROP[0]) < close
    assert math.dist(centre_of(crop, 2), EYES_IN_CROP[1]) < close


def test_crop_is_rgb_and_contiguous() -> None:
    image = np.zeros((300, 300, 3), np.uint8)
    image[..., 0] = 255  # blue in BGR
    crop = align(image, ((120.0, 140.0), (180.0, 140.0)))
    assert crop[80, 80].tolist() == [0, 0, 255]
    assert crop.flags["C_CONTIGUOUS"]


def test_template_is_the_one_of_the_reference() -> None:
    expected = np.array([[38.29, 51.70], [73.53, 51.50]]) / 112 * 160
    assert np.allclose(EYES_IN_CROP, expected)


def test_fine_texture_of_a_large_face_averages_instead_of_aliasing() -> None:
    chequers = (np.indices((1600, 1600)).sum(0) % 2 * 255).astype(np.uint8)
    image = np.repeat(chequers[..., None], 3, axis=2)
    crop = align(image, ((550.0, 700.0), (1050.0, 700.0)))
    assert abs(float(crop.mean()) - 127.5) < 3
    assert float(crop.std()) < 12


def test_edge_pixels_go_on_beyond_the_picture() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    crop = align(image, ((5.0, 10.0), (60.0, 10.0)))
    assert np.all(crop == 90)


def test_eyes_far_outside_the_picture_give_a_crop_all_the_same() -> None:
    image = np.full((50, 50, 3), 77, np.uint8)
    for shift in (-5000.0, 5000.0):
        crop = align(image, ((shift, shift), (shift + 400, shift)))
        assert np.all(crop == 77)


def test_one_point_cannot_be_two_eyes() -> None:
    with pytest.raises(ValueError, match="all the same"):
        align(np.zeros((50, 50, 3), np.uint8), ((10.0, 10.0), (10.0, 10.0)))


def dotted(points: np.ndarray) -> NDArray[np.uint8]:
    """Black, with a white disc of three pixels at each point (x, y)."""
    image = np.zeros((400, 400, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x), round(y)), 3, (255, 255, 255), -1, cv2.LINE_AA)
    return image


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (20, 1.6), (-35, 0.8)])
def test_four_points_of_the_templates_shape_land_on_the_template(
    degrees: float, scale: float
) -> None:
    turn = scale * np.exp(1j * math.radians(degrees))
    template = np.array(POINTS_IN_CROP) @ [1, 1j]
    moved = (template - 80 - 80j) * turn + 190 + 210j
    points = [(z.real, z.imag) for z in moved]
    crop = align(dotted(np.array(points)), points)
    for x, y in POINTS_IN_CROP:
        assert crop[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].max() > 150


def test_points_of_another_shape_land_as_near_as_a_similarity_brings_them() -> None:
    points = [(100.0, 150.0), (200.0, 140.0), (160.0, 215.0), (150.0, 260.0)]
    # By hand: least squares over x' = ax - by + c, y' = bx + ay + d.
    rows, wanted = [], []
    for (x, y), (u, v) in zip(points, POINTS_IN_CROP, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        wanted += [u, v]
    a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    # Red is x, green is y, halved: where a pixel of the crop came from can be read off it.
    y, x = np.indices((400, 400)) / 2
    image = np.stack([np.zeros_like(x), y, x], 2).astype(np.uint8)
    back = np.linalg.inv([[a, -b, c], [b, a, d], [0, 0, 1]])
    crop = align(image, points)
    for column, row in ((30, 40), (80, 100), (130, 60)):
        source = (back @ [column, row, 1])[:2] / 2
        assert crop[row, column, :2] == pytest.approx(source, abs=1)


def found(eyes: Eyes, turned: int = 0) -> Face:
    return Face(Box(0, 0, 100, 100), eyes, True, np.zeros((160, 160, 3), np.uint8), (), turned)


@pytest.mark.parametrize(
    ("degrees", "turned", "wanted"),
    [(0, 0, 0), (15, 0, 15), (-25, 0, 25), (0, 2, 180), (10, 1, 100), (-10, 3, 100)],
)
def test_roll_is_counted_in_the_picture_as_it_is(
    degrees: float, turned: int, wanted: float
) -> None:
    assert roll(found(eyes_at(38, degrees), turned)) == pytest.approx(wanted)


def test_eyes_close_together_may_be_those_of_a_face_on_its_side() -> None:
    assert may_lie(found(eyes_at(25, 40)))
    assert not may_lie(found(eyes_at(37, 10)))
