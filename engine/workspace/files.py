"""Files as a workspace keeps them: private modes, atomic writes, typed errors, sealed if it is so.

Whatever a workspace holds is read and written here (tests/contracts/test_files.py), so that
encryption at rest holds for all of it: `vault.opened` knows which paths are sealed. What
the operator asked for outside, exports and reports, goes through `write_plain`.

No link is followed inside a workspace (`guard`): whoever may write there must not choose what is
read or written elsewhere, and each folder on the way is opened by its name in the one before. The
workspace itself may be reached by links.

Directories are 0700 and files 0600 whatever the umask. A write is a temporary file in the same
folder, flushed to disk, then renamed over the target; a reader sees the old file or the new
one, never half of either.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from engine.contract.errors import DataError
from engine.workspace.owner import root_of, translate_os_errors
from engine.workspace.vault import envelope, opened

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")
TEMPORARY = ".tmp-"
"""Prefix of unfinished files and folders; `Workspace.recover` removes what a crash left."""
_MADE = re.compile(r"\.tmp-([0-9a-f]{16})-([0-9a-f]{8})")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def open_inside(path: Path, flags: int) -> int:
    """`os.open`, mode 0600, that follows no link in a workspace: OSError (ELOOP) instead."""
    if root_of(path) is None:
        return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    with _folder(path.parent) as folder:
        try:
            flags |= os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(path.name, flags, FILE_MODE, dir_fd=folder)
        except OSError as error:
            error.filename = str(path)
            raise


@contextlib.contextmanager
def _folder(path: Path, *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder, which is made with its parents in the workspace if `make`. Raises
    OSError, ELOOP if it or a folder on the way in the workspace is a link."""
    root = root_of(path)
    handle = os.open(path if root is None else root, _FOLDER)
    try:
        for part in () if root is None else path.relative_to(root).parts:
            handle = _step(handle, part, path, make)
        yield handle
    finally:
        os.close(handle)


def _step(above: int, name: str, path: Path, make: bool) -> int:
    """Open a folder in the open one `above`, which is closed."""
    made = False
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, DIRECTORY_MODE, dir_fd=above)
            made = True
    try:
        handle = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    except OSError as error:
        error.filename = str(path)
        with contextlib.suppress(OSError):
            if stat.S_ISLNK(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
                error.errno = errno.ELOOP
        raise
    os.close(above)  # only now: until here it is the caller's to close
    if made:
        os.fchmod(handle, DIRECTORY_MODE)
    return handle


def make_directory(path: Path) -> None:
    """Create `path` and its parents, mode 0700 for those created. Raises WorkspaceUnusable for a
    link inside a workspace, DiskFull."""
    with translate_os_errors("create a folder", path):
        root = root_of(path)
        top = path if root is None else Path(root)
        missing = [p for p in (top, *top.parents) if not p.exists()]
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=DIRECTORY_MODE)
                folder.chmod(DIRECTORY_MODE)
        if not top.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(path))
        if root is not None:
            with _folder(path, make=True):
                pass


def make_private(path: Path) -> None:
    """Take a folder away from other users; one of another owner stays as it is. Raises OSError."""
    with _folder(path) as folder:
        if os.fstat(folder).st_mode & 0o077:
            os.fchmod(folder, DIRECTORY_MODE)


def sync_directory(path: Path) -> None:
    """Flush a folder's entries to disk, so that a rename survives a power cut."""
    with _folder(path) as folder:
        os.fsync(folder)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder. Raises OSError, also where a folder on the way is a link."""
    with _folder(source.parent) as before, _folder(target.parent) as after:
        os.rename(source.name, target.name, src_dir_fd=before, dst_dir_fd=after)


def temporary_name() -> str:
    """A name for what is unfinished, that nobody else gives: `is_temporary` knows it again."""
    token = secrets.token_hex(8)
    return f"{TEMPORARY}{token}-{_mark(token)}"


def is_temporary(name: str) -> bool:
    """Whether `temporary_name` made a name."""
    found = _MADE.fullmatch(name)
    return found is not None and found[2] == _mark(found[1])


def _mark(token: str) -> str:
    return hashlib.sha256(f"facedesk {token}".encode()).hexdigest()[:8]


@contextlib.contextmanager
def locked_directory(path: Path) -> Iterator[None]:
    """Hold a folder against other processes that ask for it, and wait for one that does. Not twice
    by one process: that would wait for itself. Raises WorkspaceUnusable."""
    with translate_os_errors("lock a folder", path):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with translate_os_errors("lock a folder", path):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `path` atomically with mode 0600, sealed in an encrypted workspace. Raises DiskFull,
    WorkspaceUnusable, VaultLocked."""
    write_plain(path, opened.sealed(path, data))


