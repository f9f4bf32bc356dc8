"""A file's bytes that take memory only while they are read."""

from __future__ import annotations

import contextlib
import mmap
import threading
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

EVERY = 0.005
"""Seconds between two releases while something reads the bytes once, from end to end."""


class Mapped:
    """The first `length` bytes of an open file as an array, read from the disk as they are used.

    `length` is more than 0. What writes into the array changes this process's copy only. The file
    itself may be closed, replaced or deleted meanwhile, but not cut short.
    """

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._map = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_COPY)
        self.bytes: NDArray[np.uint8] = np.frombuffer(self._map, np.uint8)

    def release(self) -> None:
        """Give back the memory of what was read, and drop what was written into it.

        Bytes that are needed again are read again. Does nothing where the system cannot.
        """
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    @contextlib.contextmanager
    def released_meanwhile(self) -> Iterator[None]:
        """`release` again and again while the body runs: for code that copies all of the bytes,
        which would be in memory twice at its end.
        """
        over = threading.Event()

        def release() -> None:
            while not over.wait(EVERY):
                self.release()

        thread = threading.Thread(target=release, name="release", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.release()
