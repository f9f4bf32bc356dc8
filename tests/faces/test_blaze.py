"""The network itself: its files, its grid, what it is shown, and clusters that become one find."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract.errors import DetectorMissing
from engine.faces import blaze
from engine.faces.blaze import FULL_RANGE, SHORT_RANGE, BlazeFace, Plan, Square, merged, seen

Picture = NDArray[np.uint8]


@pytest.mark.parametrize("plan", [FULL_RANGE, SHORT_RANGE])
def test_damaged_model_is_refused(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray((blaze.FOLDER / plan.file).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / plan.file).write_bytes(data)
    monkeypatch.setattr(blaze, "FOLDER", tmp_path)
    with pytest.raises(DetectorMissing, match="damaged"):
        BlazeFace(plan)


def test_absent_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blaze, "FOLDER", tmp_path)
    with pytest.raises(DetectorMissing, match="cannot be read"):
        BlazeFace(FULL_RANGE)


def test_digest_is_that_of_the_file_that_ships() -> None:
    strange = dataclasses.replace(SHORT_RANGE, digest="0" * 64)
    with pytest.raises(DetectorMissing):
        BlazeFace(strange)


@pytest.mark.parametrize(("plan", "count"), [(FULL_RANGE, 48 * 48), (SHORT_RANGE, 512 + 384)])
def test_anchors_lie_in_the_middles_of_their_cells(plan: Plan, count: int) -> None:
    anchors = plan.anchors()
    assert anchors.shape == (count, 2)
    half = 0.5 / plan.grids[0][0]
    assert anchors[0] == pytest.approx((half, half))
    # Row by row: the second cell lies to the right of the first.
    assert anchors[plan.grids[0][1]] == pytest.approx((3 * half, half))
    assert anchors.mean(0) == pytest.approx((0.5, 0.5), abs=1e-6)


def test_overlapping_finds_become_their_mean_by_score() -> None:
    boxes = np.array([[0.0, 0, 100, 100], [10, 0, 100, 100], [300, 300, 50, 50]])
    points = np.stack([np.full((6, 2), value) for value in (10.0, 20.0, 310.0)])
    one, other = merged(boxes, points, np.array([0.6, 0.9, 0.7]))
    assert one.score == pytest.approx(0.9)
    assert one.box == pytest.approx([6, 0, 100, 100])
    assert one.points[0] == pytest.approx([16, 16])
    assert other.box == pytest.approx([300, 300, 50, 50])


def test_nothing_becomes_nothing() -> None:
    assert merged(np.empty((0, 4)), np.empty((0, 6, 2)), np.empty(0)) == ()


def test_what_is_shown_is_black_beyond_the_picture() -> None:
    picture = np.full((40, 80, 3), 200, np.uint8)
    shown = seen(picture, Square(0, -20, 80), 160)
    assert shown.shape == (160, 160, 3)
    assert shown[80, 80].tolist() == [200, 200, 200]
    assert shown[:38].max() == shown[122:].max() == 0


def test_a_dark_picture_is_brightened_and_a_bright_one_left_alone() -> None:
    square = Square(0, 0, 64)
    assert seen(np.full((64, 64, 3), 20, np.uint8), square, 64).mean() == pytest.approx(70, abs=1)
    assert seen(np.full((64, 64, 3), 2, np.uint8), square, 64).mean() == pytest.approx(16, abs=1)
    assert seen(np.full((64, 64, 3), 90, np.uint8), square, 64).mean() == 90


def test_a_part_outside_the_picture_is_black() -> None:
    assert seen(np.full((64, 64, 3), 90, np.uint8), Square(500, 500, 50), 32).max() == 0


@pytest.mark.parametrize("plan", [FULL_RANGE, SHORT_RANGE])
def test_a_part_is_answered_in_pixels_of_the_whole_picture(plan: Plan, portrait: Picture) -> None:
    model = BlazeFace(plan)
    (find, *_) = model.find(portrait, 0.5, Square(120, 20, 240))
    left, right, nose, mouth = find.points[:4]
    assert left == pytest.approx((202, 101), abs=6)
    assert right == pytest.approx((247, 103), abs=6)
    assert 105 < nose[1] < 140 < mouth[1] < 155
