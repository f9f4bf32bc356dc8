"""Why this user may not read or write a place, and the command that changes it."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from pathlib import Path

from engine.i18n import _


def denied(path: Path, root: Path) -> tuple[str, str]:
    """Why `path`, which lies in the workspace at `root`, is refused to this user, as a clause; and
    the command that changes it. Both empty where nobody can tell."""
    inner = path.relative_to(root)
    for place in (*reversed(inner.parents), inner):
        try:
            facts = os.lstat(root / place)
        except OSError:
            break  # the folder above it was looked at
        if facts.st_uid != os.geteuid():
            why = _("{place} belongs to {user}").format(place=place, user=name_of(facts.st_uid))
            return why, f"sudo chown -R $USER {shlex.quote(str(root))}"
        wanted = 0o700 if stat.S_ISDIR(facts.st_mode) else 0o600
        if not stat.S_ISLNK(facts.st_mode) and facts.st_mode & wanted != wanted:
            mode = stat.S_IMODE(facts.st_mode)
            why = _("{place} has mode {mode:04o}").format(place=place, mode=mode)
            return why, f"chmod -R u+rwX {shlex.quote(str(root))}"
    return "", ""


def name_of(uid: int) -> str:
    """The name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