def write_plain(path: Path, data: bytes) -> None:
    """`write_bytes` for what the operator asked for, or what is about nobody: never sealed. Raises
    DiskFull or WorkspaceUnusable."""
    make_directory(path.parent)
    with translate_os_errors("write a file", path), _folder(path.parent) as folder:
        name = temporary_name()
        try:
            with os.fdopen(new_file(name, folder), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):  # The first error says more.
                os.unlink(name, dir_fd=folder)
            raise
        os.fsync(folder)


def need_writable(path: Path) -> None:
    """Raise now what `write_plain` would raise when the work for it is done: WorkspaceUnusable or
    DiskFull. Makes the folder."""
    make_directory(path.parent)
    with translate_os_errors("write a file", path), _folder(path.parent) as folder:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        name = temporary_name()
        os.close(new_file(name, folder))
        os.unlink(name, dir_fd=folder)


def new_file(path: str | Path, folder: int | None = None) -> int:
    """A descriptor of a new file for writing, mode 0600, in the open `folder` if that is given.
    Raises OSError; no link is followed."""
    handle = os.open(path, _NEW, FILE_MODE, dir_fd=folder)
    try:
        os.fchmod(handle, FILE_MODE)
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_regular(path: Path) -> BinaryIO:
    """A regular file for reading. Raises OSError, also for a pipe, socket or device: waiting for
    its other end would hang, and reading might never end."""
    handle = open_inside(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return os.fdopen(handle, "rb")


def read_bytes(path: Path) -> bytes:
    """Read a file of the workspace whole, unsealed if it is sealed. Raises FileNotFoundError if it
    is absent, WorkspaceUnusable if it cannot be read, VaultLocked, SealBroken if it was changed
    since it was sealed."""
    return opened.plain(path, read_plain(path))


def read_either(path: Path) -> bytes:
    """`read_bytes` of a file sealed or plain, wherever it lies: for a search, never for use."""
    return opened.either(path, read_plain(path))


def copy_out(origin: Path, target: Path) -> None:
    """Write a workspace file unsealed to `target`, mode 0600, for an export that appears whole. It
    is not flushed: whoever exports thousands of files flushes the folder once. Raises OSError and
    as `read_bytes`."""
    data = read_bytes(origin)
    with os.fdopen(new_file(target), "wb") as file:
        file.write(data)


def read_plain(path: Path) -> bytes:
    """The bytes of a file as they are on disk. Raises FileNotFoundError if it is absent,
    WorkspaceUnusable if it cannot be read or is none."""
    with translate_os_errors("read a file", path, absent=True), open_regular(path) as file:
        return file.read()


def append_line(path: Path, line: bytes, *, sync: bool = False) -> None:
    """Append one line (without its break) to a `.jsonl` file, sealed in an encrypted workspace.
    With `sync` it is on disk when this returns. Where it fails nothing is left of it; a line that a
    crash cut short stays a line of its own: it takes no other with it. One that is sealed is
    removed: among sealed lines nothing may be cut short. Raises DiskFull, WorkspaceUnusable,
    VaultLocked; ValueError for a line that is several, or a file of another suffix."""
    if path.suffix != envelope.LINES or len(line.splitlines()) > 1:
        raise ValueError(f"one line is appended, to a file named *{envelope.LINES}")
    vault = opened.opened_for_lines(path)
    with translate_os_errors("write a file", path):
        handle = open_inside(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK)
        try:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode):  # what goes into a pipe is lost there
                raise OSError(errno.EINVAL, "it is no file", str(path))
            before = facts.st_size
            if not before:
                os.fchmod(handle, FILE_MODE)
            torn = before > 0 and os.pread(handle, 1, before - 1) != b"\n"
            if torn and vault is not None:
                rest = _tail(handle, before, None).rpartition(b"\n")[2]
                if not envelope.is_whole(rest):
                    before -= len(rest)
                    os.ftruncate(handle, before)
                    torn = False
            start = b"\n" if torn else b""
            if vault is None:
                waiting = memoryview(start + line + b"\n")
            else:
                tail = partial(_tail, handle, before)
                waiting = memoryview(start + vault.sealed_line(path, line, tail))
            try:
                while waiting:
                    waiting = waiting[os.write(handle, waiting) :]
                if sync:
                    os.fsync(handle)
            except BaseException:
                with contextlib.suppress(OSError):  # The first error says more.
                    os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)
        if sync and not before:
            sync_directory(path.parent)


def _tail(handle: int, size: int, length: int | None) -> bytes:
    """The last `length` bytes of an open file of `size` bytes; None: all of it."""
    length = size if length is None else min(length, size)
    return os.pread(handle, length, size - length)


