"""What whoever takes the writer lock does first: put in order and finish what was cut short."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial

from engine.audit.chain import Begun
from engine.audit.log import Audit
from engine.enrol import recovery
from engine.enrol.permission import permitted
from engine.enrol.trash import Trash
from engine.errors import DataError
from engine.events import Recovered
from engine.model.epochs import FOLDER, drop_stale
from engine.model.store import ModelStore
from engine.service.erasure.erase import resume, unfinished
from engine.workspace import Workspace


def recover(workspace: Workspace, interrupted: str = "") -> Recovered | None:
    """Order in the workspace, then the erasures that were begun; None if nothing was to be done.

    The caller has just taken `Workspace.writer`, which yielded `interrupted`. Raises DataError
    for an erasure that cannot be finished: whoever asked for it must not be left in the belief
    that it was done.
    """
    found = recovery.recover(workspace, interrupted)
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
