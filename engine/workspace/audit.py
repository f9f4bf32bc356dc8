"""Who did what to whose data, and when: an append-only log whose entries are chained by hash.

`Audit(workspace)` writes and reads it, for the app and the command line alike. The log is appended
to and flushed, one entry a line, and never rewritten.

    audit/audit.jsonl   the chain (`engine.workspace.audit_chain`)
    audit/head.json     how many entries, the last hash, the size of the log, what is under way
    audit/keys.json     whose pseudonym is whose (`engine.workspace.audit_words`)
    audit/settings.json the privacy settings as they were noted last
    audit/reserve       room for a last entry on a full disk
    .audit.lock         held for the moment of an append, by any process

Whatever changes people's data is noted twice: `began` before anything is done, so that what cannot
be noted is not done, and the action itself once it is done. What a crash or an error cut short
gets `cut-short`: at once, or by the next writer (`settle`). workspace.json holds the id of the
first log, so that a log which is gone is missed.

The head is where the next entry goes on from, so that a log which lost its end shows a gap for
good. A line that a power cut tore off was never reported as written: it is removed, and an entry
says so.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from engine.contract.errors import DataError, DiskFull, FacedeskError, WorkspaceDenied
from engine.workspace import audit_chain
from engine.workspace.audit_chain import (
    BACK,
    START,
    Begun,
    Entry,
    Head,
    Verdict,
    examine,
    parsed,
    sealed,
)
from engine.workspace.audit_words import Action, Subjects, acting, held, is_alive, this_process
from engine.workspace.files import (
    TEMPORARY,
    append_line,
    drop_torn_line,
    make_directory,
    open_inside,
    read_json,
    read_lines,
    read_object,
    write_bytes,
    write_json,
)
from engine.workspace.folder import Workspace, note_witness, witness
from engine.workspace.owner import translate_os_errors

RESERVE = 16_384
"""Bytes that are kept free for the entry about a job which filled the disk."""
_UNDER_WAY: set[tuple[str, int]] = set()
"""Log and number of what this process has begun: what its own recovery must leave alone."""

About = Iterable[tuple[str, Mapping[str, Any]]]
"""Subjects, each with the details of their entry."""


@dataclass
class Doing:
    """One action while it is done: an entry `began` for each subject is in the log."""

    begun: tuple[Begun, ...]
    more: dict[str, Any] = field(default_factory=dict)
    """Details that are known only once it is done, for the entries at the end."""
    over: bool = False
    """Whether its end was noted, or could not be: then it is the next writer's affair."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the entries `began`."""
        return tuple(each.number for each in self.begun)


