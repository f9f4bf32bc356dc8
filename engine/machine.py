"""The machine: threads, users, core dumps, display, processor, and how Python is started.

Standard library only: the user interface asks too.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import re
import resource
import sys
from pathlib import Path

OPENCV = 1
"""Threads of OpenCV in any process. The network is what recognition waits for, and the one stage
that more threads make faster: it may have every usable core. Haar cascades are no faster on two
threads than on one."""
BLAS = 1
"""Threads of NumPy's matrix products. OpenBLAS' threads wait for each other busily: beside a
network or another process, training a head took up to 17 times longer on two than on one, and
alone two are hardly faster."""


def calm_blas() -> None:
    """Say so to this process and its children; before NumPy is imported. The operator's own
    setting stays.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(BLAS))


def usable_cores() -> int:
    """Cores that this process may use, which a container or `taskset` may have made fewer."""
    # Python 3.13 has os.process_cpu_count; the affinity says the same on Linux before.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def account(uid: int) -> str | None:
    """The name of a user's account; None where there is none, as in some containers."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def user_name(uid: int) -> str:
    """What a user is called in a sentence, by number if they have no name."""
    return account(uid) or f"user {uid} (no name)"


PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Forbid core files, which would keep faces: for this process, and by the limit for those it
    starts.

    Two locks, for each alone leaves a gap. RLIMIT_CORE of 0 is inherited, but a kernel whose
    `core_pattern` is a pipe (systemd-coredump, apport) hands the memory over regardless. A process
    that is not dumpable is dumped nowhere, nor is its memory read by other programs of the user; a
    program started by it is dumpable again, so that each child says it for itself.
    """
    with contextlib.suppress(OSError, ValueError):  # a limit that may not be set
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


NICE = 5
"""How much less of a busy processor the networks and the camera get than the screen."""


def let_the_screen_go_first() -> None:
    """Give this process, a child of the app's, less of a busy processor than the app has: a key
    is answered while a training takes every core.

    Before `forbid_core_dumps`, which takes /proc/self from all users but root. Linux may group
    processes by session (sched(7), autogroup); a nice value counts only within such a group.
    """
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))


def display_available() -> bool:
    """Whether this session names a display. It may still refuse a window."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


PACKAGE_ROOT = Path(__file__).resolve().parent.parent


def python(*arguments: str) -> list[str]:
    """The command of a Python process that looks for modules where they are installed only.

    Python puts the working directory, or an empty entry of PYTHONPATH, first: a `cv2.py` in the
    folder where somebody starts `facedesk` would run in a process that has seen a vault's key.
    """
    return [sys.executable, "-P", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of such a process: this one's and `more`, with this very package findable
    from anywhere, and nothing that is relative to the working directory."""
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    places = [str(PACKAGE_ROOT), *(place for place in before if os.path.isabs(place))]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1", **more}
    # These run a file of the operator's, or look for the library itself elsewhere.
    for name in ("PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT"):
        found.pop(name, None)
    return found


CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
VECTOR = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")
"""Vector extensions that matter to the networks, in Linux's spelling."""
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
"""Linux's names of the instructions that make bfloat16 convolutions faster than float32."""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def processor_features(cpuinfo: Path = CPUINFO) -> frozenset[str]:
    """Feature flags that every core has, in Linux's spelling; empty where they cannot be read.

    x86 calls the line `flags`, ARM `Features`.
    """
    lines = re.findall(r"^(?:flags|Features)\s*:(.*)$", _text(cpuinfo), re.MULTILINE)
    return frozenset.intersection(*(frozenset(line.split()) for line in lines or [""]))


def processor_name(cpuinfo: Path = CPUINFO) -> str:
    """What the processor calls itself; the architecture where it does not say."""
    found = re.search(r"^model name\s*:\s*(.+)$", _text(cpuinfo), re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def memory(meminfo: Path = MEMINFO) -> tuple[int, int]:
    """Bytes of memory that are free, and all of it; 0 where that cannot be read."""
    found = re.findall(r"^(\w+):\s+(\d+) kB", _text(meminfo), re.M)
    sizes = {name: 1024 * int(kib) for name, kib in found}
    return sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)


def has_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether VGG16 in bfloat16 pays here: about twice as fast, at a relative error of 0.6 %."""
    return bool(processor_features(cpuinfo) & BFLOAT16_FLAGS)
