"""What processes hold while they run, and whether it stays flat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Holds:
    """What one process holds: resident memory in MiB, file handles, threads."""

    memory: float
    handles: int
    threads: int


def holds(pid: int) -> Holds:
    """Of a process that runs. Raises OSError."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Holds(
        memory=int(fields["VmRSS"].split()[0]) / 1024,
        handles=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(fields["Threads"]),
    )


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; one that goes meanwhile does not count."""
    total = 0
    for root, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue
    return total


@dataclass(frozen=True)
class Course:
    """How a figure went: where it began and ended after the warm-up, and its growth.

    `growth` is that of the line fitted through all samples, over the whole time (Theil and Sen's
    estimate: the median of all slopes, which a few outliers do not move).
    """

    first: float
    last: float
    lowest: float
    highest: float
    growth: float


def course(values: Sequence[float], warm: float = 0.25) -> Course:
    """Of samples taken at equal distances; the first `warm` of them are left out."""
    kept = np.asarray(values[int(len(values) * warm) :], float)
    if len(kept) < 3:
        raise ValueError("too few samples")
    rows, columns = np.triu_indices(len(kept), 1)
    slopes = (kept[columns] - kept[rows]) / (columns - rows)
    third = max(1, len(kept) // 3)
    return Course(
        first=float(np.median(kept[:third])),
        last=float(np.median(kept[-third:])),
        lowest=float(kept.min()),
        highest=float(kept.max()),
        growth=float(np.median(slopes)) * (len(kept) - 1),
    )
