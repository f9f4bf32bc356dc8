"""Checks of the processor, memory, graphics, Python and its packages.

Findings about processor, memory and graphics, and what computes on them.

Neither OpenVINO nor TensorFlow is asked: loading takes seconds. They choose by the same flags.

Findings about Python, its packages and the screen.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from engine import __version__
from engine.contract import Finding
from engine.contract.events_desk import State
from engine.machine import (
    CPUINFO,
    display_available,
    has_bfloat16,
    processor_features,
    usable_cores,
)
from engine.model.backbones import BACKBONES, INSTALL, choose_backbone, choose_runtime, remembered
from engine.settings import BackboneWish, DetectionSettings, RuntimeWish

WANTED = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "asimd", "bf16")
LEAST_MEMORY = 2_000_000_000
"""Bytes of free memory below which a training may be ended by the kernel."""


def processor_findings(
    wish: RuntimeWish = "auto",
    cpuinfo: Path = CPUINFO,
    devices: Path = Path("/dev"),
    meminfo: Path = Path("/proc/meminfo"),
    backbone: BackboneWish = "auto",
) -> list[Finding]:
    """Vector extensions, what computes the features and which networks judge (`wish` and
    `backbone` are the settings), cores, memory, GPU."""
    return [
        _features(cpuinfo),
        _runtime(wish, cpuinfo),
        _networks(backbone),
        _cores(),
        _memory(meminfo),
        _graphics(devices),
    ]


def _features(cpuinfo: Path) -> Finding:
    features = processor_features(cpuinfo)
    there = ", ".join(name.upper().replace("_", "-") for name in WANTED if name in features)
    low = has_bfloat16(cpuinfo)
    used = "bfloat16 features, about twice as fast" if low else "float32 features"
    model = ""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(errors="replace"), re.M)
        model = found[1] if found else ""
    except OSError:
        pass
    if features and not features & {"avx2", "asimd"}:
        return _finding(
            "vector unit",
            "warning",
            "no AVX2: VGG16 takes several times as long",
            model,
            "{command} (or another machine)".format(command="facedesk train --backbone resnet"),
        )
    return _finding("vector unit", "ok", f"{there or 'unknown'}: {used}", model)


def _runtime(wish: RuntimeWish, cpuinfo: Path) -> Finding:
    chosen = choose_runtime(wish, cpuinfo)
    name = {"openvino": "OpenVINO", "keras": "Keras"}[chosen.name]
    value = f"{name} computes the features: {chosen.reason}"
    if not chosen.fallback:
        return _finding("runtime", "ok", value)
    slow = "Features as good, but a start takes seconds longer, for TensorFlow."
    return _finding("runtime", "note", value, slow, INSTALL)


def _networks(wish: BackboneWish) -> Finding:
    chosen = choose_backbone(wish, remembered())
    value = f"{BACKBONES[chosen.name].judges}: {chosen.reason}"
    if chosen.name == "both" or wish != "auto":
        return _finding("networks", "ok", value)
    remedy = "facedesk train --backbone both"
    return _finding("networks", "note", value, "Both tell people apart a little better.", remedy)


def _cores() -> Finding:
    return _finding(
        "cores",
        "ok",
        f"{usable_cores()} of {os.cpu_count()} may be used, by all threads",
    )


def _memory(meminfo: Path) -> Finding:
    try:
        text = meminfo.read_text()
    except OSError:
        return _finding("memory", "ok", "unknown")
    sizes = {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    free, total = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)
    value = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"
    if 0 < free < LEAST_MEMORY:
        remedy = "ps -eo rss,comm --sort=-rss | head"
        return _finding("memory", "warning", value, "A training takes about 2 GB.", remedy)
    return _finding("memory", "ok", value, "A training takes about 2 GB.")


def _graphics(devices: Path) -> Finding:
    nvidia = sorted(p.name for p in devices.glob("nvidia[0-9]*"))
    render = sorted(p.name for p in (devices / "dri").glob("renderD*"))
    if nvidia:
        return _finding(
            "GPU",
            "note",
            "NVIDIA ({devices}), used only with TensorFlow's CUDA extra".format(
                devices=", ".join(nvidia)
            ),
            "Without it everything runs on the processor.",
            "pip install 'tensorflow[and-cuda]>=2.21,<2.22'",
        )
    if render:
        value = "{devices}: not used, TensorFlow knows NVIDIA only".format(
            devices=", ".join(render)
        )
        return _finding("GPU", "ok", value)
    return _finding("GPU", "ok", "none: everything runs on the processor, as it is meant to")


def _finding(subject: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
    return Finding(
        group="processor", subject=subject, state=state, value=value, detail=detail, remedy=remedy
    )


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
