"""facedesk trash: what can be undone."""

from __future__ import annotations

from dataclasses import asdict

from engine.people import changes
from engine.people.trash import Trash
from engine.text import many
from tui.cli.context import Context
from tui.words.text import day


def show(context: Context) -> None:
    """The changes that can be undone, newest first."""
    entries = Trash(context.workspace, context.settings.trash.keep_days).changes()
    if context.output.as_json:
        for each in entries:
            context.output.object({"event": "change", **asdict(each)})
        context.output.object({"event": "done", "changes": len(entries)})
    elif not entries:
        context.output.result("The trash is empty.")
    else:
        context.output.table(
            ("!" + "id", "when", "what"),
            [(each.id, day(each.at), each.title or "damaged entry") for each in entries],
        )


def undo(context: Context, id: str) -> None:
    """Take a change back."""
    with context.writing("trash undo"):
        found = changes.undo(context.workspace, id)
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(found)})
    else:
        context.output.result(f"Undone: {found.title}. {found.back}.")


def purge(context: Context, everything: bool) -> None:
    """Remove for good what is due, or everything."""
    with context.writing("trash purge", purging=False):
        trash = Trash(context.workspace, context.settings.trash.keep_days)
        gone = trash.purge(everything=everything)
    if context.output.as_json:
        context.output.object({"event": "done", "purged": gone})
    else:
        context.output.result("Removed {changes} for good.".format(changes=many(gone, "change")))
