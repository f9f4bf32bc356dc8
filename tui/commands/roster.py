"""facedesk roster, and enroll --roster: names worked through one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.contract.errors import NoPictures, PersonUnreadable, ReviewNeeded, UsageError
from engine.contract.requests import EnrolRequest
from engine.people import roster
from engine.text import many
from tui.cli.context import Context
from tui.commands.enrolment import enroll, refuse_silence
from tui.commands.twins import Twins


def list_roster(context: Context) -> None:
    """The roster as a table or one object a line."""
    rows = roster.rows(context.workspace)
    waiting = sum(not row.done for row in rows)
    if context.output.as_json:
        for row in rows:
            state = "done" if row.done else "waiting"
            context.output.object(
                {"event": "roster", "name": row.name, "consent": row.consent, "state": state}
            )
        context.output.object({"event": "done", "names": len(rows), "waiting": waiting})
    elif not rows:
        context.output.result("The roster is empty. Try: facedesk roster add names.csv")
    else:
        table = [
            (r.name, "done" if r.done else "waiting", str(r.pictures), r.consent or "")
            for r in rows
        ]
        context.output.table(("!" + "name", "state", "#" + "pictures", "consent"), table)


def add_names(context: Context, source: Path) -> None:
    """Add names; say who was left out and why."""
    with context.writing("roster add"):
        added = roster.add(context.workspace, source)
    for note in added.notes:
        context.output.note(note, "yellow")
    if context.output.as_json:
        body = {"event": "done", "added": list(added.names), "notes": list(added.notes)}
        context.output.object(body)
    else:
        context.output.result(
            "{names} added to the roster.".format(names=many(len(added.names), "name"))
        )


def clear_roster(context: Context) -> None:
    """Forget the roster."""
    with context.writing("roster clear"):
        count = roster.clear(context.workspace)
    if context.output.as_json:
        context.output.object({"event": "done", "cleared": count})
    else:
        context.output.result("Cleared {names}.".format(names=many(count, "name")))


def enroll_roster(
    context: Context, request: EnrolRequest, twins: Twins, ready: Callable[[str], bool]
) -> None:
    """Enrol everybody who waits with `request`'s source; `ready(name)` False ends it.

    Raises UsageError if nobody waits. A capture that brought nothing is told; the next follows.
    Raises ReviewNeeded at the end if somebody must look at one, NoPictures if none brought any.
    """
    doubts: list[str] = []
    kept, nothing = 0, ""
    waiting = [row.name for row in roster.rows(context.workspace) if not row.done]
    if not waiting:
        raise UsageError(
            "Nobody waits on the roster", hint="Add names: facedesk roster add names.csv"
        )
    for name in waiting:
        if not ready(name):
            break
        try:
            kept += enroll(context, replace(request, person=name), twins).captured
        except (NoPictures, PersonUnreadable) as error:
            context.output.error(error)
            nothing = str(error)
        except ReviewNeeded as error:
            context.output.note(error.message, "yellow")
            doubts.append(error.message)
    refuse_silence(doubts)
    if nothing and not kept:
        raise NoPictures("Nobody was enrolled", nothing, "See `facedesk roster`.")
