"""The workspace folder: where things lie, what a crash left of them, one writer at a time.

Which version a workspace's layout has, and how an older one becomes today's.

    workspace.json     {"program": "facedesk", "format": 2}

A workspace without this file and with anything of ours in it is of format 0, as Facedesk wrote it
before there were versions. One of a newer format is refused by whatever command, and not touched.
The files inside have versions of their own where they may be read one by one; docs/safety/
processes.md lists them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError, WorkspaceLocked, WorkspaceTooNew, WorkspaceUnusable
from engine.workspace.files import (
    TEMPORARY,
    is_temporary,
    make_directory,
    make_private,
    open_inside,
    read_json,
    read_object,
    write_json,
)
from engine.workspace.owner import guard, translate_os_errors
from engine.workspace.upgrade import to_1, to_2
from engine.workspace.vault.opened import PLAIN

FORMAT = 2
MARKER = "workspace.json"
PROGRAM = "facedesk"

STEPS: tuple[Callable[[Path], None], ...] = (to_1, to_2)
"""The step from format N to N + 1 at place N. A step may be cut short at any moment and begun
again: it leaves alone what is done, and every file that it replaces it replaces whole."""


def format_of(root: Path) -> int:
    """The format of the workspace at `root`, 0 without a marker. Raises DataError if the marker is
    damaged or not ours, WorkspaceTooNew if it is newer."""
    path = root / MARKER
    try:
        body = read_json(path)
    except FileNotFoundError:
        return 0
    found = body.get("format") if isinstance(body, dict) else None
    if type(found) is not int or found < 1 or body.get("program") != PROGRAM:
        raise DataError(
            "The folder is not a workspace",
            f"{path} does not say which format it has",
            "Choose another workspace. If Facedesk made this one, remove that file.",
        )
    if found > FORMAT:
        raise WorkspaceTooNew(
            "The workspace is of a newer version",
            f"{root} has format {found}, and this Facedesk knows {FORMAT}",
            "Use the newer Facedesk that wrote it. Nothing was changed.",
        )
    return found


def mark(root: Path, format: int = FORMAT) -> None:
    """Note the format; what else is noted there stays. Raises DiskFull, WorkspaceUnusable."""
    write_json(root / MARKER, {**_noted(root), "program": PROGRAM, "format": format})


def witness(root: Path) -> str:
    """The id of the first audit log that the workspace had; empty if nobody noted one."""
    log = _noted(root).get("audit")
    return log if isinstance(log, str) else ""


def note_witness(root: Path, log: str) -> None:
    """Note that there is an audit log, apart from the log: one that is removed is then missed. A
    workspace without a marker waits for its upgrade. Raises DiskFull, WorkspaceUnusable."""
    if log and (body := _noted(root)):
        write_json(root / MARKER, {**body, "audit": log})


def _noted(root: Path) -> dict[str, Any]:
    """What the marker says, nothing if there is none or it is damaged."""
    body = read_object(root / MARKER) or {}
    return body if body.get("program") == PROGRAM else {}


def upgrade(root: Path) -> int | None:
    """Bring an older workspace to today's format; the format it had, None if it was today's. The
    caller holds the writer lock. Raises DiskFull, WorkspaceUnusable: nobody writes into a workspace
    that is half one format and half the other. The next writer goes on from there."""
    before = format_of(root)
    for number in range(before, FORMAT):
        STEPS[number](root)
        mark(root, number + 1)
    return before if before < FORMAT else None


def newer(body: Any, known: int) -> bool:
    """Whether a file of ours says that a newer version wrote it."""
    version = body.get("version") if isinstance(body, dict) else None
    return isinstance(version, int) and version > known


_HOLDER = re.compile(rb"\(process [0-9]+\)\s*$")
"""How the name of a lock's holder ends."""


