"""facedesk purge: what is too old goes, and people not seen for long are listed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from engine.people import changes
from engine.rights.purge import due, purge, unseen
from engine.text import many
from tui.cli.context import Context
from tui.words.figures import purged_words


def purge_things(context: Context, *, dry_run: bool) -> None:
    """Remove what is due, or print it."""
    workspace, settings, output = context.workspace, context.settings, context.output
    if dry_run:
        found = due(workspace, settings)
        if output.as_json:
            for each in found:
                output.object({"event": "due", **asdict(each)})
        elif found:
            output.table(("kind", "!" + "path"), [(each.kind, each.path) for each in found])
        counts: Counter[str] = Counter(each.kind for each in found)
    else:
        with context.writing("purge", purging=False):
            counts = purge(workspace, settings)
    if output.as_json:
        output.object({"event": "done", "dry_run": dry_run, "removed": dict(counts)})
    elif not counts:
        output.result("Nothing is due.")
    elif dry_run:
        output.result(f"Would go: {purged_words(counts)}.")
    else:
        output.result(f"Removed for good: {purged_words(counts)}.")


def purge_people(context: Context, *, delete: bool) -> None:
    """List people not seen for long; with `delete` put them into the trash."""
    settings, output = context.settings, context.output
    found = unseen(context.workspace, settings)
    days = settings.retention.people_days
    if output.as_json:
        for each in found:
            output.object({"event": "unseen", **asdict(each)})
    elif not days:
        output.result("Nobody is listed: retention.people_days is 0.")
    elif not found:
        output.result("Everybody was seen in the last {days}.".format(days=many(days, "day")))
    else:
        output.table(("!" + "name", "last seen"), [(each.name, each.since) for each in found])
    title = ""
    if delete and found:
        with context.writing("purge --people"):
            names = [each.name for each in found]
            title = changes.delete_people(context.workspace, names, settings.trash.keep_days).title
    if output.as_json:
        output.object({"event": "done", "people": len(found), "deleted": bool(title)})
    elif title:
        output.result(f"{title}.")
    elif found:
        output.result("Nobody was deleted; --people --yes puts them into the trash.")
