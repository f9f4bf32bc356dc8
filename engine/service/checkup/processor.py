"""Findings about processor, memory and graphics, and what computes on them.

Neither OpenVINO nor TensorFlow is asked: loading takes seconds. They choose by the same flags.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from engine.events import Finding
from engine.events.checkup import State
from engine.model.choice import choose_backbone, remembered
from engine.model.processor import CPUINFO, has_bfloat16, processor_features
from engine.model.runtime import INSTALL, choose_runtime
from engine.settings import BackboneWish, RuntimeWish
from engine.threads import usable_cores

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


NETWORKS = {
    "both": "VGG16 and the face network judge",
    "vgg16": "VGG16 judges alone",
    "resnet": "the face network judges alone",
}
"""What a backbone means, in words."""


def _networks(wish: BackboneWish) -> Finding:
    chosen = choose_backbone(wish, remembered())
    value = f"{NETWORKS[chosen.name]}: {chosen.reason}"
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