class Audit:
    """The audit log of one workspace. Needs no writer lock; safe from any thread and process."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root
        self._folder = workspace.audit
        self._area = workspace.people.name  # "people", or "strangers" for a StrangerArea
        self.file = self._folder / "audit.jsonl"
        self._head_file = self._folder / "head.json"
        self._settings_file = self._folder / "settings.json"
        self._reserve = self._folder / "reserve"
        self._subjects = Subjects(self._folder / "keys.json")

    # --- writing -------------------------------------------------------------------------

    def ready(self) -> None:
        """Make sure, before it is needed, that an entry can be written. Raises as `note`."""
        make_directory(self._folder)
        if not _there(self._reserve):
            with self.held():
                write_bytes(self._reserve, bytes(RESERVE))
        with translate_os_errors("write the audit log", self.file):
            handle = open_inside(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK)
            os.close(handle)

    def of(
        self, action: Action, subject: str = "", **details: Any
    ) -> contextlib.AbstractContextManager[Doing]:
        """`of_all` for one subject, or for none."""
        return self.of_all(action, [(subject, details)])

    @contextlib.contextmanager
    def of_all(self, action: Action, about: About) -> Iterator[Doing]:
        """Note that an action begins, for each subject with its details, and at the block's end
        that it is done; the block may add to `more`. The caller holds the lock that the action
        needs. Raises as `begin`, and then the block does not run; after it as `note`. A block that
        raises is noted as cut short."""
        doing = self.begin(action, about)
        try:
            yield doing
        except BaseException:
            self.give_up(doing)
            raise
        self.end(doing)

    def begin(self, action: Action, about: About) -> Doing:
        """Note what is about to be done, for each subject. `end` or `give_up` must follow. Raises
        as `note`: then it must not be done."""
        self.ready()
        process = this_process()
        told = [(who, {**details, "of": action, "process": process}) for who, details in about]
        with self.held():
            entries = self._append("began", told)
        begun = tuple(filter(None, map(audit_chain.begun_by, entries)))
        _UNDER_WAY.update((str(self.file), each.number) for each in begun)
        return Doing(begun)

    def end(self, doing: Doing) -> None:
        """Note that what was begun is done. Raises as `note`."""
        self._close(doing, "done", doing.more)

    def give_up(self, doing: Doing, why: str = "failed") -> None:
        """Note that what was begun did not come to its end, unless its end is noted. Where that
        cannot be done now, the next writer does it."""
        if not doing.over:
            with contextlib.suppress(FacedeskError):
                self._close(doing, why, {})

    def settle(self, done: Callable[[Begun], bool]) -> int:
        """End in the log what processes had begun that do not run any more; how much that was.
        `done` says whether it was done all the same. The caller holds `Workspace.writer`, and has
        recovered. Raises as `note`."""
        if not _there(self._head_file):
            return 0
        with self.held():
            head = self._caught_up()
            if head != self.head():  # an end that was noted, and the head was not
                self._save(head)
            left = [each for each in head.open if not self._runs(each)]
            for each in left:
                self._append_ends([each], "done" if done(each) else "killed", {})
        return len(left)

    def note(self, action: Action, subject: str = "", **details: Any) -> Entry:
        """Append one entry about what has no end, flushed to disk when this returns. `subject` is a
        person's identity; no value of `details` may hold a name or a path. Raises DiskFull,
        WorkspaceUnusable, WorkspaceLocked, DataError for damaged keys."""
        with self.held():
            return self._append(action, [(subject, details)])[0]

    def forget(self, subject: str) -> bool:
        """Destroy what links a person (identity) with their entries; whether there was something.
        Call it last when a person is erased. Raises as `note` does."""
        key = self._key(subject)
        with self.held():
            names = [name for name, whose in self._subjects.known().items() if whose == key]
            for name in names:
                # First: a key that is gone without a word is a finding.
                self._append("pseudonymised", [(name, {})], pseudonyms=True)
                self._subjects.forget(key)
        return bool(names)

    def note_settings(self, told: Mapping[str, Any]) -> None:
        """Note the settings on which privacy depends if they are not those noted last."""
        told = audit_chain.storable(told)
        if read_object(self._settings_file) == told:
            return
        self.note("settings-changed", **told)
        with self.held():
            write_json(self._settings_file, told)

    def tidy(self) -> None:
        """Remove what a killed writer left unfinished, for it may hold keys. Raises as `note`."""
        if self._folder.is_dir():
            with self.held():
                for left in self._folder.glob(f"{TEMPORARY}*"):
                    with translate_os_errors("remove unfinished files", left):
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
        Where nobody can tell any more who it was, a folder stands for the identity."""
        known = self._subjects.known()
        return {name: subject.removeprefix("people/") for name, subject in known.items()}

    def verify(self) -> Verdict:
        """Check the whole log against itself, its head, its keys and what the workspace knows of
        it. Raises WorkspaceUnusable, DataError for damaged keys."""
        with self.held() if self._folder.is_dir() else contextlib.nullcontext():
            known = witness(self._root)
            return examine(self._lines(), self.head(), log=known, keys={*self._subjects.known()})

    def unread(self) -> tuple[DataError, ...]:
        """Why a part of the log cannot be read, though it is here. Raises VaultLocked."""
        found = []
        for look in (self.head, self.entries, self.subjects):
            try:
                look()
            except DataError as error:
                found.append(error)
        return tuple(found[:1])

    def head(self) -> Head | None:
        """How many entries, and the last one's hash; None for a log that was never begun."""
        try:
            return Head.from_json(read_json(self._head_file))
        except WorkspaceDenied:  # it is there: to go on without it would tell of a lost one
            raise
        except (FileNotFoundError, DataError, KeyError, TypeError, ValueError):
            return None

    # --- private -------------------------------------------------------------------------

    def _key(self, subject: str) -> str:
        # "?ada-lovelace" has no identity yet: the key goes by folder until there is one.
        return f"{self._area}/{subject.removeprefix('?')}"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """`audit_words.held`, in a folder that is there. Raises DiskFull too."""
        make_directory(self._folder)
        with held(self._root):
            yield

    def _append(
        self, action: Action, about: About, *, pseudonyms: bool = False, spare: bool = True
    ) -> list[Entry]:
        """Append an entry for each subject. `pseudonyms`: they are given as such. `spare`: the
        reserve may be used. The log is held."""
        named = [
            (who if pseudonyms or not who else self._subjects.pseudonym(self._key(who)), told)
            for who, told in about
        ]
        head = self._caught_up()
        if head.count == 0:
            told = {"log": secrets.token_hex(16)}
            if before := witness(self._root):
                told["before"] = before
            head = self._written(head, "log-begun", "", told, spare)[1]
        made = []
        for subject, details in named:
            entry, head = self._written(head, action, subject, details, spare)
            made.append(entry)
        self._save(head)
        return made

    def _save(self, head: Head) -> None:
        with contextlib.suppress(FacedeskError):  # The entries are safe; the next one catches up.
            write_json(self._head_file, asdict(head))
            if not witness(self._root):
                first = next(iter(self.entries()), None)
                note_witness(self._root, str(first.details.get("log", "")) if first else "")

    def _written(
        self, head: Head, action: Action, subject: str, details: Mapping[str, Any], spare: bool
    ) -> tuple[Entry, Head]:
        """Append one entry, and another in front of it if the clock went back; the new head."""
        now = datetime.now(UTC)
        before = audit_chain.moment(head) or now
        if now + BACK < before and action != "clock-set-back":
            head = self._written(head, "clock-set-back", "", {"before": head.at}, spare)[1]
        entry = sealed(
            number=head.count + 1,
            at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            by=acting(),
            action=action,
            subject=subject,
            details=details,
            prev=head.hash,
        )
        try:
            append_line(self.file, entry.line(), sync=True)
        except DiskFull:
            if not spare or not _there(self._reserve):
                raise
            self._reserve.unlink()  # what it is kept for
            append_line(self.file, entry.line(), sync=True)
        return entry, replace(head.after(entry), size=self._size())

    def _close(self, doing: Doing, how: str, more: Mapping[str, Any]) -> None:
        doing.over = True
        try:
            with self.held():
                self._append_ends(doing.begun, how, more)
        finally:
            _UNDER_WAY.difference_update((str(self.file), each) for each in doing.numbers)

    def _append_ends(self, begun: Sequence[Begun], how: str, more: Mapping[str, Any]) -> None:
        """Append the ends of what was begun by one action, all of them alike."""
        done = how == "done"
        told = [
            (each.subject, {**each.details, **more, "began": each.number})
            if done
            else (each.subject, {"of": each.action, "began": each.number, "why": how})
            for each in begun
        ]
        if told:
            action = cast(Action, begun[0].action) if done else "cut-short"
            self._append(action, told, pseudonyms=True, spare=done)

    def _runs(self, begun: Begun) -> bool:
        """Whether what was begun is still under way, in this process or another one."""
        if begun.process == this_process():
            return (str(self.file), begun.number) in _UNDER_WAY
        return is_alive(begun.process)

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Hold the log, if there is one, while its files are written in another form."""
        with self.held() if _there(self.file) else contextlib.nullcontext():
            yield

    def _caught_up(self) -> Head:
        """The head to go on from, which an entry brings up to date if it is not the log's."""
        head = self.head()
        if head is not None and head.at and self._size() == head.size:
            return head
        for stale in self._folder.glob(f"{TEMPORARY}*"):  # of a process killed as it wrote a head
            stale.unlink(missing_ok=True)
        torn = drop_torn_line(self.file) if _there(self.file) else 0
        start = (head or Head(count=0, hash=START, size=0)).caught_up(map(parsed, self._lines()))
        if start.count and (torn or head is None):
            told = {"torn_bytes": torn, "head_lost": head is None}
            return self._written(start, "log-recovered", "", told, True)[1]
        return replace(start, size=self._size())

    def _lines(self) -> list[bytes]:
        try:
            return read_lines(self.file)
        except FileNotFoundError:
            return []

    def _size(self) -> int:
        with translate_os_errors("read the audit log", self.file):
            try:
                return self.file.stat().st_size
            except FileNotFoundError:
                return 0


def _there(file: Path) -> bool:
    """Whether there is such a file. Raises WorkspaceUnusable if nobody can tell."""
    with translate_os_errors("read the audit log", file):
        return file.exists()
