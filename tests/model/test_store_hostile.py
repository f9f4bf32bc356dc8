"""Models that somebody changed: refused by name, and the one before is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from engine.contract import Event, Notice
from engine.contract.errors import FacedeskError, ModelCorrupt, Remedy, WorkspaceUnusable
from engine.desk import library
from engine.model.arrays import pack
from engine.model.networks import model_in_use
from engine.model.record import ModelDraft
from engine.model.store import ModelStore
from engine.workspace.folder import Workspace

FILES = ("head.npz", "labels.json", "model.json", "SHA256SUMS")
Change = Callable[[dict[str, Any]], object]


def draft(number: int) -> ModelDraft:
    return ModelDraft(
        recipe="head",
        people=[("ada", "Ada", "r1"), ("grace", "Grace", "r2")],
        centres=np.roll(np.eye(2, 4, dtype=np.float32), number, 1),
        metrics={"val_accuracy": 0.9},
        epochs=3,
        best_epoch=2,
        threshold=0.3,
        calibration={"own_raised": 0.0},
        details={"gate": {"promote": True}},
    )


@pytest.fixture
def store(workspace: Workspace) -> ModelStore:
    """A store of two models, both promoted in their turn."""
    made = ModelStore(workspace)
    for number in range(2):
        made.promote(made.save(draft(number)).id)
    return made


def newest(workspace: Workspace) -> Path:
    return workspace.models / (ModelStore(workspace).current_id() or "")


def sign(folder: Path) -> None:
    """Write digests that fit the files, as somebody with the disk in hand could."""
    lines = (f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in FILES[:3])
    (folder / "SHA256SUMS").write_text("".join(lines))


@pytest.mark.parametrize("name", FILES)
def test_any_changed_byte_is_refused_and_names_the_model(
    store: ModelStore, workspace: Workspace, name: str
) -> None:
    file = newest(workspace) / name
    good, rng = file.read_bytes(), Random(name)
    older = store.list()[1].id
    for place in {0, len(good) - 1, *(rng.randrange(len(good)) for _ in range(60))}:
        bad = bytearray(good)
        bad[place] ^= 1 << rng.randrange(8)
        file.write_bytes(bad)
        with pytest.raises(ModelCorrupt) as caught:
            store.load()
        assert file.parent.name in caught.value.message
        assert f"{older}, in use before it, is whole" in caught.value.message
        assert caught.value.hint == Remedy.ROLLBACK
    file.write_bytes(good)
    assert store.load().info.id == file.parent.name


@pytest.mark.parametrize("tail", [b"\n", b" ", b"x", b"0" * 64 + b"  other.npz\n"])
def test_what_is_added_to_the_digests_is_noticed(
    store: ModelStore, workspace: Workspace, tail: bytes
) -> None:
    file = newest(workspace) / "SHA256SUMS"
    file.write_bytes(file.read_bytes() + tail)
    with pytest.raises(ModelCorrupt, match="SHA256SUMS"):
        store.load()


@pytest.mark.parametrize("name", FILES)
def test_the_model_before_is_used_and_it_is_said(
    store: ModelStore, workspace: Workspace, name: str
) -> None:
    bad, older = newest(workspace), store.list()[1].id
    (bad / name).write_bytes((bad / name).read_bytes()[:-1])
    told: list[Event] = []
    assert model_in_use(workspace, told.append).info.id == older
    (notice,) = told
    assert isinstance(notice, Notice)
    assert notice.level == "warning"
    assert bad.name in notice.text
    assert older in notice.text
    assert store.current_id() == bad.name, "nobody decided that yet"


def test_an_intact_model_is_used_without_a_word(store: ModelStore, workspace: Workspace) -> None:
    told: list[Event] = []
    assert model_in_use(workspace, told.append).info.id == store.current_id()
    assert told == []


@pytest.mark.parametrize("text", ["", "nonsense", "../../etc", "20261127T000000000Z-head-0000"])
def test_the_name_of_a_model_that_is_not_there_falls_back_too(
    store: ModelStore, workspace: Workspace, text: str
) -> None:
    last = store.current_id()
    (workspace.models / "current").write_text(text)
    model, damage = store.load_or_previous()
    assert model.info.id == last
    assert damage is not None
    assert "the model in use is missing" in damage.message
    assert store.rollback().id == last


def test_a_note_of_the_model_in_use_that_may_not_be_read_is_no_missing_one(
    store: ModelStore, workspace: Workspace, powerless: None
) -> None:
    (workspace.models / "current").chmod(0)
    for look in (store.load, store.load_or_previous, store.list, store.rollback):
        with pytest.raises(WorkspaceUnusable, match="models/current has mode 0000"):
            look()


def test_a_model_that_may_not_be_read_is_not_called_damaged(
    store: ModelStore, workspace: Workspace, powerless: None
) -> None:
    newest(workspace).chmod(0)
    with pytest.raises(ModelCorrupt, match="Permission denied") as caught:
        store.load()
    assert caught.value.title == "The model cannot be read"
    assert caught.value.hint == f"chmod -R u+rwX {workspace.root}"
    assert "Permission denied" in store.list()[0].damaged
    newest(workspace).chmod(0o700)
    workspace.models.chmod(0)
    with pytest.raises(WorkspaceUnusable, match="models has mode 0000"):
        store.list()
    workspace.models.chmod(0o700)


def test_without_any_intact_model_the_error_is_that_of_the_one_in_use(
    store: ModelStore, workspace: Workspace
) -> None:
    for info in store.list():
        (workspace.models / info.id / "head.npz").write_bytes(b"")
    with pytest.raises(ModelCorrupt, match=store.current_id()):
        store.load_or_previous()


def test_models_are_listed_with_what_is_wrong_with_them(
    store: ModelStore, workspace: Workspace
) -> None:
    (newest(workspace) / "head.npz").write_bytes(b"x")
    bad, good = library.model_rows(workspace)
    assert (bad.damaged, bad.current, good.damaged) == (True, True, False)
    assert "head.npz" in bad.damage


RECORDS: dict[str, Change] = {
    "future version": lambda body: body.update(format=2),
    "another model": lambda body: body.update(id="20200101T000000000Z-head-0000"),
    "no arrays": lambda body: body.pop("arrays"),
    "threshold text": lambda body: body.update(threshold="0.3"),
    "threshold true": lambda body: body.update(threshold=True),
    "threshold huge": lambda body: body.update(threshold=-50.0),
    "epochs text": lambda body: body.update(epochs="3"),
    "epochs negative": lambda body: body.update(epochs=-1, best_epoch=-1),
    "best after last": lambda body: body.update(best_epoch=9),
    "metrics list": lambda body: body.update(metrics=[1]),
    "metric text": lambda body: body.update(metrics={"val_accuracy": "good"}),
    "details list": lambda body: body.update(details=["gate"]),
    "calibration text": lambda body: body.update(calibration="x"),
    "previous list": lambda body: body.update(previous=["x"]),
    "recipe number": lambda body: body.update(recipe=5),
    "shape": lambda body: body["arrays"]["centres"].update(shape=[3, 4]),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_that_is_none_is_refused_even_with_digests_that_fit(
    store: ModelStore, workspace: Workspace, what: str
) -> None:
    file = newest(workspace) / "model.json"
    body = json.loads(file.read_text())
    RECORDS[what](body)
    file.write_text(json.dumps(body))
    sign(file.parent)
    library.model_rows(workspace)  # and listing does not fall over it
    with pytest.raises(ModelCorrupt):
        store.load()


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [{"id": "ada", "name": "Ada", "revision": "r"}],
        [{"id": "ada", "name": "Ada", "revision": "r"}] * 2,
        [{"id": s, "name": s, "revision": "r"} for s in ("ada", "bo", "cy")],
        [{"id": s, "name": s, "revision": "r"} for s in ("ada", "../bo")],
        [{"id": s, "name": 5, "revision": "r"} for s in ("ada", "bo")],
        {"id": "ada"},
        "ada",
        [[]],
    ],
    ids=["none", "too few", "twice", "too many", "path", "number", "record", "text", "nested"],
)
def test_labels_that_do_not_fit_are_refused_even_with_digests_that_fit(
    store: ModelStore, workspace: Workspace, labels: object
) -> None:
    file = newest(workspace) / "labels.json"
    file.write_text(json.dumps(labels))
    sign(file.parent)
    with pytest.raises(ModelCorrupt):
        store.load()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 7.0])
def test_centres_that_are_no_directions_are_refused_even_with_digests_that_fit(
    store: ModelStore, workspace: Workspace, value: float
) -> None:
    centres = np.eye(2, 4, dtype=np.float32)
    centres[0, 0] = value
    (newest(workspace) / "head.npz").write_bytes(pack({"centres": centres}))
    sign(newest(workspace))
    with pytest.raises(ModelCorrupt):
        store.load()


@pytest.mark.parametrize(
    "name", ["99999999T999999999Z-head-abcd", "99991231T235959999Z-head-abcd", "\u0661" * 8]
)
def test_a_folder_whose_name_is_no_time_is_no_model_and_spoils_none(
    store: ModelStore, workspace: Workspace, name: str
) -> None:
    (workspace.models / name).mkdir()
    assert len(store.list()) == 2
    assert store.promote(store.save(draft(3)).id).current


def test_a_pipe_in_place_of_a_file_does_not_hang(store: ModelStore, workspace: Workspace) -> None:
    import os

    file = newest(workspace) / "labels.json"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(FacedeskError, match=r"labels\.json"):
        store.load()
