"""`facedesk trash` and `purge`: what can be undone, and what goes for good."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import click

from engine.people import changes
from engine.people.trash import Trash
from engine.rights import purge as purging
from engine.text import many
from tui.cli.options import SubGroup, TakesGlobals, confirmed
from tui.cli.run import Context, takes_context
from tui.words.figures import purged_words
from tui.words.text import day


@click.group(cls=SubGroup)
def trash() -> None:
    """What was deleted, merged or moved, and can be undone (without a command: list).

    \b
    facedesk trash
    facedesk trash undo
    """


@trash.command("list")
@takes_context(native=False)
def trash_list(context: Context) -> None:
    """What can be undone, newest first.

    \b
    facedesk trash list
    """
    entries = Trash(context.workspace, context.settings.trash.keep_days).changes()
    context.output.records(
        "change",
        entries,
        {
            "!id": lambda each: each.id,
            "when": lambda each: day(each.at),
            "what": lambda each: each.title or "damaged entry",
        },
        empty="The trash is empty.",
    )
    context.output.done(changes=len(entries))


@trash.command("undo")
@click.argument("id", default="")
@takes_context(native=False)
def trash_undo(context: Context, id: str) -> None:
    """Take the change ID back, by default the newest one.

    \b
    facedesk trash undo
    """
    with context.writing("trash undo"):
        found = changes.undo(context.workspace, id)
    context.output.done(f"Undone: {found.title}. {found.back}.", **asdict(found))


@trash.command("purge")
@click.option("--all", "everything", is_flag=True, help="Also what is not yet due.")
@confirmed(lambda everything: "Remove everything in the trash for good?" if everything else "")
@takes_context(native=False)
def trash_purge(context: Context, everything: bool) -> None:
    """Remove for good what is older than `trash.keep_days`; --all: everything.

    \b
    facedesk trash purge --all
    """
    with context.writing("trash purge", purging=False):
        gone = Trash(context.workspace, context.settings.trash.keep_days).purge(
            everything=everything
        )
    context.output.done(f"Removed {many(gone, 'change')} for good.", purged=gone)


def _yes_with_people(*, people: bool, yes: bool, **_: Any) -> None:
    if yes and not people:
        raise click.UsageError("--yes belongs to --people.")


@click.command(cls=TakesGlobals)
@click.option("--dry-run", is_flag=True, help="Print what would go, and touch nothing.")
@click.option("--people", is_flag=True, help="List people not seen for retention.people_days.")
@click.option("--yes", is_flag=True, help="With --people: put them into the trash.")
@takes_context(native=False, before=_yes_with_people)
def purge(context: Context, dry_run: bool, people: bool, yes: bool) -> None:
    """Remove for good what is older than the settings keep it: trash, unknowns, models, logs.

    The app and every command that writes do the same when they start. People never go by
    themselves: --people lists those not seen for long, and --yes puts them into the trash.

    \b
    facedesk purge --dry-run
    facedesk purge --people
    """
    if people:
        _purge_people(context, delete=yes and not dry_run)
    elif dry_run:
        found = purging.due(context.workspace, context.settings)
        columns = {"kind": lambda each: each.kind, "!path": lambda each: each.path}
        context.output.records("due", found, columns)
        _purged(context, "Would go", Counter(each.kind for each in found), dry_run=True)
    else:
        with context.writing("purge", purging=False):
            counts = purging.purge(context.workspace, context.settings)
        _purged(context, "Removed for good", counts, dry_run=False)


def _purged(context: Context, what: str, counts: Counter[str], *, dry_run: bool) -> None:
    words = f"{what}: {purged_words(counts)}." if counts else "Nothing is due."
    context.output.done(words, dry_run=dry_run, removed=dict(counts))


def _purge_people(context: Context, *, delete: bool) -> None:
    """List people not seen for long; with `delete` put them into the trash."""
    settings, output = context.settings, context.output
    found = purging.unseen(context.workspace, settings)
    days = settings.retention.people_days
    output.records(
        "unseen",
        found,
        {"!name": lambda each: each.name, "last seen": lambda each: each.since},
        empty=f"Everybody was seen in the last {many(days, 'day')}."
        if days
        else "Nobody is listed: retention.people_days is 0.",
    )
    said = []
    if delete and found:
        with context.writing("purge --people"):
            names = [each.name for each in found]
            gone = changes.delete_people(context.workspace, names, settings.trash.keep_days)
        said = [f"{gone.title}."]
    elif found:
        said = ["Nobody was deleted; --people --yes puts them into the trash."]
    output.done(*said, people=len(found), deleted=delete and bool(found))
