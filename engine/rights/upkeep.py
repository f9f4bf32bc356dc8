"""What whoever writes does first, and what the audit log says of recognition.

Whoever takes the writer lock puts in order what a killed run left. Whatever is written appears
whole, so there is little to do: unfinished files go, a change in the trash that had begun is
finished, erasures go on, and what belongs to nobody goes.

Of recognition the log says that somebody watched, and by which settings; not whom the model named:
that would be a second register of people's movements.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from engine.contract import Emit, Notice, Recovered, WorkspaceUpgraded
from engine.contract.errors import DataError, FacedeskError
from engine.model.epochs import FOLDER, drop_stale
from engine.model.store import ModelStore
from engine.people.clock import note_clock
from engine.people.permission import permitted
from engine.people.registry import People, StrangerArea, utc_now
from engine.people.trash import Trash
from engine.rights.erase import resume, unfinished
from engine.settings import Settings
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import Begun
from engine.workspace.audit_words import place
from engine.workspace.files import read_json, write_json
from engine.workspace.folder import FORMAT, Workspace
from engine.workspace.identity import SESSION_FILE


@contextlib.contextmanager
def writing(workspace: Workspace, what: str, tell: Emit) -> Iterator[None]:
    """Hold the workspace's writer lock inside the block, with the workspace in order.

    `tell` gets a `WorkspaceUpgraded`, `ClockChanged` and `Recovered` for what was done first.
    Raises WorkspaceLocked, WorkspaceUnusable, and DataError as `recover` does.
    """
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
    perhaps, waits for the next time: a full disk must not keep anybody from emptying it.
    """
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
            try:
                head = read_json(file)
            except (FileNotFoundError, DataError):
                continue  # somebody's hand, which is told by who reads the session
            if isinstance(head, dict) and "outcome" not in head:
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

    The caller has just taken `Workspace.writer`, which yielded `interrupted`. Raises DataError
    for an erasure that cannot be finished: whoever asked for it must not be left in the belief
    that it was done.
    """
    found = recover_people(workspace, interrupted)
    if forgotten := _forget_trainings(workspace):
        found = replace(
            found or Recovered(), leftovers=(found.leftovers if found else 0) + forgotten
        )
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


class Watched:
    """What the audit log says of recognitions, one at a time: when it started and ended."""

    def __init__(self, workspace: Workspace, settings: Settings, tell: Emit) -> None:
        self._workspace, self._settings, self._tell = workspace, settings, tell
        self._open = False

    def begin(self, sources: Sequence[str]) -> None:
        """Note the start. In a workspace that may only be read watching goes on, and `tell` hears
        why no entry is made.

        Otherwise raises as `Audit.note`, and then nobody may watch.
        """
        if self._workspace.read_only:
            text = "The workspace is read-only: this recognition is not in the audit log."
            self._tell(Notice(text=text, level="warning"))
            return
        note_settings(self._workspace, self._settings)
        audit = Audit(self._workspace)
        audit.ready()
        audit.note("recognition-started", sources=[place(source) for source in sources])
        self._open = True

    def end(self, outcome: str, **more: Any) -> None:
        """Note the end of what was begun; an entry that cannot be written is told as a Notice."""
        if not self._open:
            return
        self._open = False
        try:
            Audit(self._workspace).note("recognition-ended", outcome=outcome, **more)
        except FacedeskError as error:
            text = f"The end of recognition is not in the audit log. {error}"
            self._tell(Notice(text=text, level="error"))
