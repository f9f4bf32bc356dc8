"""What whoever writes does first, what is due to go, and what is noted of recognition.

Whoever takes the writer lock puts in order what a killed run left: unfinished files go, a change in
the trash that had begun is finished, erasures go on, and what belongs to nobody goes. What is due
is found by one function, so that a dry run prints exactly what a purge removes.

Of recognition the audit log says that somebody watched, and by which settings; not whom the model
named: that would be a second register of people's movements. The day on which a person was
recognised is noted beside their pictures, at most once a day, with the writer lock held for that
moment. While another process holds it nothing is noted; the next sight after a minute tries again.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from engine.contract import Emit, Event, FaceSeen, Notice, Recovered, WorkspaceUpgraded
from engine.contract.errors import DataError, FacedeskError
from engine.model.epochs import FOLDER, drop_stale
from engine.model.store import ModelStore
from engine.people.clock import last_seen, note_clock, note_seen, read_clock
from engine.people.permission import permitted
from engine.people.person import Person
from engine.people.registry import People, StrangerArea, utc_now
from engine.people.trash import Trash
from engine.rights import stores
from engine.rights.erase import resume, unfinished
from engine.rights.evidence import Due
from engine.settings import Settings
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import Begun
from engine.workspace.audit_words import place
from engine.workspace.files import read_object, write_json
from engine.workspace.folder import FORMAT, Workspace
from engine.workspace.identity import SESSION_FILE


@contextlib.contextmanager
def writing(workspace: Workspace, what: str, tell: Emit) -> Iterator[None]:
    """Hold the workspace's writer lock inside the block, with the workspace in order. `tell` gets a
    `WorkspaceUpgraded`, `ClockChanged` and `Recovered` for what was done first. Raises
    WorkspaceLocked, WorkspaceUnusable, and DataError as `recover` does."""
    with workspace.writer(what) as interrupted:
        if (before := workspace.upgraded_from()) is not None:
            tell(WorkspaceUpgraded(before=before, now=FORMAT))
        if changed := note_clock(workspace):
            tell(changed)
        if recovered := recover(workspace, interrupted):
            tell(recovered)
        yield


def recover_people(workspace: Workspace, interrupted: str = "") -> Recovered | None:
    """Put the workspace in order; None if everything was and the last writer came to its end.
    `interrupted` is what `Workspace.writer` yielded. What cannot be done, for want of space
    perhaps, waits for the next time: a full disk must not keep anybody from emptying it."""
    failed = ""

    def attempt(step: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        nonlocal failed
        try:
            return step()
        except DataError as error:
            failed = failed or str(error)
            return ()

    # In this order: a change may need what tidying would take for a leftover.
    unfinished = attempt(workspace.recover)
    finished = attempt(Trash(workspace).recover)
    leftovers: tuple[str, ...] = ()
    if not failed:
        strangers = People(StrangerArea(workspace))
        leftovers = attempt(People(workspace).tidy) + attempt(strangers.tidy)
        leftovers += attempt(lambda: _nameless(strangers))
    kept: Counter[str] = Counter()
    if interrupted and not failed:
        attempt(lambda: _close_sessions(People(workspace), kept))
    if not (interrupted or unfinished or finished or leftovers or failed):
        return None
    return Recovered(
        interrupted=interrupted,
        unfinished=len(unfinished),
        leftovers=len(leftovers),
        finished=finished,
        kept=tuple(kept.items()),
        failed=failed,
    )


def _close_sessions(people: People, kept: Counter[str]) -> tuple[str, ...]:
    """Write down that sessions without an end were cut short, so that it is told once; `kept` gets
    how many pictures each person has of them."""
    for person in people.list():
        for session in person.sessions:
            file = people.session_directory(person.slug, session.id) / SESSION_FILE
            head = read_object(file)  # none: somebody's hand, told by who reads the session
            if head is not None and "outcome" not in head:
                count = len(session.pictures)
                end = {"ended": utc_now(), "outcome": "cut_short", "captured": count}
                write_json(file, {**head, **end})
                kept[person.name] += count
    return tuple(kept)


def _nameless(strangers: People) -> tuple[str, ...]:
    """Remove groups of strangers without a picture: nobody is noted there before they are seen."""
    return tuple(each.slug for each in strangers.list() if strangers.discard_if_empty(each))


def recover(workspace: Workspace, interrupted: str = "") -> Recovered | None:
    """Order in the workspace, then the erasures that were begun; None if nothing was to be done.
    The caller has just taken `Workspace.writer`, which yielded `interrupted`. Raises DataError for
    an erasure that cannot be finished: whoever asked for it must not be left in the belief that it
    was done."""
    found = recover_people(workspace, interrupted)
    if forgotten := _forget_trainings(workspace):
        found = found or Recovered()
        found = replace(found, leftovers=found.leftovers + forgotten)
    with contextlib.suppress(DataError):  # it waits, as what recovery could not do
        Audit(workspace).tidy()
    if unfinished(workspace):
        found = replace(found or Recovered(), erased=len(resume(workspace)))
    with contextlib.suppress(DataError):
        Audit(workspace).settle(partial(_was_done, workspace))
    return found


def _was_done(workspace: Workspace, begun: Begun) -> bool:
    """Whether what the audit log says was begun was done, though its end is not noted."""
    change = str(begun.details.get("change", ""))
    if change:
        return Trash(workspace).is_gone(change)
    if begun.action == "promoted":
        return ModelStore(workspace).current_id() == begun.details.get("model")
    return begun.number in Trash(workspace).noted()


def _forget_trainings(workspace: Workspace) -> int:
    """Remove what killed trainings left that none can go on from, as it holds people who have gone
    or changed since; how many."""
    if not (workspace.models / FOLDER).is_dir():
        return 0
    with contextlib.suppress(DataError):
        people = {(person.id, person.revision) for person in permitted(workspace)}
        return drop_stale(workspace.models, people)
    return 0


SECTIONS = ("consent", "trash", "unknown", "retention", "record", "privacy")
"""Sections of the settings on which privacy depends."""


def note_settings(workspace: Workspace, settings: Settings) -> None:
    """Note the settings on which privacy depends, if they changed. Raises as `Audit.note`."""
    told: dict[str, Any] = {name: settings.as_json()[name] for name in SECTIONS}
    told |= {"fpir": settings.recognition.fpir, "vault_required": settings.vault.required}
    text = told["consent"].pop("text")  # long; that it changed is what matters
    told["consent"]["text_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    Audit(workspace).note_settings(told)


@dataclass
class Watched:
    """What the audit log says of recognitions, one at a time: when it started and ended."""

    workspace: Workspace
    settings: Settings
    tell: Emit
    _open: bool = False

    def begin(self, sources: Sequence[str]) -> None:
        """Note the start. In a workspace that may only be read watching goes on, and `tell` hears
        why no entry is made; else raises as `Audit.note`, and then nobody may watch."""
        if self.workspace.read_only:
            text = "The workspace is read-only: this recognition is not in the audit log."
            self.tell(Notice(text=text, level="warning"))
            return
        note_settings(self.workspace, self.settings)
        audit = Audit(self.workspace)
        audit.ready()
        audit.note("recognition-started", sources=[place(source) for source in sources])
        self._open = True

    def end(self, outcome: str, **more: Any) -> None:
        """Note the end of what was begun; an entry that cannot be written is told as a Notice."""
        if not self._open:
            return
        self._open = False
        try:
            Audit(self.workspace).note("recognition-ended", outcome=outcome, **more)
        except FacedeskError as error:
            text = f"The end of recognition is not in the audit log. {error}"
            self.tell(Notice(text=text, level="error"))


# --- what is due to go ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unseen:
    """A person not seen for long; `since` is a day."""

    name: str
    slug: str
    since: str


def due(workspace: Workspace, settings: Settings, now: datetime | None = None) -> tuple[Due, ...]:
    """Everything that is due, in the order in which it goes; reads only, and needs no lock. People
    are never among it: `unseen` lists them, and somebody decides."""
    return tuple(each for store in stores.STORES for each in store.due(workspace, settings, now))


def purge(workspace: Workspace, settings: Settings, now: datetime | None = None) -> Counter[str]:
    """Remove what is due; how much of each kind. The caller holds `Workspace.writer`. Raises
    DiskFull, WorkspaceUnusable."""
    gone: Counter[str] = Counter(each.kind for each in due(workspace, settings, now))
    late = [each for each in stores.STORES if each.overdue(workspace, settings, now)]
    if late:
        with Audit(workspace).of("purged", what="what was due", counts=dict(gone)):
            for store in late:
                store.purge(workspace, settings, now)
    return gone


def unseen(
    workspace: Workspace, settings: Settings, now: datetime | None = None
) -> tuple[Unseen, ...]:
    """People neither recognised nor captured for `retention.people_days`; nobody if that is 0."""
    days = settings.retention.people_days
    if not days:
        return ()
    clock = read_clock(workspace, now)
    return tuple(
        Unseen(person.name, person.slug, since)
        for person in People(workspace).list()
        if clock.is_due(since := last_sign_of(workspace, person), days)
    )


def last_sign_of(workspace: Workspace, person: Person) -> str:
    """The day of a person's last recognition, capture, or enrolment, whichever was last."""
    captured = max((session.started for session in person.sessions), default="")
    return max(last_seen(workspace, person.slug), captured[:10], person.created[:10])


