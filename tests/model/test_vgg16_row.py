"""What a row is and what it is named by, whoever computes it."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from engine.model.vgg16 import PARTS, ROW, Arithmetic, cells, row_digest, shown


def test_uneven_cells_cover_a_map_once_row_by_row() -> None:
    found = cells(10, 10)
    edges = [(0, 2), (2, 5), (5, 7), (7, 10)]
    assert found == [(slice(*row), slice(*column)) for row in edges for column in edges]


def test_a_row_has_a_value_a_cell_and_channel_of_both_layers() -> None:
    assert PARTS == (8192, 4096)
    assert ROW == 12288


def test_each_arithmetic_and_weights_have_a_digest_of_their_own() -> None:
    digests = {row_digest(w, a) for w in ("one", "other") for a in get_args(Arithmetic)}
    assert len(digests) == 6


@pytest.mark.parametrize(
    "former", ["adb7ba9b2d3a853a", "9aeb1e2ecfa0a1cd", "143a0ed6f48e5dba", "02edd80c3abf4529"]
)
def test_rows_of_earlier_recipes_are_named_otherwise_and_never_mix_in(former: str) -> None:
    packaged = "47b7d69f0267001707dac7233ab1330cffcf32a4001914547f93ef8c2dda81f5"
    assert not any(row_digest(packaged, a).startswith(former) for a in get_args(Arithmetic))


def test_vgg16_is_shown_the_crop_smaller_with_its_edges_where_they_were() -> None:
    crop = np.zeros((1, 160, 160, 3), np.uint8)
    crop[:, :, :80] = (10, 120, 250)
    small = shown(crop)
    assert (small.shape, small.dtype) == ((1, 128, 128, 3), np.uint8)
    assert (small[:, :, :64] == (10, 120, 250)).all()
    assert (small[:, :, 64:] == 0).all()


def test_digests_hold_from_version_to_version() -> None:
    packaged = "47b7d69f0267001707dac7233ab1330cffcf32a4001914547f93ef8c2dda81f5"
    assert row_digest(packaged, "float32").startswith("7b3c03667d7d0f1a")
    assert row_digest(packaged, "bfloat16").startswith("fafa49fb59a76bd6")


def test_it_is_known_without_loading_a_runtime() -> None:
    code = (
        "import sys, engine.model.vgg16, engine.model.backbones; "
        "assert not {'tensorflow', 'keras', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
