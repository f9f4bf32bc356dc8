"""Every call by which this process changes a disk, counted; at the n-th one something happens.

Only for tests. The calls of `os` are replaced, and files that are opened for writing are watched,
so that a write can be cut in the middle. What happens at the n-th call is a `Strike`: the process
dies, or the call fails as a full, broken or read-only disk lets it fail.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

NEEDING_SPACE = frozenset({"open", "write", "mkdir", "sendfile", "fsync", "rename", "replace"})
"""What a full disk may refuse. It never refuses to delete."""
PLAIN = (
    "mkdir", "rename", "replace", "unlink", "remove", "rmdir", "fsync", "chmod", "ftruncate",
    "pwrite", "sendfile",
)  # fmt: skip
CREATING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(slots=True)
class Strike:
    """What happens from the call number `at` on (`lasting`), or at it alone.

    `number` is the errno with which calls fail, 0 for death. `at` 0 counts only.
    """

    at: int
    number: int = 0
    lasting: bool = True
    count: int = 0
    struck: str = ""
    """The name of the call that was struck first."""

    def meets(self, call: str) -> bool:
        """Count a call that the fault can meet; whether it is struck."""
        if self.number in (errno.ENOSPC, errno.EDQUOT) and call not in NEEDING_SPACE:
            return False
        self.count += 1
        if not self.at or (self.count < self.at if self.lasting else self.count != self.at):
            return False
        self.struck = self.struck or call
        return True

    def happens(self) -> None:
        """Die, or raise."""
        if not self.number:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self.number, os.strerror(self.number))


class _Watched(io.FileIO):
    """A file whose writes are counted; the one that is struck gets half its bytes to the disk."""

    def __init__(self, handle: int | str, mode: str, strike: Strike) -> None:
        super().__init__(handle, mode)
        self._strike = strike

    def write(self, data: Any) -> int:
        if self._strike.meets("write"):
            super().write(bytes(data)[: len(data) // 2])
            self._strike.happens()
        return super().write(data)


@contextlib.contextmanager
def striking(strike: Strike) -> Iterator[Strike]:
    """Count, and strike, whatever the block changes on disk."""
    real = {name: getattr(os, name) for name in (*PLAIN, "open")}
    real_open, real_io_open, real_fdopen = builtins.open, io.open, os.fdopen

    def plain(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if strike.meets(name):
                strike.happens()
            return real[name](*arguments, **more)

        return call

    def os_open(path: Any, flags: int, *arguments: Any, **more: Any) -> int:
        if flags & CREATING and strike.meets("open"):
            strike.happens()
        return int(real["open"](path, flags, *arguments, **more))

    def watched(opener: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, mode: str = "r", *arguments: Any, **more: Any) -> Any:
            if mode not in ("wb", "ab"):  # texts are logs, and nothing else is written
                return opener(file, mode, *arguments, **more)
            if not isinstance(file, int) and strike.meets("open"):
                strike.happens()
            return io.BufferedWriter(
                _Watched(os.fspath(file) if not isinstance(file, int) else file, mode, strike)
            )

        return call

    with contextlib.ExitStack() as stack:
        for name in PLAIN:
            stack.enter_context(mock.patch.object(os, name, plain(name)))
        stack.enter_context(mock.patch.object(os, "open", os_open))
        stack.enter_context(mock.patch.object(os, "fdopen", watched(real_fdopen)))
        stack.enter_context(mock.patch.object(builtins, "open", watched(real_open)))
        stack.enter_context(mock.patch.object(io, "open", watched(real_io_open)))
        yield strike
