from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt, NoModel, Remedy
from engine.model.arrays import pack
from engine.model.record import ModelDraft
from engine.model.store import MOST_BEFORE, ModelStore, distinct
from engine.workspace.files import TEMPORARY, write_bytes
from engine.workspace.folder import Workspace

PEOPLE = (("ada", "Ada Lovelace", "r1"), ("grace", "Grace Hopper", "r2"))


def draft(seed: int = 0, **changes: Any) -> ModelDraft:
    centres = np.random.default_rng(seed).normal(size=(2, 8)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    values: dict[str, Any] = {
        "recipe": "head",
        "people": PEOPLE,
        "centres": centres,
        "metrics": {"val_accuracy": 1.0},
        "epochs": 7,
        "best_epoch": 4,
        "threshold": 0.25,
        "calibration": {"fpir": 0.01},
        "details": {"split": {"seed": 1, "mode": "blocks"}},
    }
    return ModelDraft(**{**values, **changes})


@pytest.fixture
def store(workspace: Workspace) -> ModelStore:
    return ModelStore(workspace)


def in_use(store: ModelStore, count: int) -> list[str]:
    """So many models, each promoted after the one before; their ids, oldest first."""
    return [store.promote(store.save(draft(seed)).id).id for seed in range(count)]


def damage(workspace: Workspace, model: str, name: str = "head.npz") -> None:
    file = workspace.models / model / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_a_model_comes_back_as_it_was_saved(store: ModelStore) -> None:
    given = draft(arrays={"dense_kernel": np.ones((3, 2), np.float16)}, recipe="classic")
    saved = store.save(given)
    store.promote(saved.id)
    found = store.load()
    np.testing.assert_array_equal(found.centres, given.centres)
    np.testing.assert_array_equal(found.arrays["dense_kernel"], given.arrays["dense_kernel"])
    assert found.labels == PEOPLE
    info = found.info
    assert (info.recipe, info.epochs, info.best_epoch, info.threshold) == ("classic", 7, 4, 0.25)
    assert info.metrics == {"val_accuracy": 1.0}
    assert info.calibration == {"fpir": 0.01}
    assert info.details["split"]["mode"] == "blocks"
    assert info.current
    assert datetime.fromisoformat(info.created).tzinfo == UTC


def test_saving_does_not_promote(store: ModelStore) -> None:
    (first,) = in_use(store, 1)
    second = store.save(draft(1))
    assert store.current_id() == first
    assert not second.current
    assert second.previous == first


def test_without_a_model_loading_says_what_to_do(store: ModelStore) -> None:
    with pytest.raises(NoModel) as caught:
        store.load()
    assert "train" in caught.value.hint
    assert store.list() == ()


@pytest.mark.parametrize("model", ["../../etc", "20260101T000000000Z-head-0000", ""])
def test_an_id_that_does_not_exist_is_refused(store: ModelStore, model: str) -> None:
    with pytest.raises(NoModel):
        store.load(model)


def test_ids_sort_by_time_even_if_the_clock_stands_still_or_goes_back(
    workspace: Workspace,
) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 999_000, UTC)
    times = iter([moment, moment, moment - timedelta(hours=1)])
    store = ModelStore(workspace, now=lambda: next(times))
    ids = [store.save(draft()).id for _ in range(3)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3
    assert ids[0].startswith("20260102T030405999Z-head-")
    assert [info.id for info in store.list()] == ids[::-1]


def test_the_digests_are_those_that_sha256sum_checks(
    store: ModelStore, workspace: Workspace
) -> None:
    folder = workspace.models / store.save(draft()).id
    done = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {line.split(":")[0] for line in done.stdout.splitlines()} == {
        "head.npz",
        "labels.json",
        "model.json",
    }


@pytest.mark.parametrize("name", ["head.npz", "labels.json", "model.json"])
def test_one_flipped_bit_is_noticed(store: ModelStore, workspace: Workspace, name: str) -> None:
    _older, newer = in_use(store, 2)
    damage(workspace, newer, name)
    with pytest.raises(ModelCorrupt) as caught:
        store.load()
    assert name in caught.value.message
    assert caught.value.hint == Remedy.ROLLBACK
    assert not store.intact(newer)


@pytest.mark.parametrize("name", ["head.npz", "labels.json", "model.json", "SHA256SUMS"])
def test_a_missing_file_is_noticed(store: ModelStore, workspace: Workspace, name: str) -> None:
    (model,) = in_use(store, 1)
    (workspace.models / model / name).unlink()
    with pytest.raises(ModelCorrupt) as caught:
        store.load()
    assert name in caught.value.message
    assert "Train again" in caught.value.hint


def rewrite(folder: Path, head: bytes) -> None:
    """Put other arrays into a model, with a digest that fits: what a careless tool would do."""
    import hashlib

    lines = (folder / "SHA256SUMS").read_text().splitlines()
    lines = [line for line in lines if not line.endswith("head.npz")]
    lines.insert(0, f"{hashlib.sha256(head).hexdigest()}  head.npz")
    (folder / "head.npz").write_bytes(head)
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "centres",
    [
        np.ones((2, 8), np.float32),
        np.full((2, 8), np.nan, np.float32),
        np.eye(3, 8, dtype=np.float32),
        np.eye(2, 8),
    ],
)
def test_arrays_that_do_not_fit_are_refused_even_with_a_fitting_digest(
    store: ModelStore, workspace: Workspace, centres: Any
) -> None:
    (model,) = in_use(store, 1)
    rewrite(workspace.models / model, pack({"centres": centres}))
    with pytest.raises(ModelCorrupt):
        store.load()


