"""A small workspace with something of everything, and the jobs that change it, without a network.

Three people (one in the trash), a stranger, two sightings of unknown people, features, a split and
two models. A job takes the workspace and does what one command does, under the writer lock.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract.errors import DataError
from engine.contract.people import Answers
from engine.contract.requests import SplitRequest
from engine.desk import library
from engine.faces.align import Box, Face
from engine.faces.quality import QualityGates
from engine.jobs.split import split
from engine.model.epochs import Checkpoint
from engine.model.feature_store import FeatureCache
from engine.model.record import ModelDraft
from engine.model.store import ModelStore
from engine.people import changes
from engine.people.changes import clear_strangers
from engine.people.import_plan import plan_import
from engine.people.importing import Import
from engine.people.permission import NOTHING_NEW, enrolled
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People, StrangerArea
from engine.people.trash import Trash
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.pictures import encode_png
from engine.rights import stores
from engine.rights.erase import erase
from engine.rights.templates import Models
from engine.rights.upkeep import recover
from engine.settings import (
    GateSettings,
    RetentionSettings,
    Settings,
    SplitSettings,
    UnknownSettings,
)
from engine.workspace.folder import Workspace
from tests.people.unknowns import EXTRACTOR, sighted

Crop = NDArray[np.uint8]
DAYS = 30


class Rows:
    """Stands for a network: a row is made of a crop's means. What is tested is where rows go."""

    digest, length = EXTRACTOR, 3

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Rows (n, 3) float32 of crops (n, 160, 160, 3) uint8."""
        return crops.mean(axis=(1, 2)).astype(np.float32)


class OneFace:
    """Stands for the detector: every photograph is one face, itself."""

    def find_in_photograph(self, image: NDArray[np.uint8]) -> tuple[Face, ...]:
        """One face whose crop is the photograph (BGR uint8 160x160x3)."""
        eyes = ((50.0, 70.0), (110.0, 70.0))
        return (Face(Box(0, 0, 160, 160), eyes, True, np.ascontiguousarray(image[..., ::-1])),)


def crop(seed: int) -> Crop:
    """A crop (RGB uint8 160x160x3) unlike any other: coarse squares of random greys and colours."""
    squares = np.random.default_rng(seed).integers(0, 256, (10, 10, 3), np.uint8)
    return squares.repeat(16, axis=0).repeat(16, axis=1)


def capture(area: Workspace, name: str, seeds: range) -> None:
    """A session with a picture for each seed, and their features."""
    people = People(area)
    person = enrolled(people, name, NOTHING_NEW)[0]
    writer = SessionWriter(people, person, "0", len(seeds))
    files = [
        writer.add(
            encode_png(crop(seed)),
            PictureRecord(
                frame=seed,
                seconds=seed / 30,
                box=(1, 2, 100, 100),
                eyes_found=True,
                brightness=120.0,
                sharpness=80.0,
            ),
        )
        for seed in seeds
    ]
    writer.close("complete", {})
    FeatureCache(area, EXTRACTOR).rows(person.slug, writer.session, files, Rows())


def model(workspace: Workspace, seed: int) -> str:
    """Save a model of everybody who is enrolled; its id."""
    people = [(each.id, each.name, each.revision) for each in People(workspace).list()]
    centres = np.random.default_rng(seed).normal(size=(len(people), 8)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    draft = ModelDraft(
        recipe="head", people=people, centres=centres, metrics={"val_accuracy": 1.0}, epochs=3,
        best_epoch=2, threshold=0.25, calibration={"fpir": 0.01}, details={},
    )  # fmt: skip
    return ModelStore(workspace).save(draft).id


def build(root: Path) -> Workspace:
    """The workspace that every job starts from."""
    workspace = Workspace(root)
    with workspace.writer("build"):
        capture(workspace, "Anna", range(3))
        capture(workspace, "Anna", range(10, 12))
        capture(workspace, "Bob", range(20, 22))
        capture(workspace, "Carol", range(30, 32))
        capture(StrangerArea(workspace), "Postman", range(40, 41))
        unknown = UnknownStore(workspace, UnknownSettings())
        unknown.switch(True)
        for colour in (60, 120):
            unknown.add(sighted(colour=colour))
        changes.delete_people(workspace, ["Carol"], DAYS)
        split(workspace, SplitSettings())
        for seed in (1, 2):
            ModelStore(workspace).promote(model(workspace, seed))
    return workspace


def photographs(folder: Path) -> None:
    """A folder to import: two pictures of Anna, of which one is new, and two of Dora."""
    for name, seeds in (("Anna", (0, 50)), ("Dora", (51, 52))):
        (folder / name).mkdir(parents=True)
        for seed in seeds:
            (folder / name / f"{seed}.png").write_bytes(encode_png(crop(seed)))


Job = Callable[[Workspace], object]


def _import(workspace: Workspace) -> None:
    settings = replace(GateSettings(), min_sharpness=0.0)
    gates = QualityGates(settings)
    plan = plan_import(workspace.root.parent / "photographs")
    finder: object = OneFace()
    for _event in Import(plan, People(workspace), finder, gates, "central", Cancel()).run():  # type: ignore[arg-type]
        pass


def _train(workspace: Workspace) -> None:
    """The end of a training: rows, the model's folder, then into use, then the oldest goes."""
    everybody = People(workspace).list()
    cache = FeatureCache(workspace, EXTRACTOR)
    for person in everybody:
        for session in person.sessions:
            cache.rows(person.slug, session.id, session.pictures, Rows(), view=1)
    known = tuple((person.id, person.revision) for person in everybody)
    Checkpoint(workspace.models, "head", known).save("material", {"a": np.ones(3)}, ())
    store = ModelStore(workspace)
    store.promote(model(workspace, 3))
    Models().purge(workspace, Settings(retention=RetentionSettings(models=1)), None)


