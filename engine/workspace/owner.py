"""Places of workspaces: which of them are guarded, and why this user is refused one of them.

An OSError becomes a typed error here, with the cause and, where permissions are it, the owner and
the command that changes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.contract.errors import DiskFull, WorkspaceDenied, WorkspaceUnusable
from engine.shortage import refuse_shortage

DENIED = (errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE)
"""Errors about what is there and is not given to us: permissions first, then a failing disk."""
_GUARDED: dict[str, str] = {}
"""Each path of a workspace, and the workspace's folder. Nothing below these is reached by links."""


def guard(root: Path, paths: Iterable[Path]) -> None:
    """Follow no link from now on at or below these paths, which lie directly in `root`."""
    _GUARDED.update((str(path), str(root)) for path in paths)


def root_of(path: Path) -> str | None:
    """The folder of the workspace that guards `path`, None if none does."""
    place = str(path)
    while (root := _GUARDED.get(place)) is None:
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above
    return root


@contextlib.contextmanager
def translate_os_errors(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError into DiskFull, WorkspaceDenied or WorkspaceUnusable: callers meet typed
    errors."""
    try:
        yield
    except OSError as error:
        refuse_shortage(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                "The disk is full",
                f"could not {doing} ({path})",
                "Free some space and try again; nothing that was saved before is lost.",
            ) from error
        if error.errno == errno.ELOOP:
            raise WorkspaceUnusable(
                "A link is not followed",
                f"could not {doing} ({error.filename or path})",
                "Facedesk makes no links: look who did, and put the files themselves there.",
            ) from error
        why, command = whose(path) if error.errno in DENIED[:2] else ("", "")
        raise (WorkspaceDenied if error.errno in DENIED else WorkspaceUnusable)(
            "The workspace cannot be used",
            "could not {doing} ({path}): {reason}".format(
                doing=doing,
                path=path,
                reason=", ".join(filter(None, (os.strerror(error.errno or 0), why))),
            ),
            command
            or "Check the folder's owner, its permissions and whether its disk is read-only.",
        ) from error


def whose(path: Path) -> tuple[str, str]:
    """Why a path of a workspace is refused to this user, and the command that changes it; both
    empty where nobody can tell."""
    root = root_of(path)
    return ("", "") if root is None else _denied(path, Path(root))


def _denied(path: Path, root: Path) -> tuple[str, str]:
    """Why `path`, which lies in the workspace at `root`, is refused to this user, as a clause; and
    the command that changes it. Both empty where nobody can tell."""
    inner = path.relative_to(root)
    for place in (*reversed(inner.parents), inner):
        try:
            facts = os.lstat(root / place)
        except OSError:
            break  # the folder above it was looked at
        told = place if place.parts else root
        if facts.st_uid != os.geteuid():
            why = f"{told} belongs to {_name_of(facts.st_uid)}"
            return why, f"sudo chown -R $USER {shlex.quote(str(root))}"
        wanted = 0o700 if stat.S_ISDIR(facts.st_mode) else 0o600
        if not stat.S_ISLNK(facts.st_mode) and facts.st_mode & wanted != wanted:
            mode = stat.S_IMODE(facts.st_mode)
            why = f"{told} has mode {mode:04o}"
            return why, f"chmod -R u+rwX {shlex.quote(str(root))}"
    return "", ""


def _name_of(uid: int) -> str:
    """The name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
