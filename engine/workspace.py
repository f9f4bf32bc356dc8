"""The workspace folder: where things lie, what a crash left of them, one writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.errors import WorkspaceLocked
from engine.files import DIRECTORY_MODE, FILE_MODE, TEMPORARY, make_directory, translate_os_errors
from engine.i18n import _
from engine.vault.opened import PLAIN


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
        self.logs = self.root / "logs"
        self.lock_file = self.root / ".lock"
        self.audit_lock = self.root / ".audit.lock"

    def prepare(self) -> None:
        """Make the workspace usable: its folders exist and are private.

        The root keeps its mode if it was there before (it may be the user's own folder); the
        folders with pictures, templates and logs are made private again, for a restored backup
        may have opened them. Raises WorkspaceUnusable if it cannot be written, DiskFull without
        space.
        """
        make_directory(self.root)
        for folder in (*self._private(), self.audit, self.logs):
            make_directory(folder)
            with contextlib.suppress(OSError):  # Another owner's, or read-only: not ours to fix.
                if folder.stat().st_mode & 0o077:
                    folder.chmod(DIRECTORY_MODE)

    def recover(self) -> tuple[str, ...]:
        """Remove what an interrupted write left behind; return the relative paths removed.

        Call only while holding `writer()`, for another writer's unfinished files look the same.
        """
        removed = []
        with translate_os_errors(_("remove unfinished files"), self.root):
            for path in [*self._unfinished()]:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
                removed.append(str(path.relative_to(self.root)))
        return tuple(removed)

    def _unfinished(self) -> Iterator[Path]:
        # In the root only what is ours by name: it may be the user's own folder.
        if self.root.is_dir():
            yield from sorted(self.root.glob(f"{TEMPORARY}*"))
        for top in self._private():
            for folder, names, files in os.walk(top):
                for name in sorted(n for n in (*names, *files) if n.startswith(TEMPORARY)):
                    yield Path(folder, name)
                names[:] = [n for n in names if not n.startswith(TEMPORARY)]

    def contents(self) -> tuple[Path, ...]:
        """All files and folders that hold what the workspace is about: what encryption covers."""
        paths = (each for each in vars(self).values() if isinstance(each, Path))
        return tuple(sorted(each for each in paths if each not in (self.root, *self._bare())))

    def _bare(self) -> tuple[Path, ...]:
        """What is never encrypted: it holds nothing about a person."""
        return tuple(self.root / name for name in PLAIN)

    @property
    def private(self) -> frozenset[Path]:
        """The folders that are ours alone."""
        return frozenset((*self._private(), self.audit, self.logs))

    def _private(self) -> tuple[Path, ...]:
        """The folders with pictures of faces and what was made from them."""
        return (
            self.people,
            self.features,
            self.strangers,
            self.stranger_features,
            self.models,
            self.unknown,
            self.trash,
            self.evaluations,
            self.erasing,
            self.receipts,
        )

    @contextlib.contextmanager
    def writer(self, what: str) -> Iterator[None]:
        """Hold the workspace's writer lock; readers need none.

        The lock lives with the process, so a killed writer never leaves it behind. `what` is the
        holder's name, which processes in any language read: a name, not words to translate.
        Raises WorkspaceLocked with the holder's name if another process or job has it.
        """
        self.prepare()
        with translate_os_errors(_("lock the workspace"), self.lock_file):
            handle = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            self._take(handle)
            try:
                with contextlib.suppress(OSError):  # The holder's name is a courtesy.
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, f"{what} (process {os.getpid()})".encode(), 0)
                yield
            finally:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def _take(self, handle: int) -> None:
        with translate_os_errors(_("lock the workspace"), self.lock_file):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
                raise WorkspaceLocked(
                    _("The workspace is in use"),
                    _("{holder} is writing to {root}").format(
                        holder=holder or _("another Facedesk process"), root=self.root
                    ),
                    _("Wait for it to finish, stop it, or choose another --workspace."),
                ) from error
