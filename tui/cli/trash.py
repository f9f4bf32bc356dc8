"""`facedesk trash`, `purge` and `audit`: what can be undone, what goes for good, who did what."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime

import click

from engine.contract.errors import AuditBroken, UsageError
from engine.people import changes
from engine.people.registry import People
from engine.people.trash import Trash
from engine.people.unknown_choices import Choices
from engine.rights import upkeep
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import Entry, moment
from tui.cli.options import at_terminal, complete_changes, complete_people
from tui.cli.run import Context, SubGroup, command
from tui.words.figures import PURGED, purged_words
from tui.words.text import day

LAST = datetime.max.replace(tzinfo=UTC)
"""Stands for the time of a damaged entry, which is listed whatever is asked."""


@click.group(cls=SubGroup)
def trash() -> None:
    """What was deleted, merged or moved, and can be undone. Without a command: list.

    \b
    facedesk trash
    facedesk trash undo
    """


@trash.command("list")
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


@trash.command("undo", writes=True)
@click.argument("id", default="", shell_complete=complete_changes)
def trash_undo(context: Context, id: str) -> None:
    """Take the change ID back, by default the newest one.

    \b
    facedesk trash undo
    """
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


@command(native=False, before=_one_aim)
@click.option("--trash", is_flag=True, help="Only the trash.")
@click.option("--unknown", is_flag=True, help="Only unknown faces and the choices about them.")
@click.option("--people", is_flag=True, help="List people not seen for retention.people_days.")
@click.option("--all", "everything", is_flag=True, help="Also what is not yet due.")
@click.option("--dry-run", is_flag=True, help="Print what would go, and touch nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. With --people: put them into the trash.")
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
        kinds = ("trash",) if trash else ("unknown", "choice") if unknown else tuple(PURGED)
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


@click.group(cls=SubGroup)
def audit() -> None:
    """Who did what with whose data, and when. Without a command: list.

    \b
    facedesk audit
    facedesk audit verify
    """


@audit.command("list")
@click.option("--since", metavar="DATE", help="Only entries from this date or time on.")
@click.option(
    "--person",
    metavar="NAME",
    shell_complete=complete_people,
    help="Only entries about this person.",
)
def audit_list(context: Context, since: str | None, person: str | None) -> None:
    """The entries in their order.

    \b
    facedesk audit list --since 2026-11-01 --person "Ada Lovelace"
    """
    first = _given_moment(since) if since is not None else None
    log = Audit(context.workspace)
    names = _names(context)
    ids = log.subjects()
    wanted = People(context.workspace).get(person).ids if person is not None else None
    found = [
        entry
        for entry in log.entries()
        if (first is None or (moment(entry) or LAST) >= first)
        and (wanted is None or ids.get(entry.subject) in wanted)
    ]

    def fields(entry: Entry) -> dict[str, object]:
        id = ids.get(entry.subject, "")
        return {**asdict(entry), **({"id": id, "name": names.get(id, "")} if id else {})}

    def line(entry: Entry) -> list[str]:
        id = ids.get(entry.subject, "")
        whom = names.get(id, "") or id or entry.subject
        details = (f"{key}={value}" for key, value in entry.details.items())
        what = (entry.action, *([whom] if whom else []), *details)
        return ["  ".join((f"{entry.number:5d}", day(entry.at), _who(entry), *what))]

    context.output.records("audit", found, line, fields=fields)
    context.output.done(entries=len(found))
    context.output.note(many(len(found), "entry", "entries"))


@audit.command("verify")
@click.option(
    "--noted", metavar="HASH", help="A last hash that was noted earlier: is it in the log?"
)
def audit_verify(context: Context, noted: str | None) -> None:
    """Whether no entry was changed, removed, put in or swapped; exit code 4 if one was.

    \b
    facedesk audit verify
    """
    log = Audit(context.workspace)
    verdict = log.verify()
    known = noted is None or any(entry.hash == noted.lower() for entry in log.entries())
    context.output.done(**asdict(verdict), noted_found=known)
    if verdict.fault is not None:
        raise AuditBroken(
            "The audit log was changed",
            f"entry {verdict.bad}: {verdict.fault}, {verdict.why}",
            f"Compare it with a backup; {verdict.entries} entries before it are whole.",
        )
    if not known:
        raise AuditBroken(
            "The audit log does not hold the noted hash",
            f"no entry has the hash {noted}",
            "The log was written anew, or is of another workspace.",
        )
    context.output.warn(*verdict.remarks)
    entries = many(verdict.entries, "entry", "entries")
    context.output.result(f"Whole: {entries}, last hash {verdict.hash}")


@audit.command("head")
def audit_head(context: Context) -> None:
    """Number and hash of the last entry, to be noted elsewhere.

    \b
    facedesk audit head
    """
    found = Audit(context.workspace).head()
    entries, last = (found.count, found.hash) if found else (0, "")
    words = f"{entries} {last}" if entries else "Nothing was noted yet."
    context.output.done(words, entries=entries, hash=last)


def _given_moment(text: str) -> datetime:
    """A date or time as the operator writes it, local where no zone is named. Raises UsageError."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            "That is no date", text, "Write 2026-11-27 or 2026-11-27T14:30."
        ) from error


def _names(context: Context) -> dict[str, str]:
    """Names by identity: of those in the trash too, and of the merged whom they became."""
    names = {id: name for each in Trash(context.workspace).changes() for id, name in each.back_ids}
    for person in People(context.workspace).list():
        names |= dict.fromkeys(person.ids, person.name)
    return names


def _who(entry: Entry) -> str:
    by = entry.by
    sudo = f"{by['sudo']} as " if by.get("sudo") else ""
    where = by.get("ssh") or by.get("tty") or ""
    return f"{sudo}{by.get('user', '?')}{f' ({where})' if where else ''}"
