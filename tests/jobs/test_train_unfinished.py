"""What a training that was cut short leaves in the workspace, and who takes it up or away."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench.material import enrol_made_up, stand_in
from engine.cancel import Cancel
from engine.contract import Emit, EpochDone, Event, Notice, Recovered, TrainDone
from engine.contract.errors import Cancelled
from engine.contract.requests import TrainRequest
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.epochs import FOLDER
from engine.model.networks import Backbones
from engine.people.registry import People
from engine.rights.upkeep import recover
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.templates import copy_of


class Killed(Exception):
    """Stands for the end of the process: nothing of ours catches it."""


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return stand_in()[0]


@pytest.fixture(scope="module")
def template(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, and a training that died after its second epoch."""
    workspace = Workspace(tmp_path_factory.mktemp("killed") / "workspace")
    workspace.prepare()
    enrol_made_up(workspace, 0, 3, 12)

    def kill(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        trained(workspace, backbone, kill)
    assert unfinished(workspace) == ["head.npz"]
    return workspace.root


@pytest.fixture
def killed(template: Path, tmp_path: Path) -> Workspace:
    """A copy of it."""
    return copy_of(template, tmp_path / "copied")


def trained(
    workspace: Workspace, backbone: Backbone, emit: Emit, cancel: Cancel | None = None
) -> TrainDone:
    request, kept = TrainRequest(options={"epochs": 4}), Backbones(kept=backbone)
    return train(workspace, Settings(), request, cancel or Cancel(), emit, kept)


def unfinished(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in (workspace.models / FOLDER).glob("*"))


def test_the_next_training_goes_on_from_it_says_so_and_leaves_nothing(
    killed: Workspace, backbone: Backbone
) -> None:
    events: list[Event] = []
    with killed.writer("train") as interrupted:
        assert recover(killed, interrupted) is None
        trained(killed, backbone, events.append)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("goes on from its best epoch" in text for text in told)
    epochs = [event.epoch for event in events if isinstance(event, EpochDone)]
    assert epochs == list(range(1, len(epochs) + 1))
    assert unfinished(killed) == []


def test_what_was_cancelled_is_not_gone_on_from(killed: Workspace, backbone: Backbone) -> None:
    cancel = Cancel()

    def give_up(event: Event) -> None:
        if isinstance(event, EpochDone):
            cancel.cancel()

    with pytest.raises(Cancelled):
        trained(killed, backbone, give_up, cancel)
    assert unfinished(killed) == []


def test_the_next_writer_removes_it_when_one_of_its_people_is_gone(killed: Workspace) -> None:
    People(killed).delete_slug(People(killed).list()[0].slug)
    with killed.writer("people") as interrupted:
        assert recover(killed, interrupted) == Recovered(leftovers=1)
    assert unfinished(killed) == []


def test_it_is_private(killed: Workspace) -> None:
    file: Path = killed.models / FOLDER / "head.npz"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