def sync_file(path: Path) -> None:
    """Flush what was appended to a file. Raises FileNotFoundError, DiskFull, WorkspaceUnusable."""
    with translate_os_errors("flush a file", path, absent=True), open_regular(path) as file:
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[bytes]:
    """`read_bytes`, line by line, without their breaks; a last half one too."""
    return read_bytes(path).splitlines()


def drop_torn_line(path: Path) -> int:
    """Remove what a power cut left of an unfinished last line; how many bytes that were. The caller
    keeps other writers away. Raises FileNotFoundError, DiskFull, WorkspaceUnusable."""
    data = read_plain(path)
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with (
            translate_os_errors("write a file", path),
            os.fdopen(open_inside(path, os.O_WRONLY), "wb") as file,
        ):
            file.truncate(whole)
    return len(data) - whole


def read_start(path: Path, size: int) -> bytes:
    """The first bytes of a file as on disk; none if it is gone. Raises WorkspaceUnusable."""
    with translate_os_errors("read a file", path):
        try:
            with open_regular(path) as file:
                return file.read(size)
        except FileNotFoundError:
            return b""


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON, atomically. Raises ValueError for NaN and infinity."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def parse_json(data: bytes | str, *, nan: bool = False) -> Any:
    """What a JSON text holds. Raises ValueError for every text that is none, however deep, and
    for halves of characters: what came from a file must be fit to be written to one. Numbers that
    no float can hold are none either, nor are NaN and Infinity, unless `nan` lets these pass."""
    try:
        # Strictly UTF-8: left to itself, json guesses UTF-16 and lets halves of characters pass.
        text = data if isinstance(data, str) else data.decode()
        other = float if nan else finite
        value = json.loads(text, parse_float=finite, parse_int=_whole_number, parse_constant=other)
        if _HALVES.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def finite(value: Any) -> float:
    """`value`, which may be a text, as a number. Raises TypeError, ValueError also for NaN."""
    if not math.isfinite(number := float(value)):
        raise ValueError(f"{value!s:.20} is no number")
    return number


def _whole_number(text: str) -> int:
    finite(text)
    return int(text)


def read_json(path: Path, *, nan: bool = False) -> Any:
    """Read a JSON file of ours, see `parse_json`. Raises FileNotFoundError if it is absent,
    DataError if it is damaged, WorkspaceUnusable if it cannot be read."""
    data = read_bytes(path)
    try:
        return parse_json(data, nan=nan)
    except ValueError as error:
        raise DataError(
            "A workspace file is damaged",
            f"{path} is not valid JSON",
            "Restore it from a backup, or delete it and run the step that makes it again.",
        ) from error


def read_object(path: Path) -> dict[str, Any] | None:
    """`read_json`; None if it is gone, damaged or no object. Raises VaultLocked."""
    try:
        body = read_json(path)
    except (FileNotFoundError, DataError):
        return None
    return body if isinstance(body, dict) else None


def new_temporary(folder: Path) -> Path:
    """An empty private folder under a name that `Workspace.recover` removes. Raises OSError."""
    made = folder / temporary_name()
    with _folder(folder) as above:
        os.mkdir(made.name, DIRECTORY_MODE, dir_fd=above)
        os.chmod(made.name, DIRECTORY_MODE, dir_fd=above)
    return made


@contextlib.contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; on success it becomes `path` in one rename. If the block
    raises, the temporary folder is removed and `path` does not appear."""
    make_directory(path.parent)
    with translate_os_errors("create a folder", path):
        temporary = new_temporary(path.parent)
    try:
        yield temporary
        with translate_os_errors("finish a folder", path):
            sync_directory(temporary)
            move(temporary, path)
            sync_directory(path.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def remove_file(path: Path) -> None:
    """Remove a file, or a link and not what it names, if it is there. Raises WorkspaceUnusable."""
    with translate_os_errors("remove a file", path):
        path.unlink(missing_ok=True)


def remove_directory(path: Path) -> None:
    """Remove a folder so that a crash half-way leaves no half of it under its own name."""
    with translate_os_errors("remove a folder", path):
        if not os.path.lexists(path):
            return
        with _folder(path.parent) as folder:
            # No new folder is made for it: deleting must work on a full disk too.
            grave = temporary_name()
            os.rename(path.name, grave, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
            if stat.S_ISDIR(os.stat(grave, dir_fd=folder, follow_symlinks=False).st_mode):
                shutil.rmtree(grave, dir_fd=folder)
            else:  # a link, or a file in a folder's place: what it names is nobody's to remove
                os.unlink(grave, dir_fd=folder)
