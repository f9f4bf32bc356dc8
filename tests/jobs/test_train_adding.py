"""One more person in a gallery: what is computed for it, and what of the split stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.bench.material import Counting, enrol_made_up, stand_in
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import EpochDone, Event, FeaturesProgress
from engine.contract.requests import TrainRequest
from engine.dataset.split import Split, load_split
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.model.store import ModelStore
from engine.people.registry import People
from engine.workspace.folder import Workspace
from tests.templates import copy_of, without_epochs

PEOPLE, PICTURES = 5, 12
VIEWS = load_settings().training.views


@dataclass(frozen=True)
class Added:
    """A gallery that was trained on twice, the second time with one person more."""

    workspace: Workspace
    events: list[Event]
    computed: int
    """Crops that the second training sent through the network."""
    split_before: Split


def trained(workspace: Workspace, backbone: Backbone) -> list[Event]:
    events: list[Event] = []
    request = TrainRequest(options={"epochs": 2})
    train(workspace, load_settings(), request, Cancel(), events.append, Backbones(kept=backbone))
    return events


@pytest.fixture(scope="module")
def network() -> tuple[Backbone, Counting]:
    return stand_in()


@pytest.fixture(scope="module")
def added(network: tuple[Backbone, Counting], tmp_path_factory: pytest.TempPathFactory) -> Added:
    backbone, counting = network
    workspace = Workspace(tmp_path_factory.mktemp("gallery") / "workspace")
    workspace.prepare()
    enrol_made_up(workspace, 0, PEOPLE, PICTURES)
    with without_epochs():
        trained(workspace, backbone)
    before = load_split(workspace)
    assert before is not None
    counting.crops = 0
    enrol_made_up(workspace, PEOPLE, 1, PICTURES)
    with without_epochs():
        events = trained(workspace, backbone)
    return Added(workspace, events, counting.crops, before)


def test_only_the_new_persons_crops_are_computed(added: Added) -> None:
    split = load_split(added.workspace)
    assert split is not None
    known = {person[0] for person in ModelStore(added.workspace).list()[1].people}
    (new,) = (person.slug for person in People(added.workspace).list() if person.id not in known)
    learnt = len(split.people[new]["train"])
    assert added.computed == PICTURES + VIEWS * learnt
    last = [event for event in added.events if isinstance(event, FeaturesProgress)][-1]
    assert last.total - last.cached == added.computed


def test_everybody_elses_pictures_stay_in_their_parts(added: Added) -> None:
    after = load_split(added.workspace)
    assert after is not None
    assert {slug: after.people[slug] for slug in added.split_before.people} == (
        added.split_before.people
    )


def test_the_model_that_knows_one_more_is_put_in_use(added: Added) -> None:
    assert len(ModelStore(added.workspace).load().labels) == PEOPLE + 1


def test_another_training_computes_nothing_and_still_tells_every_epoch(
    network: tuple[Backbone, Counting], added: Added, tmp_path: Path
) -> None:
    backbone, counting = network
    counting.crops = 0
    events = trained(copy_of(added.workspace.root, tmp_path / "copied"), backbone)
    assert counting.crops == 0
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2]
