"""The command line of this very process, which every user of the machine can read (`ps`)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from engine.camera.masking import mask_credentials


def mask_command_line() -> None:
    """Write `***` over credentials of URLs in what `ps` and /proc show of this process.

    They could be read for the moment before; a shell's history keeps them. Where the system does
    not allow it (Linux does) nothing changes.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        shown = Path("/proc/self/cmdline").read_bytes()
        words = shown.decode("utf-8", "surrogateescape").split("\0")
        masked = "\0".join(map(mask_credentials, words)).encode("utf-8", "surrogateescape")
        if masked == shown or len(masked) > len(shown):
            return
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start = int(fields[45])  # arg_start is field 48 of proc(5); these begin with field 3
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(masked.ljust(len(shown), b"\0"))
