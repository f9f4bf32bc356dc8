"""Fitting, saving and loading a face space, on made-up people and on the packaged file."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt
from engine.evaluate.figures import Trial
from engine.model import face_space
from engine.model.arrays import pack, unpack
from engine.model.face_space import PACKAGED, FaceSpace
from engine.model.vectors import (
    ImpostorCurve,
    class_centres,
    class_means,
    cohort_scores,
    normalised,
    unit,
)
from engine.model.vgg16 import PARTS, ROW
from fit.space_file import save
from fit.spaces import (
    FitOptions,
    _principal_components,
    fit_projection,
    fit_space,
    fold_of_people,
    held_out_folds,
    mixed_cohort,
)

OPTIONS = FitOptions(components=60, dims=40, cohort=80, many=4, folds=3)
LENGTH = 256


def made_up_people(people: int, pictures: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features in which a person's own pattern is drowned by shared variation."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), pictures)
    world = np.random.default_rng(99)
    own = random.normal(size=(people, 30)) @ world.normal(size=(30, LENGTH))
    nuisance = world.normal(size=(20, LENGTH))
    features = own[labels] + 2 * random.normal(size=(len(labels), 20)) @ nuisance
    features += random.normal(size=features.shape)
    return features.astype(np.float32), labels


@pytest.fixture(scope="module")
def background() -> tuple[np.ndarray, np.ndarray]:
    return made_up_people(60, 5)


@pytest.fixture(scope="module")
def space(background: tuple[np.ndarray, np.ndarray]) -> FaceSpace:
    return fit_space(*background, OPTIONS, {"data": "made up"})


def test_embeddings_have_the_asked_dimensions_and_unit_length(
    space: FaceSpace, background: tuple[np.ndarray, np.ndarray]
) -> None:
    embeddings = space.embed(background[0])
    assert embeddings.shape == (300, 40)
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(300), abs=1e-5)


def test_unseen_people_are_told_apart_better_than_by_their_features(space: FaceSpace) -> None:
    features, labels = made_up_people(30, 8, seed=5)
    enrols = np.tile(np.arange(8) < 4, 30)

    def rank1(rows: np.ndarray) -> float:
        centres = class_centres(rows[enrols], labels[enrols], 30)
        scores = cohort_scores(unit(rows[~enrols]), centres, centres)
        return Trial(scores, labels[~enrols], scores).rank1()

    plain = rank1(unit(features - features.mean(0)))
    assert rank1(space.embed(features)) > plain + 0.15


def test_the_fit_is_the_same_every_time(
    space: FaceSpace, background: tuple[np.ndarray, np.ndarray]
) -> None:
    again = fit_space(*background, OPTIONS)
    assert np.array_equal(again.projection, space.projection)
    assert np.array_equal(again.cohort, space.cohort)
    assert np.array_equal(again.impostors.scores, space.impostors.scores)


def test_within_person_scatter_is_white_without_shrinkage() -> None:
    features, labels = made_up_people(80, 6)
    options = replace(OPTIONS, shrinkage=0.0)
    mean, projection, offset = fit_projection(features, labels, options)
    projected = (normalised(features, mean, True) @ projection - offset).astype(np.float64)
    residual = projected - class_means(projected, labels, 80)[labels]
    scatter = residual.T @ residual
    scatter /= np.trace(scatter) / len(scatter)
    assert np.abs(scatter - np.eye(len(scatter))).max() < 0.01


@pytest.mark.parametrize("pictures", [200, 480])
def test_principal_directions_are_those_of_the_singular_value_decomposition(pictures: int) -> None:
    # Fewer pictures than features, as VGG16 has, and more, as resnet has.
    rows = made_up_people(80, 6)[0][:pictures]
    rows -= rows.mean(0)
    found = _principal_components(rows, 40)
    exact = np.linalg.svd(rows.astype(np.float64), full_matrices=False)[2][:40].T
    assert np.abs(found.T @ found - np.eye(40)).max() < 1e-3
    assert np.abs((found * exact).sum(0))[:30].min() > 0.99
    kept = (rows @ found).var(0).sum() / (rows @ exact).var(0).sum()
    assert kept > 0.999


def test_directions_come_in_the_order_of_what_they_tell_apart() -> None:
    features, labels = made_up_people(80, 6)
    mean, projection, offset = fit_projection(features, labels, OPTIONS)
    means = class_means(normalised(features, mean, True) @ projection - offset, labels, 80)
    spread = means.var(0)
    assert spread[:10].mean() > 1.2 * spread[-10:].mean()


def test_a_softer_space_gives_weak_directions_less_weight() -> None:
    features, labels = made_up_people(80, 6)
    _, hard, _ = fit_projection(features, labels, OPTIONS)
    _, soft, _ = fit_projection(features, labels, replace(OPTIONS, softness=1.0))
    ratio = np.linalg.norm(soft, axis=0) / np.linalg.norm(hard, axis=0)
    assert ratio[0] > ratio[-1]


def test_every_cohort_vector_mixes_five_people_and_is_nobodys_template(
    space: FaceSpace, background: tuple[np.ndarray, np.ndarray]
) -> None:
    features, labels = background
    centres = class_centres(space.embed(features), labels, 60)
    own = np.sort(space.cohort @ centres.T, axis=1)[:, ::-1]
    # A template of one person would have a cosine near 1 with her and near 0 with the rest.
    assert own[:, 0].max() < 0.99
    assert (own[:, 1] > 0.1).mean() > 0.9
    assert np.linalg.norm(space.cohort, axis=1) == pytest.approx(np.ones(80), abs=1e-5)


def test_the_cohort_of_people_apart_shows_how_many_are_mixed() -> None:
    # With every person on an axis of her own the shares of a mixture can be read off.
    people = np.arange(40)
    rows = np.eye(40, dtype=np.float32) * 40
    cohort = mixed_cohort(rows, people, replace(OPTIONS, cohort=50))
    shares = (cohort - np.median(cohort, axis=1, keepdims=True)) > 1e-4
    assert (shares.sum(1) <= 5).all()
    assert (shares.sum(1) >= 3).mean() > 0.9


def test_folds_part_people_and_are_equally_large() -> None:
    fold = fold_of_people(23, 5, 0)
    assert sorted(np.bincount(fold)) == [4, 4, 5, 5, 5]


def test_each_person_is_held_out_once_by_a_space_fitted_without_her(
    background: tuple[np.ndarray, np.ndarray],
) -> None:
    features, labels = background
    seen: list[int] = []
    for fold in held_out_folds(features, labels, OPTIONS):
        seen.extend(np.unique(fold.people).tolist())
        others = ~np.isin(labels, fold.people)
        assert fold.space.mean == pytest.approx(features[others].mean(0), abs=1e-4)
    assert sorted(seen) == list(range(60))


def test_a_threshold_from_the_curve_holds_for_people_never_seen(space: FaceSpace) -> None:
    features, labels = made_up_people(200, 4, seed=11)
    embeddings = space.embed(features)
    enrolled = labels < 20
    centres = class_centres(embeddings[enrolled], labels[enrolled], 20)
    strangers = cohort_scores(embeddings[~enrolled], centres, space.cohort).max(1)
    threshold = space.impostors.threshold(1 - 0.95 ** (1 / 20))
    assert 0.01 < (strangers > threshold).mean() < 0.12


def test_features_of_another_length_are_refused(space: FaceSpace) -> None:
    with pytest.raises(ValueError, match="features"):
        space.embed(np.zeros((2, LENGTH + 1), np.float32))


# --- files --------------------------------------------------------------------------------------


@pytest.fixture
def saved(space: FaceSpace, tmp_path: Path) -> Path:
    path = tmp_path / "space.npz"
    save(space, path)
    return path


def test_a_saved_space_embeds_alike(
    space: FaceSpace, saved: Path, background: tuple[np.ndarray, np.ndarray]
) -> None:
    loaded = FaceSpace.load(saved)
    cosines = (loaded.embed(background[0]) * space.embed(background[0])).sum(1)
    assert cosines.min() > 0.9999
    assert (loaded.cohort * space.cohort).sum(1).min() > 0.9999
    assert loaded.impostors.threshold(1e-3) == space.impostors.threshold(1e-3)
    assert loaded.provenance["people"] == 60
    assert loaded.embed(background[0]).dtype == loaded.cohort.dtype == np.float32


def test_saving_twice_gives_the_same_bytes(space: FaceSpace, saved: Path, tmp_path: Path) -> None:
    assert save(space, tmp_path / "again.npz") == FaceSpace.load(saved).digest


def test_a_space_without_the_signed_root_embeds_alike_after_loading(
    background: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    plain = fit_space(*background, replace(OPTIONS, rooted=False))
    save(plain, tmp_path / "plain.npz")
    loaded = FaceSpace.load(tmp_path / "plain.npz")
    assert not loaded.rooted
    assert (loaded.embed(background[0]) * plain.embed(background[0])).sum(1).min() > 0.9999


def test_without_the_signed_root_a_feature_counts_by_its_size(
    background: tuple[np.ndarray, np.ndarray],
) -> None:
    curve = ImpostorCurve(np.array([1.0, 0.1]), np.array([0.0, 0.5]))
    plain = fit_space(*background, replace(OPTIONS, rooted=False), curve=curve)
    features = background[0][:1]
    by_hand = unit(features - plain.mean) @ plain.projection - plain.offset
    assert plain.embed(features) == pytest.approx(unit(by_hand), abs=1e-6)


@pytest.mark.parametrize("place", [0.001, 0.3, 0.7, 0.999])
def test_a_flipped_byte_anywhere_is_noticed(saved: Path, place: float) -> None:
    data = bytearray(saved.read_bytes())
    data[int(len(data) * place)] ^= 1
    saved.write_bytes(data)
    with pytest.raises(ModelCorrupt, match="SHA-256"):
        FaceSpace.load(saved)


def test_a_truncated_file_is_noticed(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(ModelCorrupt):
        FaceSpace.load(saved)


@pytest.mark.parametrize("missing", ["space.npz", "space.npz.sha256"])
def test_a_missing_file_is_a_typed_error(saved: Path, missing: str) -> None:
    (saved.parent / missing).unlink()
    with pytest.raises(ModelCorrupt):
        FaceSpace.load(saved)


def rewrite(path: Path, **changes: np.ndarray | None) -> None:
    """Change arrays of a saved space and record the new digest, as a careless author would."""
    import hashlib

    arrays = {**unpack(path.read_bytes(), "test"), **changes}
    data = pack({name: array for name, array in arrays.items() if array is not None})
    path.write_bytes(data)
    path.with_name(path.name + ".sha256").write_text(hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    "changes",
    [
        {"cohort": None},
        {"mean": np.zeros(3, np.float32)},
        {"offset": np.zeros(7, np.float32)},
        {"cohort": np.ones((4, 7), np.int8)},
        {"cohort": np.ones((0, 40), np.int8)},
        {"cohort": np.ones((4, 40), np.float32)},
        {"projection": np.full((LENGTH, 40), np.nan, np.float16)},
        {"mean": np.zeros(LENGTH, np.int64)},
        {"curve": np.zeros(5)},
        {"provenance": np.array("{not json")},
    ],
)
def test_contents_that_do_not_fit_are_refused(
    saved: Path, changes: dict[str, np.ndarray | None]
) -> None:
    rewrite(saved, **changes)
    with pytest.raises(ModelCorrupt):
        FaceSpace.load(saved)


def test_a_pickle_in_the_file_is_never_opened(saved: Path, tmp_path: Path) -> None:
    import hashlib

    trace = tmp_path / "trace"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (trace,)  # type: ignore[return-value]

    arrays = dict(unpack(saved.read_bytes(), "test"))
    arrays["mean"] = np.array([Bomb()], dtype=object)
    np.savez(saved, **arrays)
    saved.with_name("space.npz.sha256").write_text(hashlib.sha256(saved.read_bytes()).hexdigest())
    with pytest.raises(ModelCorrupt):
        FaceSpace.load(saved)
    assert not trace.exists()


# --- the packaged file --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packaged() -> FaceSpace:
    return FaceSpace.load()


def test_the_packaged_space_loads_verified_and_is_small_enough(packaged: FaceSpace) -> None:
    assert PACKAGED.stat().st_size <= 15_000_000
    assert packaged.projection.shape == (ROW, packaged.dims)
    assert packaged.digest in PACKAGED.with_name("face_space.npz.sha256").read_text()


def test_the_packaged_space_takes_the_signed_root_block_by_block(packaged: FaceSpace) -> None:
    assert packaged.rooted
    assert packaged.parts == PARTS
    assert sum(PARTS) == ROW


def test_a_space_of_parts_embeds_alike_after_loading(
    background: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    length = background[0].shape[1]
    parts = (length // 4, length - length // 4)
    space = fit_space(*background, replace(OPTIONS, parts=parts))
    save(space, tmp_path / "parts.npz")
    loaded = FaceSpace.load(tmp_path / "parts.npz")
    assert loaded.parts == parts
    assert (loaded.embed(background[0]) * space.embed(background[0])).sum(1).min() > 0.9999


def test_the_packaged_space_says_where_it_comes_from(packaged: FaceSpace) -> None:
    facts = packaged.provenance
    assert 1_500 <= facts["people"] <= 1_558
    assert 5_000 <= facts["pictures"] <= 5_462
    assert facts["options"]["mixed"] == 5
    assert facts["impostor_comparisons"] > 100_000


def test_the_packaged_curve_reaches_far_enough_for_a_hundred_people(packaged: FaceSpace) -> None:
    assert packaged.impostors.rates[-1] <= 1.1e-4 / 10
    assert packaged.impostors.rates[0] == 1


def test_the_packaged_cohort_is_spread(packaged: FaceSpace) -> None:
    cosines = packaged.cohort @ packaged.cohort.T
    np.fill_diagonal(cosines, 0)
    assert len(packaged.cohort) >= 500
    assert cosines.max() < 0.99


def test_help_needs_no_tensorflow() -> None:
    code = (
        "import sys; from fit.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert 'tensorflow' not in sys.modules and 'cv2' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fit" in done.stdout


def test_a_missing_folder_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fit",
            "report",
            str(tmp_path / "absent"),
            "--space",
            str(tmp_path / "absent.npz"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert "face space cannot be used" in done.stderr


def test_figures_follow_their_definitions() -> None:
    trial = Trial(
        genuine=np.array([[0.9, 0.1], [0.4, 0.2], [0.3, 0.6]]),
        labels=np.array([0, 0, 0]),
        strangers=np.array([[0.1, 0.5], [0.2, 0.1]]),
        lost=1,
    )
    assert trial.probes == 4
    assert trial.rank1() == pytest.approx(2 / 4)
    assert trial.tpir_above(0.45) == pytest.approx(1 / 4)
    assert trial.fpir_above(0.45) == pytest.approx(1 / 2)
    assert trial.threshold_at(0.01) == 0.5


def test_a_given_curve_is_kept(background: tuple[np.ndarray, np.ndarray]) -> None:
    curve = ImpostorCurve(np.array([1.0, 0.1]), np.array([0.0, 0.5]))
    assert fit_space(*background, OPTIONS, curve=curve).impostors is curve


def test_two_threads_that_ask_at_once_have_the_cohort_levelled_once(
    space: FaceSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def slowly(cohort: object) -> object:
        time.sleep(0.05)
        made.append(cohort)
        return cohort

    monkeypatch.setattr(face_space, "levelled_cohort", slowly)
    asked = replace(space)
    threads = [threading.Thread(target=lambda: asked.strangers) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
