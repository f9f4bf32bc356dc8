"""Every Python process that Facedesk starts: it runs this package, never the working directory.

Python puts the working directory, or an empty entry of PYTHONPATH, in front of where modules are
looked for: a `cv2.py` in the folder where somebody starts `facedesk` would run inside a process
that has seen the key of an encrypted workspace.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parent.parent


def python(*arguments: str) -> list[str]:
    """The command of a Python process that looks for modules where they are installed only."""
    return [sys.executable, "-P", *arguments]


def environment(**more: str) -> dict[str, str]:
    """The environment of such a process: this one's and `more`, with this very package findable
    from anywhere, and nothing that is relative to the working directory."""
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    places = [str(PACKAGE_ROOT), *(place for place in before if os.path.isabs(place))]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1", **more}
    # These run a file of the operator's, or look for the library itself elsewhere.
    for name in ("PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT"):
        found.pop(name, None)
    return found
