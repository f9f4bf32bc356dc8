"""A real desk with real child processes, closed after each test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import load_settings
from engine.service.client import LocalDesk
from engine.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parent))
assert importlib.util.find_spec("desk_driver")


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[LocalDesk]:
    """A desk on an empty workspace, not yet started."""
    made = LocalDesk(workspace, load_settings())
    yield made
    made.close()
