"""One more person in a gallery: what is computed for it, and what of the split stays."""

from __future__ import annotations

import pytest

from engine.bench.material import Counting, enrol_made_up, stand_in
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import EpochDone, Event, FeaturesProgress
from engine.contract.requests import TrainRequest
from engine.dataset.split import load_split
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.model.store import ModelStore
from engine.people.registry import People
from engine.workspace.folder import Workspace

PEOPLE, PICTURES = 5, 12
VIEWS = load_settings().training.views


@pytest.fixture(scope="module")
def network() -> tuple[Backbone, Counting]:
    return stand_in()


def trained(workspace: Workspace, backbone: Backbone) -> list[Event]:
    events: list[Event] = []
    request = TrainRequest(options={"epochs": 2})
    train(workspace, load_settings(), request, Cancel(), events.append, Backbones(kept=backbone))
    return events


@pytest.fixture
def gallery(workspace: Workspace, network: tuple[Backbone, Counting]) -> Counting:
    """Trained on a few made-up people; the counter, at nought."""
    backbone, counting = network
    enrol_made_up(workspace, 0, PEOPLE, PICTURES)
    trained(workspace, backbone)
    counting.crops = 0
    return counting


def test_only_the_new_persons_crops_are_computed(
    workspace: Workspace, network: tuple[Backbone, Counting], gallery: Counting
) -> None:
    enrol_made_up(workspace, PEOPLE, 1, PICTURES)
    events = trained(workspace, network[0])
    split = load_split(workspace)
    assert split is not None
    known = {person[0] for person in ModelStore(workspace).list()[1].people}
    (new,) = (person.slug for person in People(workspace).list() if person.id not in known)
    learnt = len(split.people[new]["train"])
    assert gallery.crops == PICTURES + VIEWS * learnt
    last = [event for event in events if isinstance(event, FeaturesProgress)][-1]
    assert last.total - last.cached == gallery.crops


def test_nothing_is_computed_for_a_second_training(
    workspace: Workspace, network: tuple[Backbone, Counting], gallery: Counting
) -> None:
    trained(workspace, network[0])
    assert gallery.crops == 0


def test_everybody_elses_pictures_stay_in_their_parts(
    workspace: Workspace, network: tuple[Backbone, Counting], gallery: Counting
) -> None:
    before = load_split(workspace)
    enrol_made_up(workspace, PEOPLE, 1, PICTURES)
    trained(workspace, network[0])
    after = load_split(workspace)
    assert before is not None
    assert after is not None
    assert {slug: after.people[slug] for slug in before.people} == before.people


def test_every_epoch_is_still_told(
    workspace: Workspace, network: tuple[Backbone, Counting], gallery: Counting
) -> None:
    events = trained(workspace, network[0])
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2]


def test_the_model_that_knows_one_more_is_put_in_use(
    workspace: Workspace, network: tuple[Backbone, Counting], gallery: Counting
) -> None:
    enrol_made_up(workspace, PEOPLE, 1, PICTURES)
    trained(workspace, network[0])
    model = ModelStore(workspace).load()
    assert len(model.labels) == PEOPLE + 1
