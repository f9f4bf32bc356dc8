"""facedesk audit: who did what, and whether the log is whole."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from engine.contract.errors import AuditBroken, UsageError
from engine.people.registry import People
from engine.people.trash import Trash
from engine.text import many
from engine.workspace.audit import Audit
from engine.workspace.audit_chain import Entry
from tui.cli.context import Context
from tui.words.text import day


def show(context: Context, since: datetime | None, person: str | None) -> None:
    """Entries in their order, people by their present names where that is possible."""
    audit = Audit(context.workspace)
    names = _names(context)
    ids = audit.subjects()
    wanted = People(context.workspace).get(person).ids if person is not None else None
    found = [
        entry
        for entry in audit.entries()
        if (since is None or _moment(entry) >= since)
        and (wanted is None or ids.get(entry.subject) in wanted)
    ]
    output = context.output
    if output.as_json:
        for entry in found:
            id = ids.get(entry.subject, "")
            told = {"id": id, "name": names.get(id, "")} if id else {}
            output.object({"event": "audit", **asdict(entry), **told})
        output.object({"event": "done", "entries": len(found)})
        return
    for entry in found:
        id = ids.get(entry.subject, "")
        whom = names.get(id, "") or id or entry.subject
        output.result(
            f"{entry.number:5d}  {day(entry.at)}  {_who(entry)}  {entry.action}"
            + (f"  {whom}" if whom else "")
            + "".join(f"  {key}={value}" for key, value in entry.details.items())
        )
    output.note(many(len(found), "entry", "entries"))


def verify(context: Context, noted: str | None) -> None:
    """Check the chain; with `noted`, also that a hash noted earlier is in it.

    Raises AuditBroken.
    """
    audit = Audit(context.workspace)
    verdict = audit.verify()
    known = noted is None or any(entry.hash == noted.lower() for entry in audit.entries())
    if context.output.as_json:
        context.output.object({"event": "done", **asdict(verdict), "noted_found": known})
    if verdict.fault is not None:
        raise AuditBroken(
            "The audit log is not whole",
            f"entry {verdict.bad}: {verdict.fault}, {verdict.why}",
            f"Compare it with a backup; {verdict.entries} entries before it are whole.",
        )
    if not known:
        raise AuditBroken(
            "The audit log is not the one that the hash was noted of",
            f"no entry has the hash {noted}",
            "The chain is whole in itself: it was written anew, or is another workspace's.",
        )
    for remark in verdict.remarks:
        context.output.note(remark, "yellow")
    context.output.result(
        "Whole: {entries}, last hash {hash}".format(
            entries=many(verdict.entries, "entry", "entries"), hash=verdict.hash
        )
    )


def head(context: Context) -> None:
    """The last hash, to be noted where nobody can change it who can change the workspace."""
    found = Audit(context.workspace).head()
    entries, last = (found.count, found.hash) if found else (0, "")
    if context.output.as_json:
        context.output.object({"event": "done", "entries": entries, "hash": last})
    elif not entries:
        context.output.result("Nothing was noted yet.")
    else:
        context.output.result(f"{entries} {last}")


def moment(text: str) -> datetime:
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
