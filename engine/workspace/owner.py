"""Whose a workspace is: which places are guarded, why this user is refused one, and who else may
reach it by its modes, its owner, or the file system it lies on; which desk has it open.

An OSError becomes a typed error here, with the cause and, where permissions are it, the owner and
the command that changes it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from engine.contract.errors import DiskFull, WorkspaceDenied, WorkspaceShared, WorkspaceUnusable
from engine.machine import user_name
from engine.settings import PrivacySettings
from engine.shortage import refuse_shortage

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
def translate_os_errors(doing: str, path: Path, *, absent: bool = False) -> Iterator[None]:
    """Turn an OSError into DiskFull, WorkspaceDenied or WorkspaceUnusable: callers meet typed
    errors. With `absent` a FileNotFoundError stays one."""
    try:
        yield
    except OSError as error:
        if absent and isinstance(error, FileNotFoundError):
            raise
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
        reason = ", ".join(filter(None, (os.strerror(error.errno or 0), why)))
        raise (WorkspaceDenied if error.errno in DENIED else WorkspaceUnusable)(
            "The workspace cannot be used",
            f"could not {doing} ({path}): {reason}",
            command
            or "Check the folder's owner, its permissions and whether its disk is read-only.",
        ) from error


def whose(path: Path) -> tuple[str, str]:
    """Why a path of a workspace is refused to this user, as a clause, and the command that changes
    it; both empty where nobody can tell."""
    guarded = root_of(path)
    if guarded is None:
        return "", ""
    root, inner = Path(guarded), path.relative_to(guarded)
    for place in (*reversed(inner.parents), inner):
        try:
            facts = os.lstat(root / place)
        except OSError:
            break  # the folder above it was looked at
        told = place if place.parts else root
        if facts.st_uid != os.geteuid():
            why = f"{told} belongs to {user_name(facts.st_uid)}"
            return why, f"sudo chown -R $USER {shlex.quote(str(root))}"
        wanted = 0o700 if stat.S_ISDIR(facts.st_mode) else 0o600
        if not stat.S_ISLNK(facts.st_mode) and facts.st_mode & wanted != wanted:
            mode = stat.S_IMODE(facts.st_mode)
            why = f"{told} has mode {mode:04o}"
            return why, f"chmod -R u+rwX {shlex.quote(str(root))}"
    return "", ""


SHARED = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|afs|ncpfs|ceph|glusterfs|lustre|gfs2|ocfs2|beegfs|9p|virtiofs"
    r"|vboxsf|vmhgfs|prl_fs|drvfs|davfs2?|fuse\.(sshfs|rclone|s3fs|glusterfs|cephfs|davfs2?"
    r"|vmhgfs-fuse|gvfsd-fuse|smbnetfs|gcsfuse|goofys)"
)
"""File systems that other computers, or the host of this one, have a hand in."""
WITHOUT_MODES = re.compile(r"vfat|msdos|exfat|fuse\.exfat")
"""File systems that keep no permissions: the mount's own hold for all of it."""

Kind = Literal["readable", "owner", "network", "modes"]


@dataclass(frozen=True, slots=True)
class Exposure:
    """One way into a workspace. `text` says which, `remedy` what closes it."""

    kind: Kind
    text: str
    remedy: str


def there(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())


def exposures(root: Path, mounts: Path = Path("/proc/self/mountinfo")) -> tuple[Exposure, ...]:
    """Who else may reach the workspace at `root`, which need not exist."""
    place = there(root)
    kind, status, found = file_system(place, mounts), place.stat(), []
    if SHARED.fullmatch(kind):
        text = f"{root} lies on {kind}: other computers may read it"
        remedy = "Choose a workspace on a disk of this computer, or encrypt it."
        found.append(Exposure("network", text, remedy))
    if place == root and status.st_uid != os.geteuid():
        text = f"{root} belongs to another user: {user_name(status.st_uid)}"
        found.append(Exposure("owner", text, f"sudo chown -R $USER {root}"))
    mode = stat.S_IMODE(status.st_mode)
    if place == root and mode & 0o077 and WITHOUT_MODES.fullmatch(kind):
        text = f"{root} lies on {kind}, which keeps no permissions"
        remedy = "Mount it with umask=077, choose another workspace, or encrypt it."
        found.append(Exposure("modes", text, remedy))
    elif place == root and mode & 0o077:
        text = f"other users may look into {root} (mode {mode:04o})"
        found.append(Exposure("readable", text, f"chmod go-rwx {root}"))
    return tuple(found)


def refuse_exposed(root: Path, settings: PrivacySettings) -> tuple[Exposure, ...]:
    """What is to be warned of. Raises WorkspaceShared if the settings refuse it instead."""
    found = exposures(root)
    if found and settings.shared_folder == "refuse":
        remedies = "; ".join(each.remedy for each in found)
        raise WorkspaceShared(
            "The workspace is open to others",
            "; ".join(each.text for each in found),
            f"{remedies} (or set privacy.shared_folder to warn)",
        )
    return found


def file_system(place: Path, mounts: Path) -> str:
    """The type of the file system that `place` lies on, as in mountinfo; empty if it is unknown."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""  # not Linux
    resolved = place.resolve()
    best, kind = -1, ""
    for line in lines:
        left, _dash, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4]))
        # Of two mounts on one point the later one covers the earlier.
        if resolved.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split(" ")[0]
    return kind
