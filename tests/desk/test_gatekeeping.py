"""The real training job and the promotion gate: what is put in use, and what is kept aside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import EpochDone, Event, FeaturesProgress, TrainDone
from engine.contract.errors import Cancelled
from engine.contract.requests import EnrolRequest, TrainRequest
from engine.dataset.split import load_split
from engine.jobs.enrol import enrol
from engine.jobs.train import train
from engine.model.record import contains, decode
from engine.model.store import ModelStore
from engine.model.weights import load_weights
from engine.people.registry import People
from engine.pictures import decode_crop
from engine.recognise.recogniser import classifier_for
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.templates import EACH, copy_of, without_epochs

COLLINS, HOPPER = "eileen-collins", "grace-hopper"
SETTINGS = load_settings(training={"views": 0})
"""Without augmented views, which triple the work and decide nothing here."""


class Desk:
    """A workspace and its training job, run in this process."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.workspace, self.settings = workspace, settings
        self.store = ModelStore(workspace)
        self.events: list[Event] = []

    def train(
        self,
        on_event: Callable[[Event, Cancel], None] = lambda event, cancel: None,
        **request: object,
    ) -> TrainDone:
        cancel = Cancel()
        self.events = []

        def emit(event: Event) -> None:
            self.events.append(event)
            on_event(event, cancel)

        wanted = TrainRequest(**{"options": {"epochs": 3}, **request})  # type: ignore[arg-type]
        return train(self.workspace, self.settings, wanted, cancel, emit)

    def swap_training_pictures(self) -> None:
        """Give either person the other's training pictures: mislabelled, as if mixed up."""
        split = load_split(self.workspace)
        assert split is not None
        files = [
            [self.workspace.people / slug / picture for picture in split.people[slug]["train"]]
            for slug in (COLLINS, HOPPER)
        ]
        for one, other in zip(*files, strict=True):
            one_bytes, other_bytes = one.read_bytes(), other.read_bytes()
            one.write_bytes(other_bytes)
            other.write_bytes(one_bytes)


@pytest.fixture
def learning(demo_trained: Path, tmp_path: Path) -> Desk:
    """Both demo portraits, as many pictures of either, with a good model in use."""
    return Desk(copy_of(demo_trained, tmp_path / "copy"), SETTINGS)


@pytest.fixture
def desk(learning: Desk) -> Iterator[Desk]:
    """The same, but its trainings have no epochs: the gate judges what comes of them."""
    with without_epochs():
        yield learning


def test_a_model_says_which_pictures_it_was_trained_on(desk: Desk) -> None:
    split = load_split(desk.workspace)
    assert split is not None
    details = desk.store.load().info.details
    for slug, parts in split.people.items():
        id = People(desk.workspace).by_slug(slug).id
        recorded = {
            f"{session}/{file}"
            for session, ranges in details["trained_on"][id].items()
            for file in decode(ranges)
        }
        assert recorded == set(parts["train"])
        session, _, file = parts["test"][0].partition("/")
        assert not contains(details["trained_on"], id, session, file)
    assert len(details["split"]["digest"]) == 64


def test_the_first_model_is_put_in_use_without_a_word_about_a_comparison(desk: Desk) -> None:
    gate = desk.store.load().info.details["gate"]
    assert (gate["promote"], gate["probes"], gate["sentence"]) == (True, 0, "")


def test_a_model_as_good_as_the_one_in_use_takes_its_place(learning: Desk) -> None:
    before = learning.store.current_id()
    done = learning.train()
    assert done.promoted
    assert learning.store.current_id() == done.model != before
    gate = learning.store.load().info.details["gate"]
    assert gate["probes"] >= 6
    assert gate["old_hits"] == gate["new_hits"] == gate["probes"]
    assert "held-out pictures rightly" in done.why
    assert (done.probes, done.named_now) != (0, 0)


def test_a_model_trained_on_mixed_up_pictures_is_kept_aside_and_can_be_promoted_by_hand(
    desk: Desk,
) -> None:
    before = desk.store.current_id()
    desk.swap_training_pictures()
    done = desk.train()
    assert not done.promoted
    assert done.why
    assert desk.store.current_id() == before
    kept = next(info for info in desk.store.list() if info.id == done.model)
    assert not kept.current
    assert kept.details["gate"]["lost"] == kept.details["gate"]["probes"] >= 6
    assert desk.store.promote(done.model).current
    assert desk.store.rollback().id == before


def test_a_good_model_takes_the_place_of_a_bad_one(desk: Desk) -> None:
    desk.swap_training_pictures()
    desk.store.promote(desk.train().model)
    desk.swap_training_pictures()
    done = desk.train()
    assert done.promoted
    assert desk.store.load().info.details["gate"]["gained"] >= 6


