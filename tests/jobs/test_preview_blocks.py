"""The preview's cells as the camera process computes them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from rich.color import Color, ColorSystem

from engine.contract import HALF_BLOCK_RUN
from engine.contract.requests import PreviewWish
from engine.jobs.preview import DEAD_BAND, GREYS, HalfBlocks, dithered, encode, lookup, png

WISH = PreviewWish(columns=40, rows=20, level="normal", rate=5)


def runs(cells: bytes) -> list[tuple[int, int, int]]:
    return list(HALF_BLOCK_RUN.iter_unpack(cells))


def grey(value: int, width: int = 640, height: int = 480) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(640, 480, (40, 15)), (480, 640, (30, 20)), (1920, 200, (40, 2))],
)
def test_a_frame_fills_the_cells_it_fits_with_its_proportions_kept(width, height, expected):
    columns, rows, cells = HalfBlocks().cells(grey(9, width, height), WISH)
    assert (columns, rows) == expected
    assert sum(run[0] for run in runs(cells)) == columns * rows


def test_equal_neighbours_are_one_run_that_ends_with_its_line():
    assert [run[0] for run in runs(encode(np.zeros((6, 40), np.uint16)))] == [40, 40, 40]
    assert [run[0] for run in runs(encode(np.zeros((2, 600), np.uint16)))] == [255, 255, 90]


def test_colours_are_red_first_with_the_upper_pixel_first():
    image = grey(0)
    image[:240] = (0, 0, 255)  # BGR
    wish = PreviewWish(columns=1, rows=1, level="normal", rate=5)
    image = image[:, :240]
    assert runs(HalfBlocks().cells(image, wish)[2]) == [(1, 0xF00, 0x000)]


def test_noise_within_the_dead_band_changes_no_cell():
    blocks = HalfBlocks()
    first = blocks.cells(grey(120), WISH)[2]
    assert blocks.cells(grey(120 + DEAD_BAND["normal"]), WISH)[2] == first
    assert blocks.cells(grey(121 + DEAD_BAND["normal"]), WISH)[2] != first


def test_low_has_fewer_colours_than_normal():
    assert len(set(lookup("true", "low"))) == 8**3
    assert len(set(lookup("true", "normal"))) == 16**3
    assert len(set(lookup("grey", "normal"))) == 16


def colour(code: int) -> Color:
    return Color.from_rgb((code >> 8) * 17, (code >> 4 & 15) * 17, (code & 15) * 17)


def test_sixteen_colours_are_four_greys_that_the_terminal_has():
    shown = [colour(int(code)).downgrade(ColorSystem.STANDARD).number for code in GREYS]
    assert shown == [0, 8, 7, 15]


@pytest.mark.parametrize("value", [0, 30, 100, 128, 200, 255])
def test_greys_beside_each_other_look_like_the_one_between_them(value):
    codes = dithered(np.full((40, 40, 3), value, np.int16))
    assert abs(float((codes & 15).mean()) * 17 - value) < 6


@pytest.mark.parametrize(
    ("width", "height", "pixels"), [(640, 480, (480, 360)), (320, 240, (320, 240))]
)
def test_a_picture_for_a_terminal_that_shows_one_is_bounded_and_never_enlarged(
    width, height, pixels
):
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3)).astype(np.uint8)
    wish = PreviewWish(columns=85, rows=32, level="normal", rate=5, form="png", cell=(10, 20))
    columns, rows, encoded = png(image, wish)
    assert (columns, rows) == (85, 32)
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape[1::-1] == pixels
    if pixels == (width, height):
        assert (decoded == image).all()


def test_low_shows_two_pixels_each_way_as_one():
    image = np.random.default_rng(1).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    low = replace(WISH, level="low")
    columns, rows, cells = HalfBlocks().cells(image, low)
    assert (columns, rows) == (40, 15)
    assert all(upper == lower for _n, upper, lower in runs(cells))
    assert len(cells) < 0.6 * len(HalfBlocks().cells(image, WISH)[2])


def test_codes_of_a_palette_are_nearly_all_different_colours_of_that_palette():
    codes = {int(code) for code in lookup("256", "normal")}
    shown = {colour(code).downgrade(ColorSystem.EIGHT_BIT).number for code in codes}
    assert len(shown) >= 0.95 * len(codes)
