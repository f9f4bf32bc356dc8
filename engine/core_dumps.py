"""No core dumps: the memory of a Facedesk process holds faces, and a core file would keep them.

Two locks, for each alone leaves a gap. RLIMIT_CORE of 0 is inherited by whatever is started, but
a kernel whose `core_pattern` is a pipe (systemd-coredump, apport) hands the memory over
regardless. A process that is not dumpable is dumped nowhere, and other programs of the same user
cannot read its memory either; a program started by it is dumpable again, so that each child says
it for itself. What the parent reads of a child, /proc/PID/status, stays readable.
"""

from __future__ import annotations

import contextlib
import sys

PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Forbid them for this process, and by the limit for those it starts."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not every system has it
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
