"""`facedesk trash` and `purge`: what can be undone, and what goes for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from engine.people import changes
from engine.people.trash import Trash
from engine.people.unknown_choices import Choices
from engine.rights import upkeep
from engine.text import many
from tui.cli.options import SubGroup, TakesGlobals, at_terminal
from tui.cli.run import Context, takes_context
from tui.words.figures import PURGED, purged_words
from tui.words.text import day


@click.group(cls=SubGroup)
def trash() -> None:
    """What was deleted, merged or moved, and can be undone. Without a command: list.

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


def _one_aim(
    *, trash: bool, unknown: bool, people: bool, everything: bool, dry_run: bool, yes: bool
) -> None:
    if trash + unknown + people > 1:
        raise click.UsageError("Give one of --trash, --unknown and --people.")
    if everything and not (trash or unknown):
        raise click.UsageError("--all needs --trash or --unknown.")
    if everything and dry_run:
        raise click.UsageError("Give --all or --dry-run.")
    if yes and not (people or everything):
        raise click.UsageError("--yes needs --people or --all.")


@click.command(cls=TakesGlobals)
@click.option("--trash", is_flag=True, help="Only the trash.")
@click.option("--unknown", is_flag=True, help="Only unknown faces and the choices about them.")
@click.option("--people", is_flag=True, help="List people not seen for retention.people_days.")
@click.option("--all", "everything", is_flag=True, help="Also what is not yet due.")
@click.option("--dry-run", is_flag=True, help="Print what would go, and touch nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. With --people: put them into the trash.")
@takes_context(native=False, before=_one_aim)
def purge(
    context: Context,
    trash: bool,
    unknown: bool,
    people: bool,
    everything: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove for good what is older than the settings allow.

    That is the trash, unknown faces, models, evaluations, recordings and logs. The app and every
    command that writes do the same when they start. People never go by themselves: --people lists
    those not seen for long, and --yes puts them into the trash.

    \b
    facedesk purge --dry-run
    facedesk purge --trash --all
    facedesk purge --people
    """
    workspace, settings, output = context.workspace, context.settings, context.output
    if people:
        _purge_people(context, delete=yes and not dry_run)
        return
    if dry_run:
        kinds = _kinds(trash=trash, unknown=unknown)
        found = [each for each in upkeep.due(workspace, settings) if each.kind in kinds]
        columns = {"kind": lambda each: each.kind, "!path": lambda each: each.path}
        output.records("due", found, columns)
        counts: Counter[str] = Counter(each.kind for each in found)
    else:
        if everything and not yes and at_terminal():
            what = "in the trash" if trash else "in the unknown list"
            click.confirm(f"Remove everything {what} for good?", abort=True, err=True)
        with context.writing("purge", purging=False):
            if trash:
                store = Trash(workspace, settings.trash.keep_days)
                counts = Counter(trash=store.purge(everything=everything))
            elif unknown:
                choices = Choices(workspace, settings.unknown, settings.consent)
                faces, made = choices.purge(everything=everything)
                counts = Counter(unknown=faces, choice=made)
            else:
                counts = Counter(upkeep.purge(workspace, settings))
    removed = {str(kind): count for kind, count in counts.items() if count}
    what = "Would go" if dry_run else "Removed for good"
    words = f"{what}: {purged_words(removed)}." if removed else "Nothing is due."
    output.done(words, dry_run=dry_run, removed=removed)


def _kinds(*, trash: bool, unknown: bool) -> Sequence[str]:
    """The kinds of what is due that are asked for."""
    return ("trash",) if trash else ("unknown", "choice") if unknown else tuple(PURGED)


def _purge_people(context: Context, *, delete: bool) -> None:
    """List people not seen for long; with `delete` put them into the trash."""
    settings, output = context.settings, context.output
    found = upkeep.unseen(context.workspace, settings)
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
        said = ["Nobody was deleted. --people --yes puts them into the trash."]
    output.done(*said, people=len(found), deleted=delete and bool(found))
