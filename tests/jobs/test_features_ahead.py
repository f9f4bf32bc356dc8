"""Features while a capture runs: what is left for training, and what a session given up leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.bench.material import Counting, crops_of, stand_in
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import Event, TrainDone
from engine.contract.messages import PictureKept, PicturesOver
from engine.contract.requests import EnrolRequest, TrainRequest
from engine.jobs.enrol import enrol
from engine.jobs.features_ahead import BATCH, FeaturesAhead
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.model.store import ModelStore
from engine.people.person import Person
from engine.people.registry import People
from engine.pictures import encode_png
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace

pytestmark = pytest.mark.usefixtures("plain_centres")

VIEWS = load_settings().training.views
ADA = "Ada Lovelace"


@pytest.fixture(scope="module")
def backbone() -> tuple[Backbone, Counting]:
    return stand_in()


@pytest.fixture
def backbones(backbone: tuple[Backbone, Counting]) -> Backbones:
    return Backbones(kept=backbone[0])


class Gate(Counting):
    """Counts, and waits in the midst of each batch until it is let through."""

    def __init__(self, inner: Counting) -> None:
        self.inner, self.length, self.crops = inner, inner.length, 0
        self.reached, self.through = threading.Semaphore(0), threading.Semaphore(0)

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.reached.release()
        assert self.through.acquire(timeout=30)
        self.crops += len(crops)
        return self.inner.extract(crops)


@pytest.fixture
def gated(backbone: tuple[Backbone, Counting]) -> Iterator[tuple[Gate, Backbones]]:
    whole, counting = backbone
    gate = Gate(counting)
    yield gate, Backbones(kept=Backbone("vgg16", gate, whole.space, None, gate.digest))
    gate.through.release(1000)


def session_of(workspace: Workspace, name: str) -> tuple[Person, str]:
    people = People(workspace)
    person = people.add(name)
    return person, people.new_session(person, "synthetic")


def pass_batches(gate: Gate, count: int) -> None:
    """Let so many batches through, and wait until the last of them has begun."""
    gate.through.release(count)
    for _ in range(count):
        assert gate.reached.acquire(timeout=30)


def keep(workspace: Workspace, person: Person, session: str, count: int) -> list[str]:
    """Put so many pictures of a session on disk; their names."""
    files = [f"{number:04d}.png" for number in range(1, count + 1)]
    for file, crop in zip(files, crops_of(7, count), strict=True):
        write_bytes(workspace.people / person.slug / session / file, encode_png(crop))
    return files


def keep_with(workspace: Workspace, features: FeaturesAhead, count: int) -> tuple[Person, str]:
    """Keep so many pictures of a new person, and tell the features of all at once."""
    person, session = session_of(workspace, ADA)
    with features.paused():
        for file in keep(workspace, person, session, count):
            features.kept(person.slug, session, file)
    return person, session


def trained(workspace: Workspace, backbones: Backbones) -> TrainDone:
    events: list[Event] = []
    return train(
        workspace,
        load_settings(),
        TrainRequest(options={"epochs": 1}),
        Cancel(),
        events.append,
        backbones,
    )


def rows_on_disk(workspace: Workspace) -> list[str]:
    """All that lies below features/, folders too."""
    return [path.name for path in workspace.features.rglob("*")]


def test_training_after_a_fed_capture_computes_nothing(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, VIEWS, backbones)
    _, session = keep_with(workspace, features, 2 * BATCH)
    pass_batches(gate, 2 * (1 + VIEWS))
    features.over(session)
    assert gate.crops == 2 * BATCH * (1 + VIEWS)
    trained(workspace, backbones)
    assert gate.crops == 2 * BATCH * (1 + VIEWS)


def test_the_rows_are_those_that_training_computes_itself(
    workspace: Workspace, tmp_path: Path, backbones: Backbones, gated: tuple[Gate, Backbones]
) -> None:
    gate, gated_backbones = gated
    features = FeaturesAhead(workspace, VIEWS, gated_backbones)
    _, session = keep_with(workspace, features, 4 * BATCH)
    pass_batches(gate, 4 * (1 + VIEWS))
    features.over(session)
    other = Workspace(tmp_path / "other")
    other.prepare()
    person, session = session_of(other, ADA)
    keep(other, person, session, 4 * BATCH)
    for each in (workspace, other):
        trained(each, backbones)
    one, two = (ModelStore(each).load().centres for each in (workspace, other))
    np.testing.assert_allclose(one, two, atol=1e-4)  # the rows' mean


def test_pictures_come_before_their_views(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, VIEWS, backbones)
    _, session = keep_with(workspace, features, 2 * BATCH)
    pass_batches(gate, 2)
    over_with(features, gate, session)
    names = [name for name in rows_on_disk(workspace) if name.endswith(".npz")]
    assert names
    assert not any("view2" in name for name in names)


def over_with(features: FeaturesAhead, gate: Gate, session: str) -> None:
    """End a session of which one more batch may be under way."""
    gate.through.release(1000)
    features.over(session)


def test_what_a_capture_did_not_come_to_is_left_to_training(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, VIEWS, backbones)
    _, session = keep_with(workspace, features, 4 * BATCH)
    assert gate.reached.acquire(timeout=30)  # one batch is under way
    ender = threading.Thread(target=features.over, args=(session,))
    ender.start()
    with features._changed:
        assert features._changed.wait_for(lambda: not features._sessions, timeout=30)
    gate.through.release(1000)
    ender.join(30)
    assert gate.crops == BATCH
    trained(workspace, backbones)
    counts = gate.crops
    assert counts > BATCH
    trained(workspace, backbones)
    assert gate.crops == counts


def test_nothing_is_computed_while_something_else_has_the_network(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, 0, backbones)
    with features.paused():
        _, session = keep_with(workspace, features, BATCH)
        assert not gate.reached.acquire(timeout=0.2)
    pass_batches(gate, 1)
    features.over(session)
    assert gate.crops == BATCH


def test_a_session_given_up_in_the_midst_of_a_batch_leaves_nothing(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, VIEWS, backbones)
    person, session = keep_with(workspace, features, 2 * BATCH)
    pass_batches(gate, 1)
    assert gate.reached.acquire(timeout=30)  # the second one is under way
    people = People(workspace)
    people.discard_session(person.slug, session, only_if_empty=False)
    people.discard_if_empty(person)
    over_with(features, gate, session)
    extractor_folder = [Counting.digest] if rows_on_disk(workspace) else []
    assert rows_on_disk(workspace) == extractor_folder


def test_a_picture_deleted_in_the_midst_of_a_batch_has_no_row(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, 0, backbones)
    person, session = keep_with(workspace, features, BATCH)
    assert gate.reached.acquire(timeout=30)
    (workspace.people / person.slug / session / "0002.png").unlink()
    over_with(features, gate, session)
    for file in workspace.features.rglob("*.npz"):
        with np.load(file, allow_pickle=False) as arrays:
            assert arrays["files"].tolist() == ["0001.png"]


def test_a_network_that_fails_does_not_end_the_feed(
    workspace: Workspace, gated: tuple[Gate, Backbones]
) -> None:
    gate, backbones = gated
    features = FeaturesAhead(workspace, 0, backbones)
    person, session = session_of(workspace, ADA)
    (workspace.people / person.slug / session / "0001.png").write_bytes(b"no picture")
    features.kept(person.slug, session, "0001.png")
    features.over(session)
    gate.through.release(1000)
    other, good = session_of(workspace, "Grace Hopper")
    with features.paused():
        for file in keep(workspace, other, good, BATCH):
            features.kept(other.slug, good, file)
    assert gate.reached.acquire(timeout=30)
    features.over(good)
    assert gate.crops == BATCH


def test_the_pictures_of_a_real_capture_are_told_with_their_names(
    workspace: Workspace,
) -> None:
    told: list[tuple[str, str, str]] = []

    def follow(message: PictureKept | PicturesOver) -> None:
        if isinstance(message, PictureKept):
            assert (workspace.people / message.slug / message.session / message.file).is_file()
            told.append((message.slug, message.session, message.file))
        else:
            told.append(("", message.session, ""))

    request = EnrolRequest(person=ADA, source="demo:hopper", count=5, pace="fast")
    done = enrol(
        workspace,
        load_settings(),
        request,
        Cancel(),
        lambda event: None,
        follower=follow,
    )
    (person,) = People(workspace).list()
    files = [(person.slug, done.session, f"{n:04d}.png") for n in range(1, 6)]
    assert told == [*files, ("", done.session, "")]
