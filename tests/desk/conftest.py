"""A real desk with real child processes, closed after each test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import load_settings
from engine.contract.requests import EnrolRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace

sys.path.insert(0, str(Path(__file__).parent))
assert importlib.util.find_spec("desk_driver")

from desk_driver import started  # noqa: E402 - found only now


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[LocalDesk]:
    """A desk on an empty workspace, not yet started."""
    made = LocalDesk(workspace, load_settings())
    yield made
    made.close()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with two people and a model, trained once."""
    workspace = Workspace(tmp_path_factory.mktemp("trained") / "workspace")
    workspace.prepare()
    # Augmented views would cost two thirds of the time, and no test is about them.
    desk = LocalDesk(workspace, load_settings(training={"views": 0}))
    collector = started(desk)
    for name, source in (("Eileen Collins", "demo:collins"), ("Grace Hopper", "demo:hopper")):
        collector.forget()
        desk.enrol(EnrolRequest(person=name, source=source, count=10, pace="fast"))
        assert collector.wait_end("enrol").outcome == "done"
    desk.train(TrainRequest(epochs=2))
    assert collector.wait_end("train").outcome == "done"
    desk.close()
    return workspace
