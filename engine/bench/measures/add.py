"""One person more: what is computed for her, and how long head and calibration take.

The people are made up and a stand-in takes the network's place, so that only what comes after the
features is timed: those are computed while she is captured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from engine.bench.plan import Plan
from engine.bench.stopwatch import seconds_of
from engine.bench.synthetic import enrol_made_up, stand_in
from engine.cancel import Cancel
from engine.config import load_settings
from engine.dataset.split import load_split
from engine.events import Event, FeaturesProgress, Figure
from engine.model.augment import wanted_views
from engine.service.jobs.loaded import Backbones
from engine.service.jobs.train import train
from engine.service.protocol import TrainRequest
from engine.workspace import Workspace

GALLERIES, FEW = (2, 10, 50), (2, 5)
PICTURES, FEW_PICTURES = 100, 20


def measure(plan: Plan) -> Iterator[Figure]:
    """Galleries grow; at each size one person is added."""
    settings = load_settings()
    workspace = Workspace(plan.path / "add")
    pictures = plan.sized(PICTURES, FEW_PICTURES)
    backbone, counter = stand_in()
    backbones = Backbones(settings.model, kept=backbone)

    ready = 0.0

    def emit(event: Event) -> None:
        nonlocal ready
        if isinstance(event, FeaturesProgress):  # the last one says that all are there
            ready = time.perf_counter()

    def trained() -> None:
        train(workspace, settings, TrainRequest(), Cancel(), emit, backbones)

    there = 0
    galleries = FEW if plan.quick else GALLERIES
    with workspace.writer("facedesk bench"):
        for people in galleries:
            enrol_made_up(workspace, there, people - there, pictures)
            trained()
            if people == galleries[-1]:
                began = time.perf_counter()
                trained()
                yield from _again(people, pictures, began, ready)
            enrol_made_up(workspace, people, 1, pictures)
            counter.crops = 0
            seconds = seconds_of(trained)
            there = people + 1
            yield Figure(
                key=f"add.{people}.crops",
                what=f"crops computed to add one person to {people}",
                value=counter.crops,
                unit="crops",
                other=_own(workspace, pictures, settings.training.views),
                against="her own crops, with their augmented views",
                judged="ratio",
                least=1,
                stretch=1,
            )
            yield Figure(
                key=f"add.{people}.seconds",
                what=f"add one person to {people}",
                value=seconds,
                unit="s",
                note=f"{pictures} pictures each, without the network's own time",
            )


def _own(workspace: Workspace, pictures: int, views: int) -> int:
    """Crops that the newest person has: all pictures, and the views of those that train."""
    split = load_split(workspace)
    newest = max(split.people) if split is not None else ""
    learnt = len(split.people[newest]["train"]) if split is not None else 0
    return pictures + wanted_views(pictures, views) * learnt


def _again(people: int, pictures: int, began: float, ready: float) -> Iterator[Figure]:
    """A training with all features there, from `began` to now; from `ready` on it had read them."""
    ended = time.perf_counter()
    size = {"people": people, "pictures": pictures}
    yield Figure(
        key="add.head",
        what="head and calibration, {people} people of {pictures} pictures".format(**size),
        value=ended - ready,
        unit="s",
        judged="value",
        least=5,
        stretch=1,
        note="comparing with the model in use, and saving, included",
    )
    yield Figure(
        key="add.again",
        what="train {people} people of {pictures} pictures again".format(**size),
        value=ended - began,
        unit="s",
        note="the whole job, all features there",
    )
