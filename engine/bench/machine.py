"""The machine that figures are of: without these, a table says nothing."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from engine.events import BenchMachine
from engine.model.processor import CPUINFO, has_bfloat16, processor_features, processor_name
from engine.model.provenance import versions
from engine.model.runtime import choose_runtime
from engine.settings import RuntimeWish
from engine.threads import usable_cores

VECTOR = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
MEMINFO = Path("/proc/meminfo")


def machine(wish: RuntimeWish, cpuinfo: Path = CPUINFO, meminfo: Path = MEMINFO) -> BenchMachine:
    """What computes here, and with what. Asks files and package metadata; loads nothing."""
    flags = processor_features(cpuinfo)
    return BenchMachine(
        processor=processor_name(cpuinfo),
        vector=tuple(name for name in VECTOR if name in flags),
        cores=usable_cores(),
        memory=1024 * int(_found(meminfo, r"^MemTotal:\s+(\d+) kB$") or 0),
        versions={"python": platform.python_version(), **versions()},
        runtime=choose_runtime(wish, cpuinfo).name,
        precision="bfloat16" if has_bfloat16(cpuinfo) else "float32",
    )


def _found(path: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, path.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        return ""
    return found[1] if found else ""
