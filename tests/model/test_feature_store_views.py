from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.model.feature_store import augment_view, wanted_views


def faces(count: int) -> NDArray[np.uint8]:
    """Smooth pictures, as faces are: a bright blob each, at another place."""
    y, x = np.mgrid[:160, :160]
    blobs = [
        np.exp(-((x - 60 - 8 * i) ** 2 + (y - 80) ** 2) / 1800) * (220, 180, 150)[i % 3]
        for i in range(count)
    ]
    return np.repeat(np.stack(blobs)[..., None], 3, axis=3).astype(np.uint8)


def test_views_are_the_same_every_time_whatever_else_is_asked_for() -> None:
    crops = faces(3)
    first = augment_view(crops[2], 2, 5)
    for crop in crops:
        augment_view(crop, 1, 5)
    assert first.shape == (160, 160, 3)
    np.testing.assert_array_equal(first, augment_view(crops[2], 2, 5))


def test_view_seed_and_crop_each_change_the_picture() -> None:
    crop, other = faces(2)
    view = augment_view(crop, 1, 1)
    assert not np.array_equal(view, crop)
    assert not np.array_equal(view, augment_view(crop, 2, 1))
    assert not np.array_equal(view, augment_view(crop, 1, 2))
    assert not np.array_equal(view, augment_view(other, 1, 1))


def test_a_view_stays_close_to_its_crop() -> None:
    crop = faces(1)[0]
    for view in range(1, 9):
        moved = augment_view(crop, view, 1).astype(float)
        alike = np.corrcoef(moved.ravel(), crop.astype(float).ravel())[0, 1]
        assert alike > 0.9
        assert abs(moved.mean() - crop.mean()) < 60


def test_the_crop_itself_is_not_touched() -> None:
    crops = faces(1)
    before = crops.copy()
    for crop in crops:
        augment_view(crop, 3, 1)
    np.testing.assert_array_equal(crops, before)


def test_a_person_with_few_pictures_gets_all_views_and_one_with_many_gets_none() -> None:
    assert [wanted_views(pictures, 2) for pictures in (1, 10, 29, 30, 59, 60, 100)] == [
        2,
        2,
        2,
        1,
        1,
        0,
        0,
    ]
    assert wanted_views(5, 0) == 0