def _choices(workspace: Workspace) -> tuple[Choices, list[str]]:
    ids = [each.id for each in UnknownStore(workspace, UnknownSettings()).sightings()]
    if not ids:
        raise DataError("Nobody waits")
    return Choices(workspace, UnknownSettings()), ids


def _assign(workspace: Workspace, name: str, new: bool) -> None:
    choices, ids = _choices(workspace)
    choices.assign(ids[:1], name, new=new)


def _ignore(workspace: Workspace) -> None:
    choices, ids = _choices(workspace)
    choices.stranger(ids, "Anna")


def _split_unknowns(workspace: Workspace) -> None:
    choices, ids = _choices(workspace)
    choices.split(ids[:1], ids)


def _some_pictures(workspace: Workspace) -> list[str]:
    """A picture of Anna's first session and all of her second; some that are gone once they are."""
    first, *more = People(workspace).get("Anna").sessions
    return [f"{first.id}/0002.png", *(each.id for each in more or [first])]


JOBS: dict[str, Job] = {
    "capture": lambda w: capture(w, "Anna", range(70, 72)),
    "capture a new person": lambda w: capture(w, "Emil", range(73, 75)),
    "import": _import,
    "split": lambda w: library.split(
        w, SplitRequest(train=0.5, validation=0.25, test=0.25, seed=9)
    ),
    "train": _train,
    "promote": lambda w: library.promote(w, ModelStore(w).list()[-1].id),
    "rollback": library.rollback,
    "rename": lambda w: stores.rename(w, "Anna", "Anna Karenina"),
    "delete people": lambda w: changes.delete_people(w, ["Anna", "Bob"], DAYS),
    "delete for good": lambda w: changes.delete_people(w, ["Anna"], 0),
    "delete pictures": lambda w: changes.delete_pictures(w, "Anna", _some_pictures(w), DAYS),
    "move pictures": lambda w: changes.move_pictures(w, "Anna", _some_pictures(w), "Bob", DAYS),
    "merge": lambda w: changes.merge(w, "Anna", "Bob", DAYS),
    "undo": changes.undo,
    "erase": lambda w: erase(w, "Anna", answers=Answers(shared_stay=True, unsure="remove")),
    "empty the trash": lambda w: Trash(w).purge(everything=True),
    "keep an unknown": lambda w: UnknownStore(w, UnknownSettings()).add(sighted(colour=180)),
    "assign an unknown": functools.partial(_assign, name="Bob", new=False),
    "enrol an unknown": functools.partial(_assign, name="Fritz", new=True),
    "ignore unknowns": _ignore,
    "split unknowns": _split_unknowns,
    "delete an unknown": lambda w: _choices(w)[0].delete(_choices(w)[1][:1]),
    "purge unknowns": lambda w: _choices(w)[0].purge(everything=True),
    "clear strangers": clear_strangers,
}
"""Each job by name."""

GROWING = frozenset(
    {"capture", "capture a new person", "import", "train", "purge unknowns", "empty the trash"}
)
"""Jobs of several steps, each of which counts for itself; all others happen whole or not at all."""

RENEWING = frozenset({"erase"})
"""Jobs that make a model, whose id is never the same."""


def under_lock(workspace: Workspace, name: str) -> None:
    """Do a job as a command does it: lock, recovery, job. "recover" has nothing more to do."""
    with workspace.writer(name) as interrupted:
        recover(workspace, interrupted)
        if name != "recover":
            JOBS[name](workspace)
