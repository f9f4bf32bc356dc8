"""OpenCV, kept quiet and on one thread: take `cv2` from here inside `engine.camera`.

Native libraries write on file descriptor 2, where a terminal app draws. Everything that fails
here is reported by a typed error instead. A developer's own environment wins, but not where it
would print addresses of streams.
"""

from __future__ import annotations

import os

from engine import machine
from engine.logs import OPENCV, silence_addresses

for _name, _value in OPENCV.items():
    os.environ.setdefault(_name, _value)
silence_addresses()

import cv2 as cv2  # noqa: E402 - the environment must be set first

cv2.setNumThreads(machine.OPENCV)
# Another module may have loaded OpenCV before the environment was set.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
