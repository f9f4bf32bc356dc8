"""Alignment puts the eyes at their places, whatever the face's size and turn."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.align import EYES_IN_CROP, Eyes, align


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
    with pytest.raises(ValueError, match="same point"):
        align(np.zeros((50, 50, 3), np.uint8), ((10.0, 10.0), (10.0, 10.0)))
