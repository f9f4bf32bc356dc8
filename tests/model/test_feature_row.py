"""What a row is and what it is named by, whoever computes it."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

from engine.model.feature_row import PARTS, ROW, Arithmetic, cells, row_digest


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


def test_rows_of_crop_and_mirror_image_are_named_otherwise_and_never_mix_in() -> None:
    packaged = "47b7d69f0267001707dac7233ab1330cffcf32a4001914547f93ef8c2dda81f5"
    assert not row_digest(packaged, "float32").startswith("adb7ba9b2d3a853a")
    assert not row_digest(packaged, "bfloat16").startswith("9aeb1e2ecfa0a1cd")


def test_digests_hold_from_version_to_version() -> None:
    packaged = "47b7d69f0267001707dac7233ab1330cffcf32a4001914547f93ef8c2dda81f5"
    assert row_digest(packaged, "float32").startswith("143a0ed6f48e5dba")
    assert row_digest(packaged, "bfloat16").startswith("02edd80c3abf4529")


def test_it_is_known_without_loading_a_runtime() -> None:
    code = (
        "import sys, engine.model.feature_row, engine.model.runtime; "
        "assert not {'tensorflow', 'keras', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
