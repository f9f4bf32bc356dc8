"""The doctor: `checks` lists what is looked at, the other modules look. A check never raises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.machine import CPUINFO, MEMINFO
from engine.settings import Settings
from engine.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class Place:
    """What a check is given; the paths are other ones in tests only."""

    workspace: Workspace
    settings: Settings
    devices: Path = Path("/dev")
    cameras: Path = Path("/sys/class/video4linux")
    cpuinfo: Path = CPUINFO
    meminfo: Path = MEMINFO
    cascades: Path | None = None
    """Where OpenCV's cascades are; None: where the installed OpenCV keeps them."""
