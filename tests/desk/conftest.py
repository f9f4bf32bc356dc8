"""A real desk with real child processes, closed after each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import load_settings
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from tests.templates import copy_of

sys.path.insert(0, str(Path(__file__).parent))
from desk_driver import Collector, OneDesk


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[LocalDesk]:
    """A desk on an empty workspace, not yet started."""
    made = LocalDesk(workspace, load_settings())
    yield made
    made.close()


@pytest.fixture
def running(one_desk: OneDesk) -> OneDesk:
    """The module's desk for many tests, idle."""
    one_desk.ready()
    return one_desk


@pytest.fixture
def collector(running: OneDesk) -> Collector:
    """What is heard of it."""
    return running.heard


@pytest.fixture(scope="session")
def trained(demo_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with two people and a model of them, for tests that leave it as it is."""
    return copy_of(demo_trained, tmp_path_factory.mktemp("trained") / "workspace")
