"""On PYTHONPATH in one test: makes the engine's processes print on both descriptors for ever."""

import os
import sys
import threading


def _noise() -> None:
    while True:
        for descriptor in (1, 2):
            os.write(descriptor, b"\x1b[2J\x1b[31mNATIVE-NOISE on %d\r\n" % descriptor)
        threading.Event().wait(0.02)


if any("engine.desk" in word for word in sys.orig_argv):
    threading.Thread(target=_noise, daemon=True).start()
