from __future__ import annotations

import numpy as np
import pytest

from engine.bench.material import Counting, crops_of
from engine.model.face_space import FaceSpace
from engine.model.feature_store import MOST, RecentRows


@pytest.fixture(scope="module")
def space() -> FaceSpace:
    return FaceSpace.load()


def test_a_crop_that_was_seen_lately_is_not_computed_again(space: FaceSpace) -> None:
    network = Counting(space)
    recent = RecentRows()
    crops = crops_of(1, 5)
    first = recent.before(network).extract(crops[:3])
    second = recent.before(network).extract(crops[::-1])
    assert network.crops == 5
    np.testing.assert_array_equal(second[::-1][:3], first)
    np.testing.assert_allclose(second[::-1], network.extract(crops), rtol=1e-5, atol=1e-5)


def test_rows_of_another_network_are_not_taken(space: FaceSpace) -> None:
    one, other = Counting(space), Counting(space)
    other.digest = "another"
    recent = RecentRows()
    for network in (one, other):
        recent.before(network).extract(crops_of(1, 2))
    assert (one.crops, other.crops) == (2, 2)


def test_the_oldest_go(space: FaceSpace) -> None:
    network, recent = Counting(space), RecentRows()
    asked = recent.before(network)
    asked.extract(crops_of(1, MOST + 1))
    asked.extract(crops_of(1, 1))
    assert network.crops == MOST + 2


def test_no_crops_have_no_rows(space: FaceSpace) -> None:
    nothing = np.empty((0, 160, 160, 3), np.uint8)
    assert RecentRows().before(Counting(space)).extract(nothing).shape == (0, len(space.mean))
