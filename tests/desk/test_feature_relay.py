"""A capture's pictures on their way to the model process, and the lock held for their features."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from engine.config import load_settings
from engine.contract.errors import WorkspaceLocked
from engine.contract.messages import PictureKept, PicturesOver
from engine.desk.calls import SharedWriter
from engine.desk.model_process import ModelBody
from engine.desk.relays import FeatureRelay
from engine.jobs import features_ahead
from engine.model.backbones import load_ahead
from engine.workspace.folder import Workspace

FIRST = PictureKept(slug="ada", session="s1", file="0001.png")
SECOND = PictureKept(slug="ada", session="s1", file="0002.png")
OVER = PicturesOver(session="s1")


class Recipient:
    """Where messages for a process end."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)


class Processes:
    """The children that a test says there are."""

    def __init__(self, **children: Recipient) -> None:
        self.lock = threading.RLock()
        self.children = children


def relay_to(workspace: Workspace, **children: Recipient) -> FeatureRelay:
    return FeatureRelay(Processes(**children), SharedWriter(workspace))  # type: ignore[arg-type]


def locked(workspace: Workspace) -> bool:
    try:
        with workspace.writer("a test"):
            return False
    except WorkspaceLocked:
        return True


@pytest.fixture
def model() -> Recipient:
    return Recipient()


@pytest.fixture
def relay(workspace: Workspace, model: Recipient) -> FeatureRelay:
    return relay_to(workspace, model=model)


def test_pictures_and_their_end_go_to_the_model_process(
    relay: FeatureRelay, model: Recipient
) -> None:
    for message in (FIRST, SECOND, OVER):
        relay.take("camera", message)
    assert model.sent == [FIRST, SECOND, OVER]


def test_the_lock_is_held_until_the_model_process_says_that_it_is_over(
    workspace: Workspace, relay: FeatureRelay
) -> None:
    for message in (FIRST, SECOND, OVER):
        relay.take("camera", message)
        assert locked(workspace)
    relay.take("model", OVER)
    assert not locked(workspace)


def test_without_a_model_process_pictures_are_left_to_training(workspace: Workspace) -> None:
    relay = relay_to(workspace)
    for message in (FIRST, OVER):
        relay.take("camera", message)
    assert not locked(workspace)


def test_a_model_process_that_dies_frees_the_lock_and_the_next_one_goes_on(
    workspace: Workspace, relay: FeatureRelay
) -> None:
    relay.take("camera", FIRST)
    relay.process_died("model")
    assert not locked(workspace)
    other = Recipient()
    relay._processes.children["model"] = other  # type: ignore[assignment]
    relay.take("camera", SECOND)
    assert other.sent == [SECOND]
    assert locked(workspace)


def test_a_camera_process_that_dies_ends_its_session(relay: FeatureRelay, model: Recipient) -> None:
    relay.take("camera", FIRST)
    relay.process_died("camera")
    assert model.sent == [FIRST, OVER]


def test_a_second_word_that_it_is_over_frees_nothing_else(
    workspace: Workspace, relay: FeatureRelay
) -> None:
    relay._writer.acquire("another job")
    relay.take("camera", FIRST)
    for _ in range(2):
        relay.take("model", OVER)
    assert locked(workspace)


def test_the_model_process_loads_what_trains_once_it_has_features(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desks of the other tests do without: `tests.children`."""
    given: list[object] = []
    monkeypatch.setattr(features_ahead, "FeaturesAhead", lambda *all: given.extend(all))
    context: Any = SimpleNamespace(workspace=workspace, settings=load_settings())
    ModelBody(context)
    assert given[-1] is load_ahead
