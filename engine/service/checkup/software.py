"""Findings about Python, its packages and the screen."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from engine import __version__
from engine.camera.display import display_available
from engine.events import Finding

PACKAGES = ("textual", "tensorflow", "keras", "openvino", "opencv-python", "numpy", "pillow")


def software_findings() -> list[Finding]:
    """Versions, and whether OpenCV's own window can open."""
    return [_python(), _packages(), _display()]


def _python() -> Finding:
    value = f"Facedesk {__version__} on Python {platform.python_version()}"
    return Finding(
        group="software", subject="python", state="ok", value=value, detail=sys.executable
    )


def _packages() -> Finding:
    there, missing = [], []
    for name in PACKAGES:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(
            group="software",
            subject="packages",
            state="trouble",
            value=f"missing: {', '.join(missing)}",
            detail=", ".join(there),
            remedy="pip install --require-hashes -r requirements.lock",
        )
    return Finding(group="software", subject="packages", state="ok", value=", ".join(there))


def _display() -> Finding:
    if display_available():
        return Finding(
            group="software", subject="display", state="ok", value="present: --window works"
        )
    return Finding(
        group="software",
        subject="display",
        state="note",
        value="none: --window is refused, everything else works",
        remedy="ssh -X HOST, where a window is wanted over SSH",
    )