AGAIN = 60.0
"""Seconds until somebody whose day could not be noted is tried again."""
WAITING = 64
"""People who may wait for the thread."""


@dataclass
class SeenWriter:
    """`hear` takes every event of a recognition, for a thread that writes: `hold` takes the writer
    lock for a moment. A photograph that stands for itself is not a person who came by, and is not
    noted."""

    workspace: Workspace
    hold: Callable[[], AbstractContextManager[object]]
    clock: Callable[[], float] = time.monotonic
    _noted: dict[str, str] = field(default_factory=dict)
    _failed: dict[str, float] = field(default_factory=dict)
    _queue: queue.Queue[str | None] = field(default_factory=partial(queue.Queue, WAITING))
    _thread: threading.Thread | None = None

    def hear(self, event: Event) -> None:
        """Have it noted whom an event names, once a person and day. Never blocks or raises."""
        if not isinstance(event, FaceSeen) or event.person is None or not event.track:
            return
        if not event.candidate_id:
            return
        id, today = event.candidate_id, datetime.now(UTC).strftime("%Y-%m-%d")
        if self._noted.get(id) == today or self.clock() < self._failed.get(id, 0.0):
            return
        self._noted[id] = today
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="last seen", daemon=True)
            self._thread.start()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(id)

    def close(self, seconds: float) -> None:
        """Let what waits be written, for at most so long."""
        if self._thread is not None and not self._queue.full():
            self._queue.put(None)
            self._thread.join(seconds)
            self._thread = None

    def _run(self) -> None:
        while (person := self._queue.get()) is not None:
            try:
                with self.hold():
                    note_seen(self.workspace, People(self.workspace).by_id(person).slug)
            except FacedeskError:
                self._noted.pop(person, None)
                self._failed[person] = self.clock() + AGAIN
