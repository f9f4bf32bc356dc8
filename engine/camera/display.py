"""Whether there is a screen for a window. Imports nothing heavy: the user interface asks too."""

from __future__ import annotations

import os


def display_available() -> bool:
    """Whether this session names a display. It may still refuse a window."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
