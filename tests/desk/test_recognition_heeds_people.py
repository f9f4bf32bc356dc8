"""Whoever is deleted or takes their consent back is not named any more, by a run under way too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bench.material import crops_of, enrol_made_up
from engine.cancel import Cancel
from engine.contract import Event, FaceSeen, Notice, TrainDone, Warned
from engine.contract.errors import NoModel
from engine.contract.messages import FacesFound
from engine.contract.people import noted
from engine.contract.requests import TrainRequest
from engine.jobs import naming
from engine.jobs.naming import Recognition
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.people import changes
from engine.people.registry import People
from engine.rights.erase import erase
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.templates import copy_of, quick_backbone

SETTINGS = Settings()


pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")


@pytest.fixture(scope="module")
def backbone(plain_centres: None) -> Backbone:
    return quick_backbone()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Path:
    """Three made-up people and a model of them."""
    made = Workspace(tmp_path_factory.mktemp("trained") / "workspace")
    made.prepare()
    enrol_made_up(made, 0, 3, 12)
    learn(made, backbone)
    return made.root


@pytest.fixture
def trained(template: Path, tmp_path: Path) -> Workspace:
    return copy_of(template, tmp_path / "workspace")


def learn(workspace: Workspace, backbone: Backbone) -> TrainDone:
    request, kept = TrainRequest(), Backbones(kept=backbone)
    return train(workspace, SETTINGS, request, Cancel(), lambda event: None, kept)


class Camera:
    """Shows the first made-up person to a recognition, frame by frame."""

    def __init__(self, workspace: Workspace, backbone: Backbone) -> None:
        self.events: list[Event] = []
        kept = Backbones(kept=backbone)
        self._run = Recognition(workspace, SETTINGS, self.events.append, backbones=kept)
        self._frame = 0

    def show(self, frames: int = 5) -> str | None:
        """Who the person is named as, at the end."""
        for crop in crops_of(0, frames):
            self._frame += 1
            found = FacesFound(
                source="camera",
                frame=self._frame,
                seconds=self._frame / 10,
                boxes=((10, 10, 100, 100),),
                eyes_found=(True,),
                dropped=0,
                lossy=False,
                crops=np.ascontiguousarray(crop[None]).tobytes(),
            )
            self._run.take(found)
        return [event for event in self.events if isinstance(event, FaceSeen)][-1].person


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the people after every frame."""
    monkeypatch.setattr(naming, "LOOK_INTERVAL", 0.0)


def test_a_person_in_the_trash_is_not_named_by_the_run_under_way(
    trained: Workspace, backbone: Backbone, at_once: None
) -> None:
    camera = Camera(trained, backbone)
    name = camera.show()
    assert name == "Made Up 0000"
    changes.delete_people(trained, [name], 30)
    assert camera.show() != name
    changes.undo(trained)
    assert camera.show() == name


def test_an_erased_person_is_not_named_by_the_run_under_way(
    trained: Workspace, backbone: Backbone, at_once: None
) -> None:
    camera = Camera(trained, backbone)
    name = str(camera.show())
    erase(trained, name)
    assert camera.show() != name


def test_who_takes_their_consent_back_is_not_named_any_more(
    trained: Workspace, backbone: Backbone, at_once: None
) -> None:
    camera = Camera(trained, backbone)
    name = str(camera.show())
    people = People(trained)
    consent = noted("Desk one", SETTINGS.consent)
    people.set_consent(name, consent)
    assert camera.show() == name
    people.set_consent(name, replace(consent, withdrawn="2026-11-27T10:00:00+00:00"))
    assert camera.show() != name
    assert Camera(trained, backbone).show() != name


def test_a_renamed_person_is_named_by_the_new_name(
    trained: Workspace, backbone: Backbone, at_once: None
) -> None:
    camera = Camera(trained, backbone)
    People(trained).rename(str(camera.show()), "Ada Lovelace")
    assert camera.show() == "Ada Lovelace"


def test_with_nobody_left_the_run_says_so(
    trained: Workspace, backbone: Backbone, at_once: None
) -> None:
    camera = Camera(trained, backbone)
    changes.delete_people(trained, [p.name for p in People(trained).list()], 30)
    with pytest.raises(NoModel):
        camera.show()


def test_training_leaves_out_who_took_their_consent_back(
    trained: Workspace, backbone: Backbone
) -> None:
    consent = replace(noted("Desk one", SETTINGS.consent), withdrawn="2026-11-27T10:00:00+00:00")
    People(trained).set_consent("Made Up 0001", consent)
    done = learn(trained, backbone)
    assert done.people == ("Made Up 0000", "Made Up 0002")
    assert Warned("consent_withdrawn", "Made Up 0001") in done.warnings


def test_who_cannot_be_read_is_told_once_and_not_named(
    trained: Workspace, backbone: Backbone, at_once: None
) -> None:
    camera = Camera(trained, backbone)
    first = People(trained).list()[0]
    assert camera.show() == first.name
    (trained.people / first.slug / "person.json").write_bytes(b"")
    assert camera.show() is None
    camera.show()
    told = [e.text for e in camera.events if isinstance(e, Notice) and e.level == "warning"]
    assert len(told) == 1
    assert f"cannot be read: {first.slug}" in told[0]
