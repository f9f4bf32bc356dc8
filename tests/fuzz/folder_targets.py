"""Targets: models, features and what else lies in a workspace, one file spoilt at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine.contract.errors import FacedeskError, ModelCorrupt, NoModel
from engine.dataset.split import check_fits, load_split, split_warnings, summarise
from engine.desk import library
from engine.desk.library import load_evaluation
from engine.desk.unknown import unknown_view
from engine.jobs.material import stale_ids
from engine.model.arrays import LARGEST, RowFile, unpack
from engine.model.face_space import FaceSpace
from engine.model.store import ModelStore
from engine.openvino_networks import kept
from engine.people import roster
from engine.people.changes import undo
from engine.people.picture_records import read_records
from engine.people.registry import People
from engine.people.trash import Trash
from engine.people.unknown_choices import Choices
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.fuzz import scratch
from tests.fuzz.mutate import Seed
from tests.fuzz.seeds import file_seeds, workspace_files

MODEL_FILES = ("head.npz", "labels.json", "model.json", "SHA256SUMS", "models/current")


def seeds_of(choose: Callable[[], tuple[str, ...]]) -> Callable[[], Sequence[Seed]]:
    """Those files of the workspace as seeds, each with its number as prefix."""
    return lambda: file_seeds(*choose())


def model_files() -> tuple[str, ...]:
    """The newest model's files, and the name of the model in use."""
    newest = workspace_files()["models/current"].decode().split()[0]
    return (*(f"{newest}/{n}" for n in MODEL_FILES[:-1]), MODEL_FILES[-1])


def people_files() -> tuple[str, ...]:
    """What is written down of people, sessions and pictures."""
    return "person.json", "session.json", "pictures.jsonl"


def unknown_files() -> tuple[str, ...]:
    """A sighting's files, the switch and the choices."""
    return "sighting.json", "features.npz", "inbox.json", "choices.json"


def evaluation_files() -> tuple[str, ...]:
    """The kept evaluation."""
    return tuple(name for name in workspace_files() if name.startswith("evaluations/"))


def _spoilt(data: bytes, endings: Sequence[str]) -> tuple[Workspace, str, bool]:
    """A workspace in which the file that the first byte chooses holds the other bytes.

    Returns it with the file's path and whether the bytes are those it held before.
    """
    files = workspace_files()
    names = [name for name in files if name.endswith(tuple(endings))]
    name = names[(data[0] if data else 0) % len(names)]
    root = scratch.tree("w", {**files, name: data[1:]})
    return Workspace(root), name, data[1:] == files[name]


def npz(data: bytes) -> None:
    """Arrays in a file."""
    arrays = unpack(data, "x.npz")
    assert sum(array.nbytes for array in arrays.values()) <= LARGEST
    assert not any(array.dtype.hasobject for array in arrays.values())


def rows(data: bytes) -> None:
    """A feature file; a damaged one is told and computed again."""
    pictures = scratch.tree("pictures", {"0001.png": b"a", "0002.png": b"b"})
    told: list[object] = []
    path = scratch.file("rows.npz", data)
    found = RowFile.read(path, pictures, np.float32, told.append)
    missing = found.missing(["0001.png", "0002.png", "0003.png"])
    assert "0003.png" in missing
    if "0001.png" not in missing:
        assert found.rows(["0001.png"]).dtype == np.float32
    found.put(["0003.png"], np.zeros((1, 12), np.float32))
    found.save()


def space(data: bytes) -> None:
    """A face space whose digest fits."""
    path = scratch.file("space.npz", data)
    scratch.file("space.npz.sha256", f"{hashlib.sha256(data).hexdigest()}  space.npz\n".encode())
    found = FaceSpace.load(path)
    features = np.random.default_rng(1).normal(size=(2, len(found.mean))).astype(np.float32)
    with np.errstate(all="ignore"):
        assert found.embed(features).shape == (2, found.dims)


def compiled(data: bytes) -> None:
    """The kept network: nothing but what was written."""
    network = b"\7" * 64
    digest = hashlib.sha256(network).digest()
    name = f"net-{hashlib.sha256(b'key').hexdigest()[:32]}.bin"
    scratch.file(f"compiled/{name}", data + digest)
    os.environ["FACEDESK_CACHE"] = str(scratch.folder())
    found = kept("net", "key")
    assert (found is not None) == (data == network)
    assert found is None or found.bytes.tobytes() == network


