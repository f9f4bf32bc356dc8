"""How much memory a process has of its own, and how much the machine lets all of them have.

The kernel's limits do not serve: RLIMIT_AS counts what TensorFlow and OpenVINO only reserve, and
RLIMIT_DATA fails an allocation deep in native code. The parent looks instead, and ends a child in
good order for the operator before the kernel ends something at random.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

SHARE = 0.75
"""Of the machine's memory, what one child may have if no setting says otherwise."""
KILLED_FIRST = 500
"""A child's `oom_score_adj`: where memory runs out at once, the kernel takes it and not the app."""

_OWN = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB", re.M)
_TOTAL = re.compile(r"^MemTotal:\s+(\d+) kB", re.M)


def own_bytes(pid: int) -> int | None:
    """Memory that is the process's own: written by it or swapped out, mapped files left out.

    None where the system does not say, or the process is gone.
    """
    try:
        found = _OWN.findall(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return None
    return sum(map(int, found)) * 1024 if found else None


def machine_bytes(system: Path = Path("/")) -> int | None:
    """Memory of the machine, or of the control group (container, service) if that is less."""
    sizes = []
    with contextlib.suppress(OSError):
        if found := _TOTAL.search((system / "proc/meminfo").read_text()):
            sizes.append(int(found[1]) * 1024)
    for file in _group_files(system):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            sizes.append(int(file.read_text()))
    return min(sizes, default=None)


def most_bytes(megabytes: int, system: Path = Path("/")) -> int:
    """The limit of a child: the setting, or SHARE of the machine for 0. 0: none is known."""
    return megabytes * 1_000_000 or round(SHARE * (machine_bytes(system) or 0))


def offer_to_the_kernel() -> None:
    """Let the kernel choose this process first when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(KILLED_FIRST))


def _group_files(system: Path) -> list[Path]:
    """Files with the limits of this process's control group and of those above it."""
    tree = system / "sys/fs/cgroup"
    files = [tree / "memory" / "memory.limit_in_bytes"]  # version 1, as containers see it
    with contextlib.suppress(OSError):
        for line in (system / "proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                group = tree / line.removeprefix("0::/")
                files += [
                    each / "memory.max" for each in (group, *group.parents) if tree in each.parents
                ]
    return [*files, tree / "memory.max"]
