"""The final search: every file of the workspace, for names, pictures and rows of a person."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import FacedeskError
from engine.files import read_bytes
from engine.service.erasure.evidence import Evidence, arrays_of, files_below, row_digests
from engine.service.erasure.mentions import Mentions
from engine.workspace import Workspace

LARGEST = 1 << 30
"""Bytes of a file beyond which it is not read, but counted as unread."""
AUDIT = "audit"
"""What an audit log's path begins with: its chain must not be broken, and the receipt says so."""
BINARY = frozenset({".png", ".npz", ".avi", ".mp4", ".jpg"})
"""Suffixes of files whose bytes are no text."""


@dataclass(slots=True)
class Found:
    """What was looked at, and the paths (relative to the workspace) that still hold something."""

    files: int = 0
    bytes: int = 0
    rows: int = 0
    unread: int = 0
    left: list[str] = field(default_factory=list)


def search(workspace: Workspace, who: Evidence, beside: tuple[Path, ...] = ()) -> Found:
    """Look through the workspace, but for the files `beside`: the marker of the erasure itself."""
    mentions = who.mentions(workspace)
    found = Found()
    for file in files_below(workspace.root):
        if file in beside:
            continue
        place = str(file.relative_to(workspace.root))
        if place.startswith(AUDIT):
            continue
        try:
            if file.stat().st_size > LARGEST:
                raise OSError
            data = read_bytes(file)
        except (OSError, FacedeskError):
            found.unread += 1
            continue
        found.files += 1
        found.bytes += len(data)
        if mentions.within(place) or _holds(file, data, who, mentions, found):
            found.left.append(place)
    return found


def digest_of(file: Path) -> str:
    """SHA-256 of a file's contents; empty if it is gone or cannot be read."""
    try:
        return hashlib.sha256(read_bytes(file)).hexdigest()
    except (FileNotFoundError, FacedeskError):
        return ""


def _holds(file: Path, data: bytes, who: Evidence, mentions: Mentions, found: Found) -> bool:
    if hashlib.sha256(data).hexdigest() in who.pictures:
        return True
    if file.suffix == ".npz":
        for array in arrays_of(data):
            if array.dtype.kind in "US" and mentions.within(" ".join(map(str, array.ravel()))):
                return True
            for digest in row_digests(array):
                found.rows += 1
                if digest in who.rows:
                    return True
        return False
    return file.suffix not in BINARY and mentions.within(data.decode("utf-8", "replace"))
