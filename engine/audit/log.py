"""The log on disk: `audit/audit.jsonl`, one entry a line, appended and flushed, never rewritten.

    audit/audit.jsonl   the chain (`engine.audit.chain`)
    audit/head.json     how many entries, the last hash, the size of the log
    audit/keys.json     whose pseudonym is whose (`engine.audit.subjects`)
    audit/settings.json the privacy settings as they were noted last
    audit/reserve       room for a last entry on a full disk
    .audit.lock         held for the moment of an append, by any process

The head is where the next entry goes on from, so that a log which lost its end shows a gap for
good. A line that a power cut tore off was never reported as written: it is removed, and an entry
says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from engine.audit import chain
from engine.audit.actions import Action
from engine.audit.chain import START, Entry, Head, Verdict, examine, parsed, sealed
from engine.audit.subjects import Subjects
from engine.audit.who import acting
from engine.errors import DataError, DiskFull, FacedeskError, WorkspaceLocked
from engine.files import (
    FILE_MODE,
    TEMPORARY,
    append_line,
    drop_torn_line,
    make_directory,
    read_json,
    read_lines,
    translate_os_errors,
    write_bytes,
    write_json,
)
from engine.i18n import _
from engine.workspace import Workspace

RESERVE = 16_384
"""Bytes that are kept free for the entry about a job which filled the disk."""
LONGEST_WAIT = 5.0
"""Seconds to wait for another process's append, which takes milliseconds."""


