"""A capture's pictures on their way to the model process, and the lock held for their features."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from engine.contract.errors import WorkspaceLocked
from engine.contract.messages import PictureKept, PicturesOver
from engine.desk.relays import FeedCalls
from engine.desk.writer import SharedWriter
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


class Relay(FeedCalls):
    """The relay alone, without processes."""

    def __init__(self, workspace: Workspace, **children: Any) -> None:
        self._lock = threading.RLock()
        self._writer = SharedWriter(workspace)
        self._children = children
        self._fed = set()


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
def relay(workspace: Workspace, model: Recipient) -> Relay:
    return Relay(workspace, model=model)


def test_pictures_and_their_end_go_to_the_model_process(relay: Relay, model: Recipient) -> None:
    for message in (FIRST, SECOND, OVER):
        relay._relay_pictures("camera", message)
    assert model.sent == [FIRST, SECOND, OVER]


def test_the_lock_is_held_until_the_model_process_says_that_it_is_over(
    workspace: Workspace, relay: Relay
) -> None:
    for message in (FIRST, SECOND, OVER):
        relay._relay_pictures("camera", message)
        assert locked(workspace)
    relay._relay_pictures("model", OVER)
    assert not locked(workspace)


def test_without_a_model_process_pictures_are_left_to_training(workspace: Workspace) -> None:
    relay = Relay(workspace)
    for message in (FIRST, OVER):
        relay._relay_pictures("camera", message)
    assert not locked(workspace)


def test_a_model_process_that_dies_frees_the_lock_and_the_next_one_goes_on(
    workspace: Workspace, relay: Relay
) -> None:
    relay._relay_pictures("camera", FIRST)
    relay._feeding_ended("model")
    assert not locked(workspace)
    other = Recipient()
    relay._children["model"] = other
    relay._relay_pictures("camera", SECOND)
    assert other.sent == [SECOND]
    assert locked(workspace)


def test_a_camera_process_that_dies_ends_its_session(relay: Relay, model: Recipient) -> None:
    relay._relay_pictures("camera", FIRST)
    relay._feeding_ended("camera")
    assert model.sent == [FIRST, OVER]


def test_a_second_word_that_it_is_over_frees_nothing_else(
    workspace: Workspace, relay: Relay
) -> None:
    relay._writer.acquire("another job")
    relay._relay_pictures("camera", FIRST)
    for _ in range(2):
        relay._relay_pictures("model", OVER)
    assert locked(workspace)
