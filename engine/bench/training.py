"""Measurements of training: from the last picture to a model, and of adding one person."""

from __future__ import annotations

import math
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine.bench.material import (
    PEOPLE,
    SOURCE,
    Plan,
    counted,
    enrol_made_up,
    seconds_of,
    stand_in,
    workspace_crops,
)
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Captured, EpochDone, Event, FeaturesProgress, Figure, TrainDone
from engine.contract.errors import ModelError, NoPictures
from engine.contract.requests import EnrolRequest, TrainRequest
from engine.dataset.split import load_split
from engine.jobs.enrol import enrol
from engine.jobs.features_ahead import FeaturesAhead
from engine.jobs.material import Material
from engine.jobs.split import with_pictures
from engine.jobs.train import train
from engine.model.backbones import load_ahead
from engine.model.feature_store import wanted_views
from engine.model.networks import Backbones
from engine.model.weights import load_weights
from engine.people.registry import People
from engine.settings import Settings
from engine.text import percent
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace

EPOCHS = 3
PICTURES, FEW = 100, 20
A_SECOND = 15.0
"""Pictures a second at which a workspace's crops come: what a capture of the demo keeps."""


def measure_train(plan: Plan) -> Iterator[Figure]:
    """Two people are captured in real time, with the features computed meanwhile; then training."""
    settings = load_settings()
    workspace = Workspace(plan.path / "train")
    pictures = plan.sized(PICTURES, FEW)
    given = None
    if plan.workspace is not None:
        given = workspace_crops(Workspace(Path(plan.workspace)), 2, pictures)
        pictures = min(map(len, given.values()))
        given = {name: files[:pictures] for name, files in given.items()}
    backbones, counter = counted(settings)
    with workspace.writer("facedesk bench"):
        ahead = FeaturesAhead(workspace, settings.training.views, backbones, load_ahead)
        if given is None:
            last = _captured(workspace, settings, ahead, pictures)
        else:
            last = _reported(workspace, given, ahead)
        before = counter.crops

        def trained() -> TrainDone:
            done = train(
                workspace, settings, TrainRequest(), Cancel(), lambda event: None, backbones
            )
            if not done.promoted:
                raise ModelError("The model was not put in use", done.model)
            return done

        done = trained()
        after_capture = time.monotonic() - last
        left = counter.crops - before
        ready = []
        for _time in range(EPOCHS):
            shutil.rmtree(workspace.models)  # as the first time, nothing to compare with
            ready.append(seconds_of(trained))
        epochs = _classic(workspace, settings)
    # The first epoch also builds the graph, which belongs to the start-up.
    classic = EPOCHS * statistics.median(epoch.seconds for epoch in epochs)
    much = f"2 people, {pictures} pictures each"
    recipe = "3 epochs of the classic recipe"
    yield Figure(key="train.classic", what=recipe, value=classic, unit="s", note=much)
    share = left / (before + left)
    # What was left took the rest of the time; a picture has more crops, its augmented views.
    rest = max(after_capture - statistics.median(ready), 0.001)
    rate = share / rest * 2 * pictures
    timed = Figure(
        key="train.after_capture",
        what="from the last picture to a model in use",
        value=after_capture,
        unit="s",
        other=classic,
        against=recipe,
        judged="ratio",
        least=30,
        stretch=100,
        note=f"captured in real time, {percent(share)} of the crops left at its end",
    )
    yield timed
    yield replace(
        timed,
        key="train.features_ready",
        what="the same, where all features were computed during the capture",
        value=statistics.median(ready),
        note=f"so it is where at most {rate:.1f} pictures a second are captured",
    )
    what = "crops left to compute when the capture ended"
    note = f"of {before + left}, augmented views counted"
    yield Figure(key="train.left", what=what, value=left, unit="crops", note=note)
    yield Figure(
        key="train.rank1",
        what="rank-1 on the test part",
        value=done.metrics["rank1_test"],
        unit="",
        more=True,
        note=f"validation accuracy of the classic recipe: {epochs[-1].val_accuracy:.2f}",
    )


def _captured(workspace: Workspace, settings: Settings, ahead: FeaturesAhead, count: int) -> float:
    """Enrol the demo's people in real time; when the last picture was kept, as `time.monotonic`."""
    last = math.nan

    def emit(event: Event) -> None:
        nonlocal last
        if isinstance(event, Captured):
            last = time.monotonic()

    for name, source in PEOPLE.items():
        request = EnrolRequest(person=name, source=source, count=count, pace="live")
        enrol(workspace, settings, request, Cancel(), emit, follower=ahead.take)
    return last


def _reported(
    workspace: Workspace, given: Mapping[str, Sequence[Path]], ahead: FeaturesAhead
) -> float:
    """Enrol people by their pictures at the rate of a capture; when the last one was kept."""
    registry = People(workspace)
    for name, files in given.items():
        person = registry.add(name)
        session = registry.new_session(person, SOURCE, "points")
        folder = registry.session_directory(person.slug, session)
        for number, picture in enumerate(files, 1):
            time.sleep(1 / A_SECOND)
            file = f"{number:04d}.png"
            write_bytes(folder / file, picture.read_bytes())
            ahead.kept(person.slug, session, file)
        last = time.monotonic()
        ahead.over(session)
    return last


def _classic(workspace: Workspace, settings: Settings) -> tuple[EpochDone, ...]:
    """The epochs of the classic recipe on the same pictures."""
    from engine.model.classic import train_classic  # loaded during the capture, as live

    split = load_split(workspace)
    if split is None:
        raise NoPictures("There is no split")
    material = Material(workspace, with_pictures(workspace), split)
    training = replace(settings.training, classic_epochs=EPOCHS, patience=EPOCHS)
    return train_classic(
        *material.crops("train"),
        *material.crops("validation"),
        len(material.people),
        load_weights(),
        training,
        Cancel(),
        lambda event: None,
    ).history


GALLERIES, ADD_FEW = (2, 10, 50), (2, 5)
ADD_PICTURES, FEW_PICTURES = 100, 20


def measure_add(plan: Plan) -> Iterator[Figure]:
    """Galleries grow; at each size one person is added.

    The people are made up and a stand-in takes the network's place, so that only what comes after
    the features is timed: those are computed while a person is captured.
    """
    settings = load_settings()
    workspace = Workspace(plan.path / "add")
    pictures = plan.sized(ADD_PICTURES, FEW_PICTURES)
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
    galleries = ADD_FEW if plan.quick else GALLERIES
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
            key, what = f"add.{people}.seconds", f"add one person to {people}"
            note = f"{pictures} pictures each, without the network's own time"
            yield Figure(key=key, what=what, value=seconds, unit="s", note=note)


def _own(workspace: Workspace, pictures: int, views: int) -> int:
    """Crops that the newest person has: all pictures, and the views of those that train."""
    split = load_split(workspace)
    newest = max(split.people) if split is not None else ""
    learnt = len(split.people[newest]["train"]) if split is not None else 0
    return pictures + wanted_views(pictures, views) * learnt


def _again(people: int, pictures: int, began: float, ready: float) -> Iterator[Figure]:
    """A training with all features there, from `began` to now; from `ready` on it had read them."""
    ended = time.perf_counter()
    size = f"{people} people of {pictures} pictures"
    yield Figure(
        key="add.head",
        what=f"head and calibration, {size}",
        value=ended - ready,
        unit="s",
        judged="value",
        least=5,
        stretch=1,
        note="comparing with the model in use, and saving, included",
    )
    what, note = f"train {size} again", "the whole job, all features there"
    yield Figure(key="add.again", what=what, value=ended - began, unit="s", note=note)