class Audit:
    """The audit log of one workspace. Needs no writer lock; safe from any thread and process."""

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.audit
        self._area = workspace.people.name  # "people", or "strangers" for a StrangerArea
        self.file = self._folder / "audit.jsonl"
        self._head_file = self._folder / "head.json"
        self._settings_file = self._folder / "settings.json"
        self._reserve = self._folder / "reserve"
        self._lock_file = workspace.audit_lock
        self._subjects = Subjects(self._folder / "keys.json")

    # --- writing -------------------------------------------------------------------------

    def ready(self) -> None:
        """Make sure that an entry can be written, before something is done that needs one.

        Raises DiskFull, WorkspaceUnusable.
        """
        make_directory(self._folder)
        if not self._reserve.exists():
            with self.held():
                write_bytes(self._reserve, bytes(RESERVE))
        with translate_os_errors(_("write the audit log"), self.file):
            handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
            os.close(handle)

    @contextlib.contextmanager
    def of(self, action: Action, subject: str = "", **details: Any) -> Iterator[dict[str, Any]]:
        """Note an action once the block has done it; the block may add to the details.

        Raises before the block as `ready` does, after it as `note` does. A block that raises
        is not noted: it must leave nothing done.
        """
        self.ready()
        yield details
        self.note(action, subject, **details)

    def note(self, action: Action, subject: str = "", **details: Any) -> Entry:
        """Append one entry, flushed to disk when this returns. `subject` is a person's identity;
        no value of `details` may hold a name or a path.

        Raises DiskFull, WorkspaceUnusable, WorkspaceLocked, DataError for damaged keys.
        """
        return self.note_all(action, [(subject, details)])[0]

    def note_all(
        self, action: Action, about: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> tuple[Entry, ...]:
        """Append an entry for each subject with its details. Raises as `note` does."""
        made = []
        with self.held():
            for subject, details in about:
                name = self._subjects.pseudonym(self._key(subject)) if subject else ""
                made.append(self._append(action, name, details))
        return tuple(made)

    def forget(self, subject: str) -> bool:
        """Destroy what links a person (identity) with their entries; whether there was something.

        Call it last when a person is erased. Raises as `note` does.
        """
        with self.held():
            name = self._subjects.forget(self._key(subject))
            if name is not None:
                self._append("pseudonymised", name, {})
        return name is not None

    def note_settings(self, told: Mapping[str, Any]) -> None:
        """Note the settings on which privacy depends if they are not those noted last."""
        told = chain.plain(told)
        with contextlib.suppress(FileNotFoundError, DataError):
            if read_json(self._settings_file) == told:
                return
        self.note("settings-changed", **told)
        with self.held():
            write_json(self._settings_file, told)

    def tidy(self) -> None:
        """Remove what a killed writer left unfinished, for it may hold keys. Raises as `note`."""
        if self._folder.is_dir():
            with self.held():
                for left in self._folder.glob(f"{TEMPORARY}*"):
                    with translate_os_errors(_("remove unfinished files"), left):
                        left.unlink(missing_ok=True)

    # --- reading -------------------------------------------------------------------------

    def entries(self) -> tuple[Entry, ...]:
        """Every entry that can be read, in the order of the file. Raises WorkspaceUnusable."""
        found = (parsed(line) for line in self._lines())
        return tuple(entry for entry in found if entry is not None)

    def lines(self, ids: frozenset[str]) -> tuple[str, ...]:
        """The entries about a person (all their identities), as they stand in the log."""
        mine = {name for name, id in self.subjects().items() if id in ids}
        return tuple(e.line().decode() for e in self.entries() if e.subject in mine)

    def subjects(self) -> Mapping[str, str]:
        """Pseudonym to identity, of those that still have a key; strangers as `strangers/<id>`.

        Where nobody can tell any more who it was, a folder stands for the identity.
        """
        known = self._subjects.known()
        return {name: subject.removeprefix("people/") for name, subject in known.items()}

    def verify(self) -> Verdict:
        """Check the whole log against itself and its head. Raises WorkspaceUnusable."""
        with self.held() if self._folder.is_dir() else contextlib.nullcontext():
            return examine(self._lines(), self._head())

    def head(self) -> Head | None:
        """How many entries, and the last one's hash; None for a log that was never begun."""
        return self._head()

    # --- private -------------------------------------------------------------------------

    def _key(self, subject: str) -> str:
        # "?ada-lovelace" has no identity yet: the key goes by folder until there is one.
        return f"{self._area}/{subject.removeprefix('?')}"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process and thread from appending inside the block, which may not
        either. Raises WorkspaceLocked, WorkspaceUnusable.
        """
        make_directory(self._folder)
        with translate_os_errors(_("lock the audit log"), self._lock_file):
            handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            give_up = time.monotonic() + LONGEST_WAIT
            while not _taken(handle):
                if time.monotonic() > give_up:
                    raise WorkspaceLocked(
                        _("The audit log is in use"),
                        _("another process holds {file}").format(file=self._lock_file),
                        _("See which process hangs (`fuser` on that file), and end it."),
                    )
                time.sleep(0.01)
            yield
        finally:
            os.close(handle)

    def _append(self, action: Action, subject: str, details: Mapping[str, Any]) -> Entry:
        head = self._head()
        if head is None or self._size() != head.size:
            head = self._recovered(head)
        if head.count == 0:
            head = self._written(head, "log-begun", "", {"log": secrets.token_hex(16)})[1]
        return self._written(head, action, subject, details)[0]

    def _written(
        self, head: Head, action: Action, subject: str, details: Mapping[str, Any]
    ) -> tuple[Entry, Head]:
        entry = sealed(
            number=head.count + 1,
            at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            by=acting(),
            action=action,
            subject=subject,
            details=details,
            prev=head.hash,
        )
        try:
            append_line(self.file, entry.line(), sync=True)
        except DiskFull:
            if not self._reserve.exists():
                raise
            self._reserve.unlink()  # what it is kept for
            append_line(self.file, entry.line(), sync=True)
        new = Head(count=entry.number, hash=entry.hash, size=self._size())
        with contextlib.suppress(FacedeskError):  # The entry is safe; the next one catches up.
            write_json(self._head_file, asdict(new))
        return entry, new

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Hold the log, if there is one, while its files are written in another form."""
        with self.held() if self.file.exists() else contextlib.nullcontext():
            yield

    def _recovered(self, head: Head | None) -> Head:
        """Where to go on from when head and log do not agree, with an entry that says so."""
        for stale in self._folder.glob(f"{TEMPORARY}*"):  # of a process killed as it wrote a head
            stale.unlink(missing_ok=True)
        torn = drop_torn_line(self.file) if self.file.exists() else 0
        start = head or Head(count=0, hash=START, size=0)
        for entry in map(parsed, self._lines()):
            # Written, but the power went before its head was.
            fits = entry is not None and (entry.number, entry.prev) == (start.count + 1, start.hash)
            if entry is not None and fits and chain.intact(entry):
                start = Head(count=entry.number, hash=entry.hash, size=0)
        if start.count and (torn or head is None):
            told = {"torn_bytes": torn, "head_lost": head is None}
            return self._written(start, "log-recovered", "", told)[1]
        return start

    def _head(self) -> Head | None:
        try:
            body = read_json(self._head_file)
            return Head(count=int(body["count"]), hash=str(body["hash"]), size=int(body["size"]))
        except (FileNotFoundError, DataError, KeyError, TypeError, ValueError):
            return None

    def _lines(self) -> list[bytes]:
        try:
            return read_lines(self.file)
        except FileNotFoundError:
            return []

    def _size(self) -> int:
        try:
            return self.file.stat().st_size
        except FileNotFoundError:
            return 0


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
