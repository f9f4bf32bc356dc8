"""The command line of this very process: which characters it has, and who can read it (`ps`)."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from pathlib import Path

from engine.machine import environment, python
from engine.text import mask_credentials


def insist_on_utf8() -> None:
    """Begin this process anew in UTF-8 mode where file names and arguments have only ASCII.

    That is the locale C or POSIX without Python's own cure for it: a person named Zoë could
    neither be typed nor be a folder's name. The child processes inherit it.
    """
    if codecs.lookup(sys.getfilesystemencoding()).name == "ascii" and not sys.flags.utf8_mode:
        command = python(*sys.orig_argv[1:])
        os.execve(command[0], command, environment(PYTHONUTF8="1"))


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
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        start = int(fields[45])  # arg_start is field 48 of proc(5); these begin with field 3
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(masked.ljust(len(shown), b"\0"))
