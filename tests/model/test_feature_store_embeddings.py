from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bench.material import Counting, crops_of
from engine.contract import FeaturesProgress, Notice
from engine.model.face_space import FaceSpace
from engine.model.feature_store import EmbeddingCache
from engine.model.vectors import cohort_level
from engine.pictures import encode_png
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace

SLUG, SESSION = "ada", "20260101T000000Z"


@pytest.fixture(scope="module")
def space() -> FaceSpace:
    return FaceSpace.load()


@pytest.fixture
def extractor(space: FaceSpace) -> Counting:
    return Counting(space)


def fill(workspace: Workspace, count: int) -> list[str]:
    """So many pictures of one session; their names."""
    names = [f"{number:04d}.png" for number in range(1, count + 1)]
    for name, crop in zip(names, crops_of(1, count), strict=True):
        path = workspace.people / SLUG / SESSION / name
        if not path.exists():
            write_bytes(path, encode_png(crop))
    return names


def test_embeddings_are_of_the_features_and_have_their_levels(
    workspace: Workspace, extractor: Counting, space: FaceSpace
) -> None:
    names = fill(workspace, 3)
    found = EmbeddingCache(workspace, extractor, space).rows(SLUG, SESSION, names)
    features = extractor.extract(crops_of(1, 3)).astype(np.float16)
    np.testing.assert_allclose(found.rows, space.embed(features), atol=1e-5)
    np.testing.assert_allclose(found.levels, cohort_level(found.rows @ space.cohort.T), atol=1e-6)


def test_nothing_is_computed_or_projected_twice(
    workspace: Workspace, extractor: Counting, space: FaceSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = fill(workspace, 3)
    first = EmbeddingCache(workspace, extractor, space).rows(SLUG, SESSION, names)
    monkeypatch.setattr(FaceSpace, "embed", lambda *_: pytest.fail("projected again"))
    again = EmbeddingCache(workspace, extractor, space).rows(SLUG, SESSION, names[::-1])
    assert extractor.crops == 3
    np.testing.assert_array_equal(first.rows, again.rows[::-1])
    np.testing.assert_array_equal(first.levels, again.levels[::-1])


def test_progress_counts_all_pictures_and_those_that_were_there(
    workspace: Workspace, extractor: Counting, space: FaceSpace
) -> None:
    cache = EmbeddingCache(workspace, extractor, space)
    cache.rows(SLUG, SESSION, fill(workspace, 2))
    events: list[FeaturesProgress | Notice] = []
    cache.rows(SLUG, SESSION, fill(workspace, 5), events.append)
    assert events[0] == FeaturesProgress(done=2, total=5, cached=2)
    assert events[-1] == FeaturesProgress(done=5, total=5, cached=2)
    events.clear()
    cache.rows(SLUG, SESSION, fill(workspace, 5), events.append)
    assert events == [FeaturesProgress(done=5, total=5, cached=5)]


def test_another_space_projects_anew_from_the_kept_features(
    workspace: Workspace, extractor: Counting, space: FaceSpace
) -> None:
    names = fill(workspace, 2)
    EmbeddingCache(workspace, extractor, space).rows(SLUG, SESSION, names)
    other = replace(space, offset=space.offset + 0.01, digest="0" * 64)
    found = EmbeddingCache(workspace, extractor, other).rows(SLUG, SESSION, names)
    assert extractor.crops == 2
    features = extractor.extract(crops_of(1, 2)).astype(np.float16)
    np.testing.assert_allclose(found.rows, other.embed(features), atol=1e-5)


def test_a_space_that_was_just_fitted_keeps_nothing(
    workspace: Workspace, extractor: Counting, space: FaceSpace
) -> None:
    names = fill(workspace, 2)
    EmbeddingCache(workspace, extractor, replace(space, digest="")).rows(SLUG, SESSION, names)
    (file,) = workspace.features.rglob("*.npz")
    assert file.name == f"{SESSION}.npz"


def test_a_reader_writes_nothing(
    workspace: Workspace, extractor: Counting, space: FaceSpace
) -> None:
    names = fill(workspace, 2)
    EmbeddingCache(workspace, extractor, space, keep=False).rows(SLUG, SESSION, names)
    assert not [*workspace.features.rglob("*")]


def test_no_pictures_have_no_rows(
    workspace: Workspace, extractor: Counting, space: FaceSpace
) -> None:
    found = EmbeddingCache(workspace, extractor, space).rows(SLUG, SESSION, [])
    assert (found.rows.shape, found.levels.shape) == ((0, space.dims), (0, 1))
