"""A matrix in steps multiplies as the float32 matrix that it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.vectors import STEP_BLOCK
from fit.space_file import stepped


def drawn(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32)


@pytest.mark.parametrize("length", [1, STEP_BLOCK, 2 * STEP_BLOCK + 7])
def test_a_product_is_that_of_the_whole_matrix(length: int) -> None:
    matrix, rows = stepped(drawn(length, 5)), drawn(3, length)
    found = rows @ matrix
    right = rows @ np.asarray(matrix)
    assert found.dtype == np.float32
    assert np.abs(found - right).max() < 1e-5 * np.abs(right).max()


def test_no_row_gives_no_product() -> None:
    assert (np.empty((0, 9), np.float32) @ stepped(drawn(9, 4))).shape == (0, 4)


def test_each_value_is_right_to_half_a_step_of_its_column() -> None:
    matrix = drawn(200, 6) * np.float32([1e-6, 1, 1, 1, 1, 1e6])
    off = np.abs(np.asarray(stepped(matrix)) - matrix).max(0)
    assert (off <= 0.501 * np.abs(matrix).max(0) / 127).all()


def test_steps_of_steps_are_the_same_steps() -> None:
    once = stepped(drawn(20, 3))
    assert stepped(once) is once
    assert np.array_equal(stepped(np.asarray(once)).steps, once.steps)


def test_a_column_of_zeros_stays_zero() -> None:
    assert not np.asarray(stepped(np.zeros((4, 2), np.float32))).any()


def test_it_takes_a_quarter_of_the_memory() -> None:
    matrix = drawn(1000, 10)
    assert stepped(matrix).steps.nbytes * 4 == matrix.nbytes
