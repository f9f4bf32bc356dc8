"""What the doctor looks at: a row a check. No check opens a camera or loads OpenCV or TensorFlow.

The terminal's checks are in `tui.terminal.graphics`, as only the process that owns it can look.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from engine import __version__, machine
from engine.contract import Check, Finding, Found
from engine.doctor import Place, cameras, files
from engine.model.backbones import BACKBONES, INSTALL, choose_backbone, choose_runtime, remembered
from engine.settings import Settings
from engine.workspace.folder import Workspace

LEAST_MEMORY = 2_000_000_000
"""Bytes of free memory below which a training may be ended by the kernel."""
PACKAGES = ("textual", "tensorflow", "keras", "openvino", "opencv-python", "numpy", "pillow")


def vector_unit(place: Place) -> Found:
    """The processor's vector extensions, and what they make of the features."""
    features = machine.processor_features(place.cpuinfo)
    there = ", ".join(name.upper().replace("_", "-") for name in machine.VECTOR if name in features)
    used = "float32 features"
    if machine.has_bfloat16(place.cpuinfo):
        used = "bfloat16 features, about twice as fast"
    processor = machine.processor_name(place.cpuinfo)
    if features and not features & {"avx2", "asimd"}:
        slow = "no AVX2: VGG16 takes several times as long"
        remedy = "facedesk train --backbone resnet (or another machine)"
        return Found("warning", slow, processor, remedy)
    return Found("ok", f"{there or 'unknown'}: {used}", processor)


def runtime(place: Place) -> Found:
    """What computes the features."""
    chosen = choose_runtime(place.settings.model.runtime, place.cpuinfo)
    name = {"openvino": "OpenVINO", "keras": "Keras"}[chosen.name]
    value = f"{name} computes the features: {chosen.reason}"
    if not chosen.fallback:
        return Found("ok", value)
    slow = "Features as good, but a start takes seconds longer, for TensorFlow."
    return Found("note", value, slow, INSTALL)


def networks(place: Place) -> Found:
    """Which networks tell faces apart."""
    wish = place.settings.model.backbone
    chosen = choose_backbone(wish, remembered())
    value = f"{BACKBONES[chosen.name].judges}: {chosen.reason}"
    if chosen.name == "both" or wish != "auto":
        return Found("ok", value)
    better = "Both tell people apart a little better."
    return Found("note", value, better, "facedesk train --backbone both")


def cores(place: Place) -> Found:
    """Cores that may be used."""
    return Found("ok", f"{machine.usable_cores()} of {os.cpu_count()} may be used, by all threads")


def memory(place: Place) -> Found:
    """Free memory."""
    free, total = machine.memory(place.meminfo)
    if not total:
        return Found("ok", "unknown")
    value, detail = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free", "A training takes about 2 GB."
    if 0 < free < LEAST_MEMORY:
        return Found("warning", value, detail, "ps -eo rss,comm --sort=-rss | head")
    return Found("ok", value, detail)


def graphics(place: Place) -> Found:
    """Graphics cards: used only with TensorFlow's CUDA extra."""
    nvidia = sorted(p.name for p in place.devices.glob("nvidia[0-9]*"))
    render = sorted(p.name for p in (place.devices / "dri").glob("renderD*"))
    if nvidia:
        return Found(
            "note",
            f"NVIDIA ({', '.join(nvidia)}), used only with TensorFlow's CUDA extra",
            "Without it everything runs on the processor.",
            "pip install 'tensorflow[and-cuda]>=2.21,<2.22'",
        )
    if render:
        return Found("ok", f"{', '.join(render)}: not used, TensorFlow knows NVIDIA only")
    return Found("ok", "none: everything runs on the processor, as it is meant to")


def interpreter(place: Place) -> Found:
    """Versions of Facedesk and Python."""
    value = f"Facedesk {__version__} on Python {platform.python_version()}"
    return Found("ok", value, sys.executable)


def packages(place: Place) -> Found:
    """The packages that are needed."""
    there, missing = [], []
    for name in PACKAGES:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = "pip install --require-hashes -r requirements.lock"
        return Found("trouble", f"missing: {', '.join(missing)}", ", ".join(there), remedy)
    return Found("ok", ", ".join(there))


def detector(place: Place) -> Found:
    """The detector in use; the fallback is a note, one that is insisted on and absent trouble."""
    wish, there = place.settings.detection.detector, find_spec("openvino") is not None
    detail = f"the setting detection.detector: {wish}"
    install = "pip install 'openvino>=2025.4,<2027'"
    if wish == "haar":
        return Found("ok", "the Haar cascade, as the settings say", detail)
    if there:
        return Found("ok", "BlazeFace", detail)
    if wish == "blaze":
        value = "BlazeFace, which needs OpenVINO; that is not installed"
        return Found("trouble", value, detail, install)
    value = "the Haar cascade: it finds fewer faces than BlazeFace"
    return Found("note", value, detail, install)


def display(place: Place) -> Found:
    """Whether OpenCV's own window can open."""
    if machine.display_available():
        return Found("ok", "present: --window works")
    value = "none: --window is refused, everything else works"
    return Found("note", value, "", "ssh -X HOST, where a window is wanted over SSH")


CHECKS: tuple[Check[Place], ...] = (
    Check("camera", "camera", "devices, access, formats, exposure, who uses them", cameras.look),
    Check("files", "cascades", "OpenCV's cascades against the tested digests", files.cascades),
    Check("files", "weights", "weights and face spaces against their digests", files.weights),
    Check("files", "model", "the model in use: whole, of how many people", files.model),
    Check("processor", "vector unit", "AVX, bfloat16", vector_unit),
    Check("processor", "runtime", "OpenVINO or Keras, and why", runtime),
    Check("processor", "networks", "which networks are used, and why", networks),
    Check("processor", "cores", "cores that may be used", cores),
    Check("processor", "memory", "free memory, enough to train", memory),
    Check("processor", "GPU", "graphics cards, and what they would need", graphics),
    Check("software", "python", "Facedesk and Python", interpreter),
    Check("software", "packages", "the packages that are needed", packages),
    Check("software", "detector", "BlazeFace or the Haar cascade", detector),
    Check("software", "display", "whether `--window` can open", display),
    Check("storage", "disk", "free space, in sessions", files.disk),
    Check("storage", "workspace", "whether it can be written, who can read it", files.workspace),
    Check("storage", "sharing", "who else can open it", files.sharing),
    Check("storage", "unread", "people, strangers, audit log that cannot be read", files.unread),
    Check("storage", "encryption", "none, locked, unlocked, half converted", files.encryption),
    Check("storage", "lock", "who writes", files.lock),
    Check("storage", "configuration", "the configuration file in use", files.configuration),
    Check("storage", "keys", "the file of your own keys", files.keys),
)


def survey(workspace: Workspace, settings: Settings) -> tuple[Finding, ...]:
    """All findings but the terminal's and measurements."""
    place = Place(workspace, settings)
    return tuple(finding for check in CHECKS for finding in check.findings(place))
