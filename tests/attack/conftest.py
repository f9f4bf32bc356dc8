"""People without a face: a network that knows made-up crops stands in."""

from __future__ import annotations

import pytest

from engine.bench.material import stand_in
from engine.model.backbones import Backbone
from engine.workspace.folder import Workspace
from tests.attack.humans import AARON, MAN, OTHER, enrol, trained


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return stand_in()[0]


@pytest.fixture
def enrolled(workspace: Workspace, backbone: Backbone) -> Workspace:
    """Aaron and another, and a model of both."""
    enrol(workspace, AARON, MAN)
    enrol(workspace, "Other One", OTHER)
    trained(workspace, backbone)
    return workspace
