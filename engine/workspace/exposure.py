"""Who else may reach a workspace: by its modes, its owner, or the file system it lies on."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.contract.errors import WorkspaceShared
from engine.settings import PrivacySettings

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


def exposures(root: Path, mounts: Path = Path("/proc/self/mountinfo")) -> tuple[Exposure, ...]:
    """Who else may reach the workspace at `root`, which need not exist."""
    found = []
    place = next(path for path in (root, *root.parents) if path.exists())
    kind = file_system(place, mounts)
    if SHARED.fullmatch(kind):
        found.append(
            Exposure(
                "network",
                f"{root} lies on {kind}: other computers may read it",
                "Name a --workspace on a disk of this computer, or encrypt it.",
            )
        )
    status = place.stat()
    if place == root and status.st_uid != os.geteuid():
        found.append(
            Exposure(
                "owner",
                f"{root} belongs to another user ({status.st_uid})",
                f"sudo chown -R $USER {root}",
            )
        )
    mode = stat.S_IMODE(status.st_mode)
    if place == root and mode & 0o077:
        if WITHOUT_MODES.fullmatch(kind):
            found.append(
                Exposure(
                    "modes",
                    f"{root} lies on {kind}, which keeps no permissions",
                    "Mount it with umask=077, name another --workspace, or encrypt it.",
                )
            )
        else:
            found.append(
                Exposure(
                    "readable",
                    f"other users may look into {root} (mode {mode:04o})",
                    f"chmod go-rwx {root}",
                )
            )
    return tuple(found)


def refuse_exposed(root: Path, settings: PrivacySettings) -> tuple[Exposure, ...]:
    """What is to be warned of. Raises WorkspaceShared if the settings refuse it instead."""
    found = exposures(root)
    if found and settings.shared_folder == "refuse":
        raise WorkspaceShared(
            "The workspace is open to others",
            "; ".join(each.text for each in found),
            "{remedy} (or set privacy.shared_folder to warn)".format(
                remedy="; ".join(each.remedy for each in found)
            ),
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