class Workspace:
    """Paths inside one workspace. Creating the object touches nothing on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.people = self.root / "people"
        self.features = self.root / "features"
        self.strangers = self.root / "strangers"
        self.stranger_features = self.root / "stranger-features"
        self.models = self.root / "models"
        self.unknown = self.root / "unknown"
        self.trash = self.root / "trash"
        self.evaluations = self.root / "evaluations"
        self.erasing = self.root / "erasing"
        self.receipts = self.root / "receipts"
        self.split_file = self.root / "split.json"
        self.audit = self.root / "audit"
        self.roster_file = self.root / "roster.json"
        self.view_file = self.root / "ui.json"
        self.clock_file = self.root / "clock.json"
        self.logs = self.root / "logs"
        self.lock_file = self.root / ".lock"
        self._faces = (
            *(self.people, self.features, self.strangers, self.stranger_features, self.models),
            *(self.unknown, self.trash, self.evaluations, self.erasing, self.receipts),
        )
        """The folders with pictures of faces and what was made from them."""
        self.private = (*self._faces, self.audit, self.logs)
        """The folders that are ours alone."""
        self._bare = tuple(self.root / name for name in PLAIN)
        guard(self.root, (*self.contents(), *self._bare))
        self._upgraded_from: int | None = None

    def prepare(self) -> None:
        """Make the workspace usable: its folders exist and are private. The root keeps its mode if
        it was there before (it may be the user's own folder); the folders with pictures, templates
        and logs are made private again, for a restored backup may have opened them. Raises
        WorkspaceUnusable if it cannot be written, DiskFull without space, WorkspaceTooNew before
        anything is touched."""
        new = format_of(self.root) == 0 and not self._used()
        make_directory(self.root)
        for folder in self.private:
            make_directory(folder)
            with contextlib.suppress(OSError):  # Another owner's, or read-only: not ours to fix.
                make_private(folder)
        if new:
            mark(self.root)

    def outdated(self) -> bool:
        """Whether the next writer will bring it to today's format. Raises as `format_of`."""
        return format_of(self.root) < FORMAT and self._used()

    def upgraded_from(self) -> int | None:
        """The format that the last `writer` found and brought to today's; told once."""
        found, self._upgraded_from = self._upgraded_from, None
        return found

    def _used(self) -> bool:
        """Whether there is anything of ours besides logs."""
        return any(path.exists() for path in (*self._faces, self.split_file))

    @property
    def read_only(self) -> bool:
        """Whether it is there, but its disk or its folder may only be read: readers go on."""
        return self.root.is_dir() and not os.access(self.root, os.W_OK)

    def recover(self) -> tuple[str, ...]:
        """Remove what an interrupted write left behind; return the relative paths removed. Call
        only while holding `writer()`, for another writer's unfinished files look the same."""
        removed = []
        with translate_os_errors("remove unfinished files", self.root):
            for path in [*self._unfinished()]:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
                removed.append(str(path.relative_to(self.root)))
        return tuple(removed)

    def _unfinished(self) -> Iterator[Path]:
        # In the root only what we made, by its name: it may be the user's own folder.
        if self.root.is_dir():
            found = sorted(self.root.glob(f"{TEMPORARY}*"))
            yield from (path for path in found if is_temporary(path.name))
        for top in self._faces:
            if top.is_symlink():  # not ours: `prepare` says so
                continue
            for folder, names, files in os.walk(top):
                for name in sorted(n for n in (*names, *files) if n.startswith(TEMPORARY)):
                    yield Path(folder, name)
                names[:] = [n for n in names if not n.startswith(TEMPORARY)]

    def contents(self) -> tuple[Path, ...]:
        """All files and folders that hold what the workspace is about: what encryption covers."""
        paths = (each for each in vars(self).values() if isinstance(each, Path))
        return tuple(sorted(each for each in paths if each not in (self.root, *self._bare)))

    def cut_short(self) -> bool:
        """Whether the last writer was killed, or one writes now. Reads one small file."""
        try:
            return self.lock_file.stat().st_size > 0
        except OSError:
            return False

    @contextlib.contextmanager
    def writer(self, what: str) -> Iterator[str]:
        """Hold the workspace's writer lock; readers need none.

        The lock lives with the process, so a killed writer never leaves it behind, only its name:
        that of the last holder is yielded if it did not come to its end, else "". `what` is the
        holder's name, which processes in any language read: a name, not words to translate.
        A workspace of an older format is brought to today's first, see `upgraded_from`. Raises
        WorkspaceLocked with the holder's name if another process or job has it, WorkspaceTooNew.
        """
        self.prepare()
        with translate_os_errors("lock the workspace", self.lock_file):
            handle = open_inside(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK)
        try:
            self._take(handle)
            _refuse_other(handle, self.lock_file)
            before = _holder(handle)
            self._upgraded_from = upgrade(self.root)
            try:
                with contextlib.suppress(OSError):  # The holder's name is a courtesy.
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, f"{what} (process {os.getpid()})".encode(), 0)
                yield before
            finally:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        with translate_os_errors("lock the workspace", self.lock_file):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = _holder(handle) or "another Facedesk process"
                raise WorkspaceLocked(
                    "The workspace is in use",
                    f"{holder} is writing to {self.root}",
                    "Wait for it, stop it, or choose another workspace.",
                ) from error


def _refuse_other(lock: int, path: Path) -> None:
    """Raise WorkspaceUnusable for a lock that is no file of ours, before its contents go: a pipe,
    or a file that somebody gave this name too."""
    facts = os.fstat(lock)
    ours = not facts.st_size or _HOLDER.search(os.pread(lock, 200, 0)) is not None
    if not stat.S_ISREG(facts.st_mode) or (facts.st_nlink > 1 and not ours):
        raise WorkspaceUnusable(
            "The workspace's lock is another file",
            str(path),
            "Somebody put it there: look who did, and remove it.",
        )


def _holder(lock: int) -> str:
    """The name in an open lock file; empty if its writer came to an end."""
    try:
        return os.pread(lock, 200, 0).decode("utf-8", "replace").strip()
    except OSError:
        return ""
