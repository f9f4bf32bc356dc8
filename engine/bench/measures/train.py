"""The classic recipe's epochs, and Facedesk's way from the last picture to a model."""

from __future__ import annotations

import math
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engine.bench.demo import PEOPLE, counted, workspace_crops
from engine.bench.plan import Plan
from engine.cancel import Cancel
from engine.config import load_settings
from engine.dataset.split import load_split
from engine.enrol.people import People
from engine.errors import ModelError, NoPictures
from engine.events import Captured, EpochDone, Event, Figure, TrainDone
from engine.files import write_bytes
from engine.model.loading import load_ahead
from engine.model.weights import load_weights
from engine.service.jobs.enrol import enrol
from engine.service.jobs.feeding import Feed
from engine.service.jobs.material import Material
from engine.service.jobs.splitting import with_pictures
from engine.service.jobs.train import train
from engine.service.protocol import EnrolRequest, TrainRequest
from engine.settings import Settings
from engine.workspace import Workspace

EPOCHS = 3
PICTURES, FEW = 100, 20
A_SECOND = 15.0
"""Pictures a second that a workspace's crops are told at: what a capture of the demo keeps."""


def measure(plan: Plan) -> Iterator[Figure]:
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
        feed = Feed(workspace, settings.training.views, backbones, load_ahead)
        if given is None:
            last = _captured(workspace, settings, feed, pictures)
        else:
            last = _told(workspace, given, feed)
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
        for _turn in range(EPOCHS):
            shutil.rmtree(workspace.models)  # as the first time, nothing to compare with
            began = time.monotonic()
            trained()
            ready.append(time.monotonic() - began)
        epochs = _classic(workspace, settings)
    # The first epoch also builds the graph, which belongs to the start-up.
    classic = EPOCHS * statistics.median(epoch.seconds for epoch in epochs)
    much = f"2 people, {pictures} pictures each"
    recipe = "3 epochs of the classic recipe"
    yield Figure(key="train.classic", what=recipe, value=classic, unit="s", note=much)
    share = left / (before + left)
    # What was left took the rest of the time; a picture is several crops, its augmented views.
    rate = (
        left / max(after_capture - statistics.median(ready), 0.001) * 2 * pictures / (before + left)
    )
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
        note=f"captured in real time, {share:.0%} of the crops left at its end",
    )
    yield timed
    yield replace(
        timed,
        key="train.features_ready",
        what="the same, where all features were computed during the capture",
        value=statistics.median(ready),
        note=f"so it is where at most {rate:.1f} pictures a second are captured",
    )
    yield Figure(
        key="train.left",
        what="crops left to compute when the capture ended",
        value=left,
        unit="crops",
        note=f"of {before + left}, augmented views counted",
    )
    yield Figure(
        key="train.rank1",
        what="rank-1 on the test part",
        value=done.metrics["rank1_test"],
        unit="",
        more=True,
        note=f"validation accuracy of the classic recipe: {epochs[-1].val_accuracy:.2f}",
    )


def _captured(workspace: Workspace, settings: Settings, feed: Feed, count: int) -> float:
    """Enrol the demo's people in real time; when the last picture was kept, as `time.monotonic`."""
    last = math.nan

    def emit(event: Event) -> None:
        nonlocal last
        if isinstance(event, Captured):
            last = time.monotonic()

    for name, source in PEOPLE.items():
        request = EnrolRequest(person=name, source=source, count=count, pace="live")
        enrol(workspace, settings, request, Cancel(), emit, follower=feed)
    return last


def _told(workspace: Workspace, given: Mapping[str, Sequence[Path]], feed: Feed) -> float:
    """Enrol people by their pictures at the rate of a capture; when the last one was kept."""
    registry = People(workspace)
    for name, files in given.items():
        person = registry.add(name)
        session = registry.new_session(person, "bench", "points")
        for number, picture in enumerate(files, 1):
            time.sleep(1 / A_SECOND)
            file = f"{number:04d}.png"
            write_bytes(
                registry.session_directory(person.slug, session) / file, picture.read_bytes()
            )
            feed.kept(person.slug, session, file)
        last = time.monotonic()
        feed.over(session)
    return last


def _classic(workspace: Workspace, settings: Settings) -> tuple[EpochDone, ...]:
    """The epochs of the classic recipe on the same pictures."""
    from engine.model.training_classic import train_classic  # loaded during the capture, as live

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