def test_pickled_arrays_are_refused(store: ModelStore, workspace: Workspace) -> None:
    (model,) = in_use(store, 1)
    file = workspace.models / model / "evil.npz"
    np.savez(file, centres=np.array([{}], dtype=object))
    rewrite(workspace.models / model, file.read_bytes())
    with pytest.raises(ModelCorrupt):
        store.load()


def test_a_damaged_model_is_listed_as_such(store: ModelStore, workspace: Workspace) -> None:
    older, newer = in_use(store, 2)
    (workspace.models / newer / "model.json").write_text("{")
    listed = store.list()
    assert [(info.id, bool(info.damaged)) for info in listed] == [(newer, True), (older, False)]
    assert listed[0].current


def test_a_damaged_model_is_not_promoted(store: ModelStore, workspace: Workspace) -> None:
    (first,) = in_use(store, 1)
    second = store.save(draft(1)).id
    damage(workspace, second)
    with pytest.raises(ModelCorrupt):
        store.promote(second)
    assert store.current_id() == first


def test_repeated_rollbacks_walk_back_until_none_is_left(store: ModelStore) -> None:
    first, second, third = in_use(store, 3)
    assert store.load().info.id == third
    assert store.rollback().id == second
    assert store.rollback().id == first
    with pytest.raises(NoModel):
        store.rollback()
    assert store.load().info.id == first


def test_rollback_passes_over_a_damaged_model(store: ModelStore, workspace: Workspace) -> None:
    first, second, _third = in_use(store, 3)
    damage(workspace, second)
    assert store.rollback().id == first


def test_rollback_works_from_a_current_model_that_is_gone_or_unreadable(
    store: ModelStore, workspace: Workspace
) -> None:
    first, second, third = in_use(store, 3)
    for path in sorted((workspace.models / third).iterdir()):
        path.unlink()
    with pytest.raises(ModelCorrupt) as caught:
        store.load()
    assert caught.value.hint == Remedy.ROLLBACK
    assert store.rollback().id == second
    (workspace.models / second / "model.json").write_text("{")
    assert store.rollback().id == first


def test_rollback_does_not_return_to_a_model_that_was_rolled_back_from(store: ModelStore) -> None:
    good, _bad = in_use(store, 2)
    store.rollback()
    newest = store.promote(store.save(draft(7)).id).id
    assert store.current_id() == newest
    assert store.rollback().id == good


