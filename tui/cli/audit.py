"""`facedesk audit`: who did what with whose data, and whether the log is whole."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from engine.contract.errors import AuditBroken, UsageError
from engine.people.registry import People
from engine.people.trash import Trash
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import Entry
from tui.cli import complete
from tui.cli.options import SubGroup
from tui.cli.run import Context, takes_context
from tui.words.text import day


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
    shell_complete=complete.people,
    help="Only entries about this person.",
)
@takes_context(native=False)
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
        if (first is None or _moment(entry) >= first)
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
@takes_context(native=False)
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
    for remark in verdict.remarks:
        context.output.note(remark, "yellow")
    entries = many(verdict.entries, "entry", "entries")
    context.output.result(f"Whole: {entries}, last hash {verdict.hash}")


@audit.command("head")
@takes_context(native=False)
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
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "That is no date", text, "Write 2026-11-27 or 2026-11-27T14:30."
        ) from error
    return found.astimezone(UTC)


def _moment(entry: Entry) -> datetime:
    try:
        return datetime.fromisoformat(entry.at).astimezone(UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)  # a damaged entry is shown whatever is asked


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
