"""OpenCV, told to keep quiet and to one thread: take `cv2` from here inside `engine.camera`.

Native libraries write on file descriptor 2, where a terminal app draws. Everything that fails
here is reported by a typed error instead. A developer's own environment wins, but not where it
would print addresses of streams.
"""

from __future__ import annotations

import os

from engine import machine
from engine.logs import OPENCV, silence_addresses

DEFAULTS = OPENCV


def keep_quiet() -> None:
    """Set the defaults that are not set yet."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    silence_addresses()


keep_quiet()

import cv2 as cv2  # noqa: E402 - the environment must be set first

cv2.setNumThreads(machine.OPENCV)
# Another module may have loaded OpenCV before the environment was set.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