def model(data: bytes) -> None:
    """A changed byte anywhere: refused, and the model before it is there."""
    workspace, name, same = _spoilt(data, model_files())
    store = ModelStore(workspace)
    older = min(info.id for info in store.list())
    library.model_rows(workspace)
    try:
        loaded = store.load()
    except (ModelCorrupt, NoModel):
        assert not same
        if name.endswith("models/current"):
            raise
        used, damage = store.load_or_previous()
        assert damage is not None
        assert used.info.id == older
        assert store.rollback().id == older
        raise
    # Which model is in use is no model's content: any intact one may be named.
    assert same or (name.endswith("models/current") and loaded.info.id in data.decode("latin-1"))


def signed_model(data: bytes) -> None:
    """A changed model whose digests fit, as somebody with the disk in hand could make it."""
    workspace, _name, _same = _spoilt(data, model_files())
    newest = sorted(path for path in workspace.models.iterdir() if path.is_dir())[-1]
    sums = "".join(
        f"{hashlib.sha256((newest / name).read_bytes()).hexdigest()}  {name}\n"
        for name in MODEL_FILES[:3]
    )
    (newest / "SHA256SUMS").write_text(sums)
    store = ModelStore(workspace)
    library.model_rows(workspace)
    loaded = store.load()
    info = loaded.info
    assert loaded.centres.shape[0] == len(info.people)
    assert np.isfinite(loaded.centres).all()
    stale_ids(workspace, info)
    if info.threshold is not None:
        assert -1.0 <= info.threshold <= 1.0


def people(data: bytes) -> None:
    """The registry, with a person's or session's file spoilt: others are not affected."""
    workspace, _name, _same = _spoilt(data, people_files())
    registry = People(workspace)
    everybody, unread = registry.everybody()
    assert len(everybody) + len(unread) == 2
    assert everybody
    for person in everybody:
        for session in person.sessions:
            read_records(registry.session_directory(person.slug, session.id))
    library.person_rows(workspace)
    with suppress(FacedeskError):
        registry.add("Somebody New")
    registry.tidy()


def split(data: bytes) -> None:
    """split.json."""
    workspace, _name, _same = _spoilt(data, ("split.json",))
    library.person_rows(workspace)
    loaded = load_split(workspace)
    if loaded is not None:
        everybody = People(workspace).list()
        with suppress(FacedeskError):
            check_fits(loaded, everybody)
        summarise(loaded, everybody, split_warnings(loaded, everybody))


def trash(data: bytes) -> None:
    """The manifest of a change, undone, finished after a crash and purged: all stays inside."""
    workspace, name, _same = _spoilt(data, ("manifest.json",))
    outside = scratch.file("outside.txt", b"untouched")
    around = {path.name for path in scratch.folder().iterdir()}
    found = Trash(workspace)
    found.changes()
    try:
        undo(workspace)
    except FacedeskError:
        entry = workspace.root / Path(name).parent
        if entry.is_dir():
            entry.rename(entry.with_name(f"{entry.name}.doing"))
        with suppress(FacedeskError):
            found.recover()
        found.purge(everything=True)
        raise
    finally:
        assert outside.read_bytes() == b"untouched"
        assert {path.name for path in scratch.folder().iterdir()} == around


def unknown(data: bytes) -> None:
    """Sightings, the switch and the choices; a choice about what is left."""
    workspace, _name, _same = _spoilt(data, unknown_files())
    settings = Settings()
    view = unknown_view(workspace, settings)
    choices = Choices(workspace, settings.unknown)
    choices.last()
    choices.overdue()
    for group in view.groups:
        choices.stranger(group.sightings)
    choices.purge(everything=True)


def evaluation(data: bytes) -> None:
    """A kept evaluation: whole, or none."""
    workspace, _name, _same = _spoilt(data, evaluation_files())
    current = ModelStore(workspace).current_id() or ""
    found = load_evaluation(workspace, current)
    library.model_rows(workspace)
    if found is not None:
        done, ids = found
        assert len(ids) == len(done.people)


def roster_file(data: bytes) -> None:
    """roster.json."""
    workspace, _name, _same = _spoilt(data, ("roster.json",))
    try:
        roster.entries(workspace)
        roster.consent_for(workspace, "Mary")
    except FacedeskError:
        roster.clear(workspace)
        raise