ASIDE = {"gate": {"promote": False, "sentence": "Worse."}}


def test_rollback_returns_to_what_was_in_use_not_to_what_was_there_at_training(
    store: ModelStore,
) -> None:
    oldest, in_use_now = in_use(store, 2)
    aside = [store.save(draft(seed, details=ASIDE)).id for seed in (2, 3)]
    for model in (aside[1], oldest, aside[0]):
        store.promote(model)
    steps = [store.rollback().id for _ in range(4)]
    assert steps == [oldest, aside[1], in_use_now, oldest]
    with pytest.raises(NoModel, match="no intact one was in use before"):
        store.rollback()
    assert store.current_id() == oldest


def test_what_is_in_use_already_is_not_noted_as_in_use_before(store: ModelStore) -> None:
    older, newer = in_use(store, 2)
    store.promote(newer)
    assert store.rollback().id == older


def test_rollback_passes_over_a_model_that_was_deleted(
    store: ModelStore, workspace: Workspace
) -> None:
    first, second, third = in_use(store, 3)
    store.promote(first)
    shutil.rmtree(workspace.models / third)
    assert store.rollback().id == second


def test_rollback_gives_no_model_that_was_kept_aside_and_never_used(store: ModelStore) -> None:
    store.save(draft(1, details=ASIDE))
    (used,) = in_use(store, 1)
    with pytest.raises(NoModel):
        store.rollback()
    assert store.current_id() == used


def test_a_damaged_model_is_not_stood_in_for_by_one_kept_aside(
    store: ModelStore, workspace: Workspace
) -> None:
    store.save(draft(1, details=ASIDE))
    (used,) = in_use(store, 1)
    damage(workspace, used)
    with pytest.raises(ModelCorrupt):
        store.load_or_previous()


def test_after_the_model_in_use_was_put_away_rollback_returns_to_the_one_before_it(
    store: ModelStore,
) -> None:
    older, _newer = in_use(store, 2)
    store.put_away()
    assert store.current_id() is None
    with pytest.raises(NoModel):
        store.load()
    assert store.rollback().id == older


def test_a_workspace_of_before_has_one_id_in_current_and_its_models_say_the_rest(
    store: ModelStore, workspace: Workspace
) -> None:
    first, second, third = in_use(store, 3)
    (workspace.models / "current").write_text(f"{third}\n")
    store.promote(first)
    assert [store.rollback().id for _ in range(3)] == [third, second, first]


def test_only_so_many_models_before_are_noted(store: ModelStore, workspace: Workspace) -> None:
    one, other = in_use(store, 2)
    for _ in range(MOST_BEFORE):
        store.promote(one)
        store.promote(other)
    assert len((workspace.models / "current").read_text().splitlines()) == 1 + MOST_BEFORE
    assert store.rollback().id == one


def test_the_hint_for_a_damaged_model_that_is_not_in_use_is_not_to_roll_back(
    store: ModelStore, workspace: Workspace
) -> None:
    in_use(store, 2)
    other = store.save(draft(5)).id
    damage(workspace, other)
    with pytest.raises(ModelCorrupt) as caught:
        store.load(other)
    assert "rollback" not in caught.value.hint
    assert "model list" in caught.value.hint


def test_a_model_is_named_by_as_much_of_its_id_as_tells_it_from_the_others(
    workspace: Workspace,
) -> None:
    seconds = iter([5, 59])
    store = ModelStore(workspace, now=lambda: datetime(2026, 1, 2, 3, 4, next(seconds), tzinfo=UTC))
    older, newer = [store.save(draft(seed)).id for seed in (0, 1)]
    assert distinct([older, newer]) == len("20260102T03040")
    assert store.named("20260102T03045") == newer
    assert store.named(older) == older
    assert store.promote("20260102T03040").id == older
    assert store.load("20260102T03045").info.id == newer
    with pytest.raises(NoModel, match="more than one") as caught:
        store.named("20260102T0304")
    assert older in caught.value.message
    assert newer in caught.value.message
    for nobody in ("", "2027", "*"):
        with pytest.raises(NoModel, match="no such"):
            store.named(nobody)