def test_a_damaged_model_in_use_gives_way(desk: Desk) -> None:
    head = desk.workspace.models / str(desk.store.current_id()) / "head.npz"
    head.write_bytes(head.read_bytes()[:-1])
    done = desk.train()
    assert done.promoted
    assert "The model in use is damaged" in done.why
    assert desk.store.load().info.details["gate"]["probes"] == 0


def test_but_not_to_one_in_which_two_people_are_mixed_up(desk: Desk) -> None:
    before = str(desk.store.current_id())
    head = desk.workspace.models / before / "head.npz"
    head.write_bytes(head.read_bytes()[:-1])
    desk.swap_training_pictures()
    done = desk.train()
    assert not done.promoted
    assert "two faces" in done.why
    assert desk.store.current_id() == before


def test_pictures_that_the_model_in_use_was_trained_on_are_no_probes(desk: Desk) -> None:
    split_file = desk.workspace.split_file
    body = json.loads(split_file.read_text())
    for parts in body["people"].values():  # all that was held out is trained on, and the reverse
        held = parts["validation"] + parts["test"]
        parts["validation"], parts["test"] = parts["train"][:4], parts["train"][4:]
        parts["train"] = held
    split_file.write_text(json.dumps(body))
    done = desk.train()
    assert done.promoted
    assert "There are no held-out pictures of people that both models know" in done.why


def test_a_model_in_use_that_knows_none_of_these_people_gives_way(desk: Desk) -> None:
    for slug in ("eileen-collins", "grace-hopper"):
        People(desk.workspace).delete_slug(slug)
    request = EnrolRequest(person="Ada", source="demo:collins", count=EACH, pace="fast")
    enrol(desk.workspace, desk.settings, request, Cancel(), lambda event: None)
    done = desk.train()
    assert done.promoted
    assert "Nobody in the model in use may be named any more" in done.why


@pytest.fixture(scope="module")
def classic(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, TrainDone]:
    """A workspace with a model of recipe head, and one of recipe classic trained after it."""
    root = tmp_path_factory.mktemp("classic") / "copy"
    made = Desk(copy_of(demo_trained, root), SETTINGS)
    return made, made.train(recipe="classic", options={"epochs": 1})


@pytest.mark.long
def test_classic_tells_the_figures_of_its_own_classifier(classic: tuple[Desk, TrainDone]) -> None:
    desk, done = classic
    model = desk.store.load(done.model)
    assert model.info.details["options"]["input_side"] == 160
    propose = classifier_for(model, load_weights())
    split = load_split(desk.workspace)
    assert propose is not None
    assert split is not None
    held_out = [
        (row, desk.workspace.people / slug / picture)
        for row, (id, _, _) in enumerate(model.labels)
        for slug in [People(desk.workspace).by_id(id).slug]
        for picture in split.people[slug]["test"]
    ]
    found = propose(np.stack([decode_crop(path) for _, path in held_out])).argmax(1)
    right = float(np.mean(found == [row for row, _ in held_out]))
    assert done.metrics["rank1_test"] == pytest.approx(right)
    assert done.metrics["tpir_test"] <= right


@pytest.mark.long
def test_classic_and_head_are_compared_each_by_its_own_rule(
    classic: tuple[Desk, TrainDone],
) -> None:
    desk, done = classic
    gate = next(info for info in desk.store.list() if info.id == done.model).details["gate"]
    assert gate["probes"] >= 6
    assert gate["old_hits"] == gate["probes"]
    assert done.promoted is gate["promote"]
    desk.store.promote(done.model)
    assert desk.train().promoted  # now the classic one is the one in use


# --- the end before the end ---------------------------------------------------------------------


def test_a_stop_after_an_epoch_keeps_the_best_so_far(learning: Desk) -> None:
    def stop(event: Event, cancel: Cancel) -> None:
        if isinstance(event, EpochDone) and event.epoch == 2:
            cancel.stop()

    done = learning.train(stop, options={"epochs": 50})
    assert done.epochs == 2
    assert learning.store.current_id() == done.model
    assert learning.store.load().info.epochs == 2


def test_a_stop_while_features_are_made_gives_up(learning: Desk) -> None:
    before = [info.id for info in learning.store.list()]
    shutil.rmtree(learning.workspace.features)

    def stop(event: Event, cancel: Cancel) -> None:
        if isinstance(event, FeaturesProgress):
            cancel.stop()

    with pytest.raises(Cancelled):
        learning.train(stop)
    assert [info.id for info in learning.store.list()] == before


def test_a_cancel_after_an_epoch_leaves_no_model(learning: Desk) -> None:
    before = [info.id for info in learning.store.list()]

    def give_up(event: Event, cancel: Cancel) -> None:
        if isinstance(event, EpochDone) and event.epoch == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        learning.train(give_up, options={"epochs": 50})
    assert [info.id for info in learning.store.list()] == before
