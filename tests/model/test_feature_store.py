from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import FeaturesProgress, Notice
from engine.contract.errors import Cancelled
from engine.model.feature_store import FeatureCache
from engine.model.vgg16 import ROW, Extracts
from engine.pictures import Unreadable, encode_png
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace

SLUG, SESSION = "ada", "20260101T000000Z"


class Counting:
    """An extractor that is cheap and remembers how many crops it was given."""

    digest = "d" * 64
    length = ROW

    def __init__(self) -> None:
        self.seen = 0

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.seen += len(crops)
        means = crops.reshape(len(crops), -1).mean(1).astype(np.float32)
        return np.repeat(means[:, None], ROW, axis=1)


def fill(workspace: Workspace, count: int, start: int = 1) -> list[str]:
    """Crops on disk, each of another grey; their names."""
    names = [f"{number:04d}.png" for number in range(start, start + count)]
    for number, name in enumerate(names, start):
        crop = np.full((160, 160, 3), number, np.uint8)
        write_bytes(workspace.people / SLUG / SESSION / name, encode_png(crop))
    return names


def cache_file(workspace: Workspace) -> Path:
    (file,) = workspace.features.rglob("*.npz")
    return file


@pytest.fixture
def cache(workspace: Workspace) -> FeatureCache:
    return FeatureCache(workspace, Counting.digest)


def test_no_crop_goes_through_twice(workspace: Workspace, cache: FeatureCache) -> None:
    names, extractor = fill(workspace, 20), Counting()
    first = cache.rows(SLUG, SESSION, names, extractor)
    again = FeatureCache(workspace, Counting.digest).rows(SLUG, SESSION, names[::-1], extractor)
    assert extractor.seen == 20
    np.testing.assert_array_equal(first, again[::-1])
    assert first[:, 0].tolist() == list(range(1, 21))


def test_only_what_is_missing_is_computed(workspace: Workspace, cache: FeatureCache) -> None:
    extractor = Counting()
    cache.rows(SLUG, SESSION, fill(workspace, 3), extractor)
    events: list[FeaturesProgress | Notice] = []
    names = [*fill(workspace, 2, start=4), "0001.png"]
    rows = cache.rows(SLUG, SESSION, names, extractor, events.append)
    assert extractor.seen == 5
    assert rows[:, 0].tolist() == [4, 5, 1]
    assert events[0] == FeaturesProgress(done=1, total=3, cached=1)
    assert events[-1] == FeaturesProgress(done=3, total=3, cached=1)


def test_a_picture_with_other_contents_is_computed_again(
    workspace: Workspace, cache: FeatureCache
) -> None:
    extractor, names = Counting(), fill(workspace, 2)
    cache.rows(SLUG, SESSION, names, extractor)
    crop = np.full((160, 160, 3), 99, np.uint8)
    write_bytes(workspace.people / SLUG / SESSION / names[0], encode_png(crop))
    assert cache.rows(SLUG, SESSION, names, extractor)[:, 0].tolist() == [99, 2]
    assert extractor.seen == 3


def test_rows_of_removed_pictures_are_dropped(workspace: Workspace, cache: FeatureCache) -> None:
    names = fill(workspace, 3)
    cache.rows(SLUG, SESSION, names[:2], Counting())
    (workspace.people / SLUG / SESSION / names[0]).unlink()
    cache.rows(SLUG, SESSION, names[1:], Counting())
    with np.load(cache_file(workspace), allow_pickle=False) as arrays:
        assert arrays["files"].tolist() == names[1:]
        assert arrays["rows"].shape == (2, ROW)


@pytest.mark.parametrize("damage", ["empty", "truncated", "other", "pickled"])
def test_a_damaged_cache_is_said_and_made_anew(
    workspace: Workspace, cache: FeatureCache, damage: str
) -> None:
    names, extractor = fill(workspace, 3), Counting()
    right = cache.rows(SLUG, SESSION, names, extractor)
    file = cache_file(workspace)
    data = file.read_bytes()
    if damage == "other":
        np.savez(file, files=np.array(names), rows=np.zeros((3, 2)))
    elif damage == "pickled":
        objects = np.array([{}], dtype=object)
        np.savez(file, files=objects, marks=objects, rows=objects)
    else:
        file.write_bytes(b"" if damage == "empty" else data[: len(data) // 2])
    events: list[FeaturesProgress | Notice] = []
    found = cache.rows(SLUG, SESSION, names, extractor, events.append)
    np.testing.assert_array_equal(found, right)
    notices = [event for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert notices[0].level == "warning"
    assert file.name in notices[0].text
    events.clear()
    cache.rows(SLUG, SESSION, names, extractor, events.append)
    assert extractor.seen == 6
    assert not any(isinstance(event, Notice) for event in events)


def test_a_cancel_keeps_the_rows_that_are_ready(workspace: Workspace, cache: FeatureCache) -> None:
    names, extractor, cancel = fill(workspace, 40), Counting(), Cancel()

    def on_progress(event: FeaturesProgress | Notice) -> None:
        if isinstance(event, FeaturesProgress) and event.done >= 16:
            cancel.cancel()

    with pytest.raises(Cancelled):
        cache.rows(SLUG, SESSION, names, extractor, on_progress, cancel=cancel)
    assert extractor.seen == 16
    cache.rows(SLUG, SESSION, names, extractor)
    assert extractor.seen == 40


def test_views_are_cached_apart_by_number_and_seed(
    workspace: Workspace, cache: FeatureCache
) -> None:
    names, extractor = fill(workspace, 2), Counting()
    plain = cache.rows(SLUG, SESSION, names, extractor)
    for view, seed in ((1, 1), (2, 1), (1, 2)):
        rows = cache.rows(SLUG, SESSION, names, extractor, view=view, seed=seed)
        assert not np.array_equal(rows, plain)
    assert extractor.seen == 8
    cache.rows(SLUG, SESSION, names, extractor, view=1, seed=2)
    assert extractor.seen == 8


def test_a_broken_crop_is_named_and_the_others_are_kept(
    workspace: Workspace, cache: FeatureCache
) -> None:
    names, extractor = fill(workspace, 17), Counting()
    (workspace.people / SLUG / SESSION / names[16]).write_bytes(b"no picture")
    with pytest.raises(Unreadable, match=names[16]):
        cache.rows(SLUG, SESSION, names, extractor)
    cache.rows(SLUG, SESSION, names[:16], extractor)
    assert extractor.seen == 16


def test_no_files_give_no_rows(cache: FeatureCache) -> None:
    assert cache.rows(SLUG, SESSION, [], Counting()).shape == (0, ROW)


def test_float16_costs_less_than_a_thousandth(
    workspace: Workspace, cache: FeatureCache, extractor: Extracts
) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    write_bytes(workspace.people / SLUG / SESSION / "0001.png", encode_png(crop))
    exact = extractor.extract(crop[None])
    kept = cache.rows(SLUG, SESSION, ["0001.png"], extractor)
    assert kept.dtype == np.float32
    assert np.linalg.norm(kept - exact) < 0.001 * np.linalg.norm(exact)
    assert cache_file(workspace).stat().st_mode & 0o777 == 0o600
