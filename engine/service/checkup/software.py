"""Findings about Python, its packages and the screen."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from engine import __version__
from engine.camera.display import display_available
from engine.events import Finding
from engine.i18n import _

PACKAGES = ("textual", "tensorflow", "keras", "openvino", "opencv-python", "numpy", "pillow")


def software_findings() -> list[Finding]:
    """Versions, and whether OpenCV's own window can open."""
    return [_python(), _packages(), _display()]


def _python() -> Finding:
    value = _("Facedesk {version} on Python {python_version}").format(
        version=__version__, python_version=platform.python_version()
    )
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
            value=_("missing: {missing}").format(missing=", ".join(missing)),
            detail=", ".join(there),
            remedy="pip install --require-hashes -r requirements.lock",
        )
    return Finding(group="software", subject="packages", state="ok", value=", ".join(there))


def _display() -> Finding:
    if display_available():
        return Finding(
            group="software", subject="display", state="ok", value=_("present: --window works")
        )
    return Finding(
        group="software",
        subject="display",
        state="note",
        value=_("none: --window is refused, everything else works"),
        remedy=_("ssh -X HOST, where a window is wanted over SSH"),
    )
