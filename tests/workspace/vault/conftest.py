"""A workspace with something in every corner; nothing that one test opened is open in the next."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from whole_workspace import fill

from engine.workspace.folder import Workspace
from engine.workspace.vault import opened


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """What one test opened is locked for the next."""
    yield
    opened._OPENED.clear()


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """A workspace with a file of every kind."""
    return fill(workspace)
