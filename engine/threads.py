"""How many threads each stage takes, in one place, so that they do not fight over the cores.

The network is what recognition waits for, and the one stage that more threads make faster: it may
have every usable core. Haar cascades are no faster on two threads than on one (a whole frame took
8.7 ms of wall time and 9.4 ms of processor time with both cores free), so that more than one would
only take cores from the network.
"""

from __future__ import annotations

import os

OPENCV = 1
"""Threads of OpenCV in any process. Each camera has a process of its own."""
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
