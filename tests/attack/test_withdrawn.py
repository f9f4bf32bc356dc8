"""Whoever took their consent back is not kept as a new unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bench.material import crops_of
from engine.cancel import Cancel
from engine.contract import Event, FaceSeen, Sighted
from engine.contract.errors import ConsentMissing, NoModel
from engine.contract.messages import FacesFound
from engine.contract.people import noted
from engine.contract.requests import RecogniseRequest, TrainRequest
from engine.jobs import naming
from engine.jobs.naming import Recognition
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.people import changes, permission, roster
from engine.people.permission import is_withdrawn, permit
from engine.people.registry import People
from engine.people.trash import Trash
from engine.rights.erase import erase
from engine.settings import ConsentSettings, GateSettings, Settings, TrainingSettings
from engine.workspace.folder import Workspace
from tests.attack import humans
from tests.attack.humans import AARON, MAN
from tests.templates import copy_of
from tui.cli.recognise import watch

ANY = GateSettings(min_brightness=0, max_brightness=255, min_sharpness=0, min_change=0)
SETTINGS = Settings(gates=ANY)
GONE, STAYS = AARON, "Other One"

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")


@pytest.fixture
def trained(enrolled: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Two made-up people and a model of them; a run looks at the people after every frame."""
    monkeypatch.setattr(naming, "LOOK_INTERVAL", 0.0)
    return enrolled


def withdraw(workspace: Workspace, name: str) -> None:
    people = People(workspace)
    consent = noted("Desk one", SETTINGS.consent)
    people.set_consent(name, replace(consent, withdrawn="2026-11-27T10:00:00+00:00"))


class Camera:
    """Shows made-up people to a recognition that keeps strangers."""

    def __init__(self, workspace: Workspace, backbone: Backbone) -> None:
        self.events: list[Event] = []
        self.run = Recognition(
            workspace, SETTINGS, self.events.append, True, Backbones(kept=backbone)
        )
        self._frame = 0

    def show(self, person: int, frames: int = 12) -> None:
        for crop in crops_of(person, frames):
            self._frame += 1
            self.run.take(
                FacesFound(
                    source="camera",
                    frame=self._frame,
                    seconds=self._frame / 2,
                    boxes=((10, 10, 100, 100),),
                    eyes_found=(True,),
                    dropped=0,
                    lossy=False,
                    crops=np.ascontiguousarray(crop[None]).tobytes(),
                )
            )

    def kept(self) -> int:
        self.run.flush()
        return sum(isinstance(event, Sighted) for event in self.events)

    def named(self) -> set[str | None]:
        return {event.person for event in self.events if isinstance(event, FaceSeen)}


def test_their_face_is_not_kept_and_a_strangers_is(trained: Workspace, backbone: Backbone) -> None:
    withdraw(trained, GONE)
    camera = Camera(trained, backbone)
    camera.show(MAN)
    assert (camera.kept(), camera.named()) == (0, {None})
    camera.show(7)
    assert camera.kept() == 1


def test_nor_by_a_run_that_was_under_way(trained: Workspace, backbone: Backbone) -> None:
    camera = Camera(trained, backbone)
    camera.show(MAN)
    assert GONE in camera.named()
    withdraw(trained, GONE)
    camera.show(MAN)
    assert camera.kept() == 0


def out_of_the_model(workspace: Workspace, backbone: Backbone) -> None:
    humans.trained(workspace, backbone)


def into_the_trash(workspace: Workspace, backbone: Backbone) -> None:
    changes.delete_people(workspace, [GONE], 30)


@pytest.mark.parametrize("then", [out_of_the_model, into_the_trash])
def test_nor_once_the_model_or_the_list_has_them_no_more(
    trained: Workspace, backbone: Backbone, then: Callable[[Workspace, Backbone], None]
) -> None:
    withdraw(trained, GONE)
    then(trained, backbone)
    camera = Camera(trained, backbone)
    camera.show(MAN)
    assert camera.kept() == 0


def test_merging_them_into_somebody_does_not_make_them_named_again(
    trained: Workspace, backbone: Backbone
) -> None:
    withdraw(trained, GONE)
    with pytest.raises(ConsentMissing, match=f"{GONE} took their consent back"):
        changes.merge(trained, GONE, STAYS, 30)
    assert (len(People(trained).list()), len(Trash(trained).changes())) == (2, 0)
    changes.merge(trained, STAYS, GONE, 30)  # the other way the withdrawal stays
    with pytest.raises(NoModel):
        Camera(trained, backbone)
    changes.undo(trained)
    withdraw(trained, STAYS)
    changes.merge(trained, GONE, STAYS, 30)
    assert [is_withdrawn(person) for person in People(trained).list()] == [True]


def test_the_roster_does_not_give_back_what_they_took(workspace: Workspace, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text(f"name,consent\n{GONE},yes\n{STAYS},yes\n")
    roster.add(workspace, names)
    for number, name in enumerate((GONE, STAYS)):
        humans.enrol(workspace, name, number, 2)
    permission.note_consent(workspace, SETTINGS.consent, GONE, "Desk one", "")
    permission.withdraw_consent(workspace, GONE.lower())
    changes.delete_people(workspace, [GONE, STAYS], 30)
    strict = ConsentSettings(required="refuse")
    with pytest.raises(ConsentMissing):
        permit(workspace, [GONE], strict)
    assert permit(workspace, [STAYS], strict).consent(STAYS)


def test_who_is_erased_is_a_stranger_like_any_other(trained: Workspace, backbone: Backbone) -> None:
    withdraw(trained, GONE)
    erase(trained, GONE)
    camera = Camera(trained, backbone)
    camera.show(MAN)
    assert camera.kept() == 1


@pytest.mark.long
def test_a_real_man_in_another_take_is_not_kept_and_another_man_is(
    clips: Path, clips_trained: Path, cut: Callable[..., Path], tmp_path: Path
) -> None:
    settings = Settings(training=TrainingSettings(views=0))
    workspace = copy_of(clips_trained, tmp_path / "w")
    changes.delete_people(workspace, ["Man B"], 0)
    train(workspace, settings, TrainRequest(options={"epochs": 1}), Cancel(), lambda event: None)
    withdraw(workspace, "Man A")

    def sighted(clip: str) -> int:
        """Sightings of three seconds of this clip."""
        events: list[Event] = []
        part = cut(clips / clip, tmp_path / f"{clip}.avi", 75, 100)
        request = RecogniseRequest(source=str(part), pace="fast", keep=True)
        watch(workspace, settings, request, Cancel(), events.append)
        seen = [event for event in events if isinstance(event, FaceSeen)]
        assert len(seen) > 50, "the clip shows a face"
        assert not any(event.person for event in seen)
        return sum(isinstance(event, Sighted) for event in events)

    assert sighted("man_a_take2.mp4") == 0
    assert sighted("man_b.mp4") >= 1
