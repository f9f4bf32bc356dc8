"""Compiled networks on disk, so that the next start need not build them. All may fail harmlessly.

`~/.cache/facedesk/compiled/<key>.bin` (or under `$FACEDESK_CACHE`): the runtime's own bytes, then
their SHA-256. Only one file is kept; nothing in it is about a person.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from pathlib import Path
from typing import BinaryIO

import platformdirs

from engine.errors import FacedeskError
from engine.files import write_plain
from engine.model.mapped import Mapped

_DIGEST = hashlib.sha256().digest_size
_PIECE = 1 << 18

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where compiled networks are kept; it need not exist."""
    named = os.environ.get("FACEDESK_CACHE")
    root = Path(named) if named else platformdirs.user_cache_path("facedesk")
    return root / "compiled"


def kept(key: str) -> Mapped | None:
    """What was kept under `key`; None if nothing was, it is damaged, or another user's file."""
    try:
        with _file(key).open("rb") as file:
            found = os.fstat(file.fileno())
            # The bytes go into native code: whoever may write them must be this user.
            if hasattr(os, "getuid") and found.st_uid != os.getuid():
                return None
            length = found.st_size - _DIGEST
            if length <= 0 or _digest(file, length) != file.read():
                return None
            return Mapped(file, length)
    except OSError:
        return None


def keep(key: str, data: bytes) -> None:
    """Keep `data` under `key` and drop what other keys kept. A disk that refuses is no trouble."""
    file = _file(key)
    try:
        write_plain(file, data + hashlib.sha256(data).digest())
    except (FacedeskError, OSError) as error:
        log.info("the compiled network is not kept: %s", error)
        return
    for other in file.parent.glob("*.bin"):
        if other != file:
            with contextlib.suppress(OSError):
                other.unlink()


def forget(key: str) -> None:
    """Remove what is kept under `key`."""
    with contextlib.suppress(OSError):
        _file(key).unlink(missing_ok=True)


def _digest(file: BinaryIO, length: int) -> bytes:
    """SHA-256 of the next `length` bytes, read piece by piece: the whole would take memory."""
    digest = hashlib.sha256()
    while length > 0 and (piece := file.read(min(length, _PIECE))):
        digest.update(piece)
        length -= len(piece)
    return digest.digest()


def _file(key: str) -> Path:
    return cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.bin"
