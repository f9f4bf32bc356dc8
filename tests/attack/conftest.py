"""People without a face: a network that knows made-up crops stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.model.backbones import Backbone
from engine.workspace.folder import Workspace
from tests.attack.humans import AARON, MAN, OTHER, enrol, trained
from tests.templates import copy_of, once, quick_backbone


@pytest.fixture(scope="session")
def backbone() -> Backbone:
    return quick_backbone()


@pytest.fixture(scope="session")
def enrolled_once(session_folder: Path, backbone: Backbone) -> Path:
    """Aaron and another, and a model of both."""

    def make(root: Path) -> None:
        workspace = Workspace(root)
        workspace.prepare()
        enrol(workspace, AARON, MAN)
        enrol(workspace, "Other One", OTHER)
        trained(workspace, backbone)

    return once(session_folder, "attack-enrolled", make)


@pytest.fixture
def enrolled(enrolled_once: Path, tmp_path: Path) -> Workspace:
    """A copy of it."""
    return copy_of(enrolled_once, tmp_path / "workspace")