@pytest.mark.parametrize(
    ("ids", "length"),
    [
        ([], 0),
        (["20260102T030405000Z-head-aaaa"], 13),
        (["20260102T030405000Z-head-aaaa", "20260102T030405001Z-head-aaaa"], 18),
        (["20260102T030405000Z-head-aaaa", "20260102T030505000Z-head-aaaa"], 13),
    ],
)
def test_no_more_of_an_id_is_shown_than_is_needed(ids: list[str], length: int) -> None:
    assert distinct(ids) == length


def test_a_failed_save_leaves_nothing_behind(
    store: ModelStore, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = in_use(store, 1)

    def fails(path: Path, data: bytes) -> None:
        if path.name == "SHA256SUMS":
            raise OSError(28, "No space left on device")
        write_bytes(path, data)

    monkeypatch.setattr("engine.model.store.write_bytes", fails)
    with pytest.raises(OSError, match="No space"):
        store.save(draft(1))
    assert [info.id for info in store.list()] == [first]
    assert not list(workspace.models.glob(f"{TEMPORARY}*"))
    assert store.load().info.id == first


@pytest.mark.parametrize(
    "changes",
    [
        {"centres": np.ones((2, 8), np.float32)},
        {"centres": np.eye(2, 8)},
        {"people": PEOPLE[:1]},
        {"people": (), "centres": np.zeros((0, 8), np.float32)},
        {"recipe": "../head"},
        {"arrays": {"centres": np.zeros(1)}},
    ],
)
def test_a_draft_that_does_not_fit_itself_is_refused(
    store: ModelStore, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"centres|recipe|person"):
        store.save(draft(**changes))
    assert store.list() == ()


def test_beyond_those_kept_are_neither_the_current_nor_its_fallback(store: ModelStore) -> None:
    ids = in_use(store, 5)
    store.rollback()
    store.rollback()
    store.rollback()
    assert store.current_id() == ids[1]
    assert store.beyond(keep=2) == (ids[2],)


def test_files_are_private(store: ModelStore, workspace: Workspace) -> None:
    (model,) = in_use(store, 1)
    folder = workspace.models / model
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in (*folder.iterdir(), workspace.models / "current"):
        assert file.stat().st_mode & 0o777 == 0o600


def test_listing_models_imports_no_numpy(store: ModelStore, workspace: Workspace) -> None:
    (model,) = in_use(store, 1)
    code = (
        "import sys, pathlib\n"
        "from engine.model.store import ModelStore\n"
        "from engine.workspace.folder import Workspace\n"
        f"listed = ModelStore(Workspace(pathlib.Path({str(workspace.root)!r}))).list()\n"
        "print(listed[0].id, sorted({'numpy', 'keras', 'tensorflow', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout.split() == [model, "[]"]


def test_the_description_is_plain_json(store: ModelStore, workspace: Workspace) -> None:
    folder = workspace.models / store.save(draft()).id
    description = json.loads((folder / "model.json").read_text())
    assert description["arrays"]["centres"] == {"dtype": "<f4", "shape": [2, 8]}
    assert json.loads((folder / "labels.json").read_text())[1] == {
        "id": "grace",
        "name": "Grace Hopper",
        "revision": "r2",
    }


def test_figures_that_are_not_numbers_survive_as_strict_json(
    store: ModelStore, workspace: Workspace
) -> None:
    history = ({"epoch": 1, "val_loss": float("nan")},)
    saved = store.save(draft(metrics={"val_loss": float("nan")}, details={"history": history}))
    text = (workspace.models / saved.id / "model.json").read_text()
    assert "NaN" not in text
    assert np.isnan(saved.metrics["val_loss"])
    assert saved.details["history"] == [{"epoch": 1, "val_loss": None}]
