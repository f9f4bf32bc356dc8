"""Made-up humans: enrolled, trained on, and shown to the real recognition."""

from __future__ import annotations

import numpy as np

from engine.bench.material import SOURCE, crops_of
from engine.cancel import Cancel
from engine.contract import Event, FaceSeen
from engine.contract.messages import FacesFound
from engine.contract.requests import TrainRequest
from engine.jobs.naming import Recognition
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.people.registry import People
from engine.pictures import encode_png
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.templates import without_epochs

SETTINGS = Settings()
KEEP = 30
MAN, WOMAN, OTHER = 0, 1, 2
"""Whose pictures: made-up people of `engine.bench.material`."""
AARON, AARON_SLUG = "Aaron Man", "aaron-man"


def trained(workspace: Workspace, backbone: Backbone) -> None:
    """Train on everybody."""
    kept = Backbones(kept=backbone)
    with without_epochs():
        train(workspace, SETTINGS, TrainRequest(), Cancel(), lambda event: None, kept)


def enrol(workspace: Workspace, name: str, human: int, pictures: int = 12) -> None:
    people = People(workspace)
    person = people.add(name)
    session = people.new_session(person, SOURCE, "points")
    for number, crop in enumerate(crops_of(human, pictures), 1):
        file = people.session_directory(person.slug, session) / f"{number:04d}.png"
        file.write_bytes(encode_png(crop))


def take_the_folder(workspace: Workspace, name: str) -> None:
    """Move a person into Aaron's folder, as workspaces of before had them there."""
    person = People(workspace).get(name)
    (workspace.people / person.slug).rename(workspace.people / AARON_SLUG)


class Run:
    """A recognition, and a camera before which somebody stands."""

    def __init__(self, workspace: Workspace, backbone: Backbone) -> None:
        self._events: list[Event] = []
        kept = Backbones(kept=backbone)
        self._run = Recognition(workspace, SETTINGS, self._events.append, backbones=kept)
        self._frame = 0

    def show(self, human: int) -> str | None:
        """Who a human is named as, at the end of some frames."""
        self._frame += 100  # a new track: the one before is lost
        for crop in crops_of(human, 8):
            self._frame += 1
            self._run.take(
                FacesFound(
                    source="camera",
                    frame=self._frame,
                    seconds=self._frame / 10,
                    boxes=((10, 10, 100, 100),),
                    eyes_found=(True,),
                    dropped=0,
                    lossy=False,
                    crops=np.ascontiguousarray(crop[None]).tobytes(),
                )
            )
        return [event for event in self._events if isinstance(event, FaceSeen)][-1].person


def named(workspace: Workspace, backbone: Backbone, human: int) -> str | None:
    """Who a human is named as by a recognition that begins now."""
    return Run(workspace, backbone).show(human)
