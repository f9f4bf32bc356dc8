"""Workspaces that take long to make: made once a session, whichever worker needs one first.

Each test that writes takes a copy.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract.requests import EnrolRequest, TrainRequest
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from engine.model.backbones import Backbone

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"
EACH = 14
"""Pictures of each of the two."""
CLIPS = {"Man A": "man_a_take1.mp4", "Man B": "man_b.mp4", "Woman A": "woman_a.mp4"}
"""Three people of the shared clips. Man A is in man_a_take2.mp4 as well."""
OF_A_CLIP = 12
"""Pictures of each of them."""
NO_VIEWS = {"views": 0}
"""Training settings: augmented views would cost two thirds of the time."""


def once(session: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, made by one worker while the others wait for it."""
    folder, partial = session / name, session / f"{name}.partial"
    with (session / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
            make(partial)
            partial.rename(folder)
    return folder


def copy_of(template: Path, target: Path) -> Workspace:
    shutil.copytree(template, target)
    return Workspace(target)


def quick_backbone() -> Backbone:
    """The bench's stand-in for a network, with a hundredth of the space's cohort: for tests of
    where rows and models go, not of how well they score."""
    from engine.bench.material import stand_in
    from engine.model.face_space import FaceSpace

    made = stand_in()[0]
    assert isinstance(made.space, FaceSpace)
    return replace(made, space=replace(made.space, mixtures=made.space.mixtures[::100]))


@contextlib.contextmanager
def without_epochs() -> Iterator[None]:
    """Trainings stand still at the centres of the pictures, as if nothing was gained.

    The epochs read nothing but rows in memory, and take most of a small training's time (and
    TensorFlow): for tests of what is before and after them.
    """
    import engine.jobs.train as job
    from engine.model.vectors import class_centres

    def learn(run: job._Run) -> job.Outcome:
        part = run.parts["train"]
        centres = class_centres(part.embeddings, part.labels, len(run.material.people))
        return job.Outcome(centres=centres, best_epoch=0, history=())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job._Run, "learn", learn)
        patch.setattr(job, "load_ahead", lambda: None)
        yield


def both_demo_portraits(root: Path) -> None:
    """Enrol Eileen Collins and Grace Hopper, and train the default recipe on them."""
    _trained(root, {COLLINS: "demo:collins", HOPPER: "demo:hopper"}, EACH)


def people_of_clips(clips: Path, root: Path) -> None:
    """Enrol the three people of the shared clips, and train the default recipe on them."""
    _trained(root, {name: str(clips / file) for name, file in CLIPS.items()}, OF_A_CLIP)


def _trained(root: Path, people: dict[str, str], pictures: int) -> None:
    from engine.jobs.enrol import enrol
    from engine.jobs.train import train

    workspace, settings = Workspace(root), load_settings(training=NO_VIEWS)
    workspace.prepare()
    for name, source in people.items():
        request = EnrolRequest(person=name, source=source, count=pictures, pace="fast")
        with workspace.writer("test"):
            enrol(workspace, settings, request, Cancel(), lambda event: None)
    with workspace.writer("test"):
        done = train(
            workspace, settings, TrainRequest(options={"epochs": 3}), Cancel(), lambda event: None
        )
    assert done.promoted
