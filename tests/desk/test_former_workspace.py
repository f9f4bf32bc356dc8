"""A workspace of an earlier version: it is read, says what to do, and is brought up to date."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from desk_driver import Collector
from former_workspace import COLLINS, FORMER_EXTRACTOR, HOPPER, fill, former_model

from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, Notice
from engine.contract.errors import ModelCorrupt, Remedy
from engine.contract.requests import TrainRequest
from engine.desk.library import person_rows
from engine.desk.local import LocalDesk
from engine.desk.unknown import unknown_view
from engine.jobs.naming import Recognition
from engine.jobs.train import train
from engine.model.backbones import packaged_space
from engine.model.store import ModelStore
from engine.people.unknown import UnknownStore
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted
from tests.templates import without_epochs

OLDER_EXTRACTOR = "1b" * 32
SETTINGS = load_settings(model={"backbone": "vgg16"}, training={"views": 0})


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("former") / "workspace")
    made.prepare()
    fill(made, 6)
    UnknownStore(made, SETTINGS.unknown).add(sighted(colour=60))
    UnknownStore(made, SETTINGS.unknown).add(sighted((0.0, 1.0), space="1" * 64, colour=60))
    return made


@pytest.fixture
def old(former: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, untrained."""
    shutil.copytree(former.root, tmp_path / "old")
    return Workspace(tmp_path / "old")


@pytest.fixture(scope="module")
def after(former: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """A copy after one training, and what that said."""
    folder = tmp_path_factory.mktemp("after") / "workspace"
    shutil.copytree(former.root, folder)
    workspace, said = Workspace(folder), []
    former_model(workspace, packaged_space("vgg16").digest, OLDER_EXTRACTOR, promote=False)
    for name in (OLDER_EXTRACTOR, "notes"):
        (workspace.features / name).mkdir()

    def emit(event: Event) -> None:
        if isinstance(event, Notice):
            said.append(event.text)

    with workspace.writer("train"), without_epochs():
        done = train(workspace, SETTINGS, TrainRequest(options={"epochs": 2}), Cancel(), emit)
    assert done.promoted
    return workspace, "\n".join(said)


def test_a_model_of_before_says_what_to_do(old: Workspace) -> None:
    with pytest.raises(ModelCorrupt, match="trained by an earlier version") as caught:
        Recognition(old, SETTINGS, lambda event: None)
    assert caught.value.hint == Remedy.TRAIN


def test_people_are_listed_and_the_unknown_reads_before_any_training(old: Workspace) -> None:
    assert [row.name for row in person_rows(old)] == [COLLINS, HOPPER]
    assert unknown_view(old, SETTINGS).waiting == 2


def test_the_app_starts_and_tells_why_it_cannot_recognise(old: Workspace) -> None:
    desk = LocalDesk(old, SETTINGS)
    try:
        collector = Collector()
        desk.start(collector)
        assert len(desk.people()) == 2
    finally:
        desk.close()


def test_after_a_training_the_new_model_recognises(after: tuple[Workspace, str]) -> None:
    Recognition(after[0], SETTINGS, lambda event: None)
    assert len(ModelStore(after[0]).list()) == 3  # the former ones are kept


def test_training_says_in_sentences_what_it_brought_up_to_date(
    after: tuple[Workspace, str],
) -> None:
    assert "Realigned 12 of 12 pictures by the new detector" in after[1]
    assert "2 sightings of the unknown were looked at again by the present network" in after[1]
    assert "Removed features of an earlier version, which nothing reads: 2.0 MB." in after[1]


def test_only_features_that_a_usable_model_is_made_of_stay(after: tuple[Workspace, str]) -> None:
    used = ModelStore(after[0]).list()[0].details["extractor"]
    present = {each.name for each in after[0].features.iterdir()}
    assert FORMER_EXTRACTOR not in present
    assert present == {used, OLDER_EXTRACTOR, "notes"}  # a folder of somebody else's stays too


def test_sightings_of_two_former_spaces_group_by_their_crops(
    after: tuple[Workspace, str], former: Workspace
) -> None:
    assert len(unknown_view(former, SETTINGS).groups) == 2
    (group,) = unknown_view(after[0], SETTINGS).groups  # both show the very same
    assert len(group.sightings) == 2
    unknown = UnknownStore(after[0], SETTINGS.unknown)
    for id in group.sightings:
        for file in sorted(unknown.folder(id).glob("*.png")):
            same = UnknownStore(former, SETTINGS.unknown).folder(id) / file.name
            assert file.read_bytes() == same.read_bytes()
