"""A real desk and a network camera on loopback, which the doctor measures."""

from __future__ import annotations

from tests.camera.conftest import network_camera
from tests.desk.conftest import desk

__all__ = ["desk", "network_camera"]
