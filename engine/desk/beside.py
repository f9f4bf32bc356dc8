"""Whether another desk has this workspace open: a lock on the folder itself, which leaves no file.

The kernel gives the lock back when the process ends, however it ends. It keeps nobody out: each
change still takes the workspace's writer lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from datetime import datetime
from pathlib import Path

LOCKS = Path("/proc/locks")
"""The kernel's list of locks: number, kind, ADVISORY, mode, process, device:inode, range."""


class OpenDesk:
    """This process's mark on a workspace."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: int | None = None

    def claim(self) -> str:
        """Mark the workspace; who has marked it already, or "" if nobody has or it is not known."""
        try:
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return ""  # whatever is wrong with it, others say
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(folder)
            return _holder(self._root) if isinstance(error, BlockingIOError) else ""
        self._folder = folder
        return ""

    def release(self) -> None:
        """Take the mark away."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


def _holder(root: Path) -> str:
    """The process that has the folder's lock, and since when it runs."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        inode = str(root.stat().st_ino)
        for line in LOCKS.read_text().splitlines():
            parts = line.split()
            if parts[1] == "FLOCK" and parts[-3].rpartition(":")[2] == inode:
                since = datetime.fromtimestamp(Path(f"/proc/{int(parts[-4])}").stat().st_mtime)
                return f"process {int(parts[-4])}, since {since:%Y-%m-%d %H:%M}"
    return "another process"
