"""Findings about Python, its packages and the screen."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from engine import __version__
from engine.camera.display import display_available
from engine.events import Finding
from engine.events.checkup import State
from engine.settings import DetectionSettings

PACKAGES = ("textual", "tensorflow", "keras", "openvino", "opencv-python", "numpy", "pillow")


def software_findings(settings: DetectionSettings) -> list[Finding]:
    """Versions, what finds the faces, and whether OpenCV's own window can open."""
    return [_python(), _packages(), _detector(settings), _display()]


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
            value="missing: {missing}".format(missing=", ".join(missing)),
            detail=", ".join(there),
            remedy="pip install --require-hashes -r requirements.lock",
        )
    return Finding(group="software", subject="packages", state="ok", value=", ".join(there))


def _detector(settings: DetectionSettings) -> Finding:
    """The detector in use; the fallback, and one that is insisted on and absent, are notes."""
    there = find_spec("openvino") is not None
    state: State = "ok"
    install = "pip install 'openvino>=2025.4,<2027'"
    if settings.detector == "blaze" and not there:
        value = "BlazeFace, which needs OpenVINO; that is not installed"
        state = "trouble"
    elif settings.detector == "haar":
        value = "the Haar cascade, as the settings say"
    elif there:
        value = "BlazeFace"
    else:
        value = "the Haar cascade: it finds fewer faces than BlazeFace"
        state = "note"
    return Finding(
        group="software",
        subject="detector",
        state=state,
        value=value,
        detail=f"the setting detection.detector: {settings.detector}",
        remedy="" if there or settings.detector == "haar" else install,
    )


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
