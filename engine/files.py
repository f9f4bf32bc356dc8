"""Files as a workspace keeps them: private modes, atomic writes, typed errors.

Directories are 0700 and files 0600 whatever the umask. A write is a temporary file in the same
folder, flushed to disk, then renamed over the target; a reader sees the old file or the new
one, never half of either.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import DataError, DiskFull, WorkspaceUnusable
from engine.i18n import _

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")
TEMPORARY = ".tmp-"
"""Prefix of unfinished files and folders; `Workspace.recover` removes what a crash left."""


@contextlib.contextmanager
def translate_os_errors(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError into DiskFull or WorkspaceUnusable, so that callers meet typed errors."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                _("The disk is full"),
                _("could not {doing} ({path})").format(doing=doing, path=path),
                _("Free some space and try again; nothing that was saved before is lost."),
            ) from error
        raise WorkspaceUnusable(
            _("The workspace cannot be used"),
            _("could not {doing} ({path}): {reason}").format(
                doing=doing, path=path, reason=os.strerror(error.errno or 0)
            ),
            _("Check the folder's owner, its permissions and whether its disk is read-only."),
        ) from error


def make_directory(path: Path) -> None:
    """Create `path` and its parents, mode 0700 for those created."""
    with translate_os_errors(_("create a folder"), path):
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=DIRECTORY_MODE)
                folder.chmod(DIRECTORY_MODE)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(path))


def sync_directory(path: Path) -> None:
    """Flush a folder's entries to disk, so that a rename survives a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `path` atomically with mode 0600. Raises DiskFull or WorkspaceUnusable."""
    make_directory(path.parent)
    with translate_os_errors(_("write a file"), path):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(FILE_MODE)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):  # The first error says more.
                temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)


def open_regular(path: Path) -> BinaryIO:
    """A regular file for reading. Raises OSError, also for a pipe, socket or device: waiting for
    its other end would hang, and reading might never end."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, _("it is no file"), str(path))
    return os.fdopen(handle, "rb")


def read_bytes(path: Path) -> bytes:
    """Read a file of the workspace whole.

    Raises FileNotFoundError if it is absent, WorkspaceUnusable if it cannot be read.
    """
    try:
        with open_regular(path) as file:
            return file.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        with translate_os_errors(_("read a file"), path):
            raise error


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON, atomically."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def parse_json(data: bytes | str) -> Any:
    """What a JSON text holds. Raises ValueError for every text that is none, however deep, and
    for halves of characters: what came from a file must be fit to be written to one."""
    try:
        # Strictly UTF-8: left to itself, json guesses UTF-16 and lets halves of characters pass.
        text = data if isinstance(data, str) else data.decode()
        value = json.loads(text)
        if _HALVES.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError(_("it is nested too deeply")) from error
    return value


def read_json(path: Path) -> Any:
    """Read a JSON file of ours.

    Raises FileNotFoundError if it is absent, DataError if it is damaged, WorkspaceUnusable if
    it cannot be read.
    """
    data = read_bytes(path)
    try:
        return parse_json(data)
    except ValueError as error:
        raise DataError(
            _("A workspace file is damaged"),
            _("{path} is not valid JSON").format(path=path),
            _("Restore it from a backup, or delete it and run the step that makes it again."),
        ) from error


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; on success it becomes `path` in one rename.

    If the block raises, the temporary folder is removed and `path` does not appear.
    """
    make_directory(path.parent)
    with translate_os_errors(_("create a folder"), path):
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=path.parent))
    try:
        yield temporary
        with translate_os_errors(_("finish a folder"), path):
            sync_directory(temporary)
            temporary.rename(path)
            sync_directory(path.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def remove_directory(path: Path) -> None:
    """Remove a folder so that a crash half-way leaves no half of it under its own name."""
    with translate_os_errors(_("remove a folder"), path):
        if not path.exists():
            return
        # No new folder is made for it: deleting must work on a full disk too.
        grave = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
        path.rename(grave)
        sync_directory(path.parent)
        shutil.rmtree(grave)
