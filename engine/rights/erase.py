"""Erase a person for good, so that a crash at any moment leaves work that is finished later.

    erasing/<id>.json     who, what makes data theirs, and the steps done, while it is under way

The marker is written first and removed last, after the receipt; `resume` goes on from it. Every
step may be done twice. The caller holds `Workspace.writer`, after `Workspace.recover` and `tidy`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError, Remedy, WorkspaceUnusable
from engine.contract.people import Answers, Doubts, Erased, ErasureUnanswered, Receipt
from engine.machine import user_name
from engine.people.registry import People, utc_now
from engine.rights import doubts, evidence, stores
from engine.rights.doubts import Scores, held_in, others_of
from engine.rights.evidence import (
    Evidence,
    audit_subjects,
    centre_digests,
    holds_arrays,
    is_picture,
    readable,
    rows_in,
    whom,
)
from engine.rights.receipt import search, unnamed, write
from engine.rights.stores import AuditLog, own_files
from engine.text import name_key
from engine.workspace.audit import Audit
from engine.workspace.files import read_json, remove_file, sync_directory, write_json
from engine.workspace.folder import Workspace
from engine.workspace.owner import translate_os_errors

MOST_NAMED = 20
"""Files that a receipt names as unread; of more it says how many."""

LONGEST_BY = 200
"""Characters of who erases, in a receipt."""

Compare = Callable[[tuple[str, ...]], Scores]
"""Compares kept strangers with the person of these identities, see `doubts.measure`."""


def erase(
    workspace: Workspace,
    name: str,
    by: str = "",
    *,
    answers: Answers = Answers(),  # noqa: B008 - frozen
    compare: Compare | None = None,
) -> Erased:
    """Remove a person, enrolled or in the trash, with every trace in the workspace. What others
    hold too stays with them. `by` is who does it, by default the system's user. `compare` finds
    kept strangers who are the person; without it only those are compared whose embeddings, and the
    person's, are kept. Raises PersonNotFound, or ErasureUnanswered for what `answers` leave open,
    and then nothing was touched; DiskFull or WorkspaceUnusable, and then the next start goes on."""
    who = collect(workspace, name, _one_line(by) or user_name(os.getuid()))
    scores = compare(who.ids) if compare else doubts.measure(workspace, who.ids, None)
    sure, unsure = doubts.judge(workspace, who, scores)
    holders, shared = others_of(workspace, who)
    open_ = answers.leave_open(Doubts(who.names[0], holders, unsure))
    if open_.shared or open_.unsure:
        raise ErasureUnanswered(open_)
    also = tuple(each.place for each in unsure) if answers.unsure == "remove" else ()
    for each in unsure if not also else ():
        shared |= held_in(workspace.root / each.place, who)
    who = replace(who, shared=shared, sightings=(*sure, *also))
    audit = Audit(workspace)
    begun = audit.begin("person-erased", [(audit_subjects(who)[0], {"receipt": who.id})])
    marker = workspace.erasing / f"{who.id}.json"
    body: dict[str, Any] = {
        "evidence": who.to_json(),
        "unsure": len(unsure) - len(also),
        "removed": {},
        "model": "",
        "done": [],
        "began": begun.numbers[0],
    }
    try:
        write_json(marker, body)
    except BaseException:
        audit.give_up(begun)
        raise
    return _run(workspace, marker, body, who, resumed=False)


def collect(workspace: Workspace, name: str, by: str) -> Evidence:
    """What is to be erased of the person of this name, enrolled or in the trash. Raises
    PersonNotFound."""
    slug, found, ids = whom(workspace, name)
    # A former name that is somebody else's by now is theirs.
    taken = {name_key(p.name) for p in People(workspace).list() if p.slug != slug}
    mentions = (each for store in stores.STORES for each in store.mentions(workspace))
    former = [name for id, name in mentions if id in ids and name and name_key(name) not in taken]
    names = list(dict.fromkeys([found, *former]))
    pictures, rows = set(), set(centre_digests(workspace, ids))
    for file, data in readable(own_files(workspace, ids)):
        if is_picture(file, data):
            pictures.add(hashlib.sha256(data).hexdigest())
        elif holds_arrays(file, data):
            rows |= set(rows_in(data))
    return Evidence(
        id=secrets.token_hex(8),
        slug=slug,
        names=tuple(names),
        by=by,
        began=utc_now(),
        pictures=frozenset(pictures),
        rows=frozenset(rows),
        ids=ids,
    )


def resume(workspace: Workspace) -> tuple[Erased, ...]:
    """Finish the erasures that a crash cut short. A damaged marker stays, and is an error."""
    finished = []
    for marker in _markers(workspace):
        try:
            body = read_json(marker)
            who = evidence.from_json(body["evidence"])
            unsure = int(body.get("unsure", 0))
            began = body.get("began")  # an older version noted none
            body = {key: body[key] for key in ("evidence", "removed", "model", "done")}
            body["unsure"] = unsure
            body |= {} if began is None else {"began": int(began)}
        except WorkspaceUnusable:  # it may be whole: not to be removed
            raise
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise DataError(
                "An unfinished erasure is damaged", f"{marker}: {error}", Remedy.ERASE_AGAIN
            ) from error
        finished.append(_run(workspace, marker, body, who, resumed=True))
    return tuple(finished)


def unfinished(workspace: Workspace) -> bool:
    """Whether an erasure waits to be finished; needs no lock."""
    return bool(_markers(workspace))


def _one_line(text: str) -> str:
    """Text for a line of the receipt, to which it must not add lines of its own."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:LONGEST_BY]


def _markers(workspace: Workspace) -> list[Path]:
    # Hidden ones are unfinished writes.
    return sorted(p for p in workspace.erasing.glob("*.json") if not p.name.startswith("."))


def _run(
    workspace: Workspace, marker: Path, body: dict[str, Any], who: Evidence, *, resumed: bool
) -> Erased:
    for store in stores.STORES:
        if store.name in body["done"]:
            continue
        if isinstance(store, AuditLog):  # after it the log cannot say any more whom it was about
            began = {key: body[key] for key in ("began",) if key in body}
            told = {"receipt": who.id, "removed": body["removed"], **began}
            Audit(workspace).note("person-erased", audit_subjects(who)[0], **told)
        for kind, gone in store.forget(workspace, who).items():
            if isinstance(gone, str):
                body[kind] = gone
            else:
                body["removed"][kind] = body["removed"].get(kind, 0) + gone
        body["done"].append(store.name)
        write_json(marker, body)
    found = search(workspace, who, beside=(marker,))
    receipt = Receipt(
        id=who.id,
        erased=utc_now(),
        by=who.by,
        removed={**body["removed"], "rows of numbers": len(who.rows)},
        model=body["model"],
        searched={**found.counts(), "unsure": body["unsure"]},
        resumed=resumed,
        not_read=unnamed(found.unread[:MOST_NAMED], who.mentions(workspace)),
    )
    file = write(workspace, receipt)
    remove_file(marker)
    with translate_os_errors("flush a folder", marker.parent):
        sync_directory(marker.parent)
    left = (*found.left, *found.ours)
    return Erased(who.names[0], receipt, str(file), left, tuple(found.unread))
