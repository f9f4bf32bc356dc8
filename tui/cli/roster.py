"""`facedesk roster`: names to enrol as people come by; `enroll --roster` works through them."""

from __future__ import annotations

from pathlib import Path

import click

from engine.people import roster as names
from engine.text import many
from tui.cli.options import SubGroup
from tui.cli.run import Context, takes_context


@click.group(cls=SubGroup)
def roster() -> None:
    """Names to enrol as people come by (without a command: list).

    \b
    facedesk roster add names.csv
    facedesk enroll --roster --source 0
    """


@roster.command("list")
@takes_context(native=False)
def roster_list(context: Context) -> None:
    """Everybody on the roster, waiting or done.

    \b
    facedesk roster list
    """
    rows = names.rows(context.workspace)
    context.output.records(
        "roster",
        rows,
        {
            "!name": lambda row: row.name,
            "state": lambda row: "done" if row.done else "waiting",
            "#pictures": lambda row: str(row.pictures),
            "consent": lambda row: row.consent or "",
        },
        fields=lambda row: {
            "name": row.name,
            "consent": row.consent,
            "state": "done" if row.done else "waiting",
        },
        empty="The roster is empty. Try: facedesk roster add names.csv",
    )
    context.output.done(names=len(rows), waiting=sum(not row.done for row in rows))


@roster.command("add")
@click.argument("source", type=click.Path(path_type=Path))
@takes_context(native=False)
def roster_add(context: Context, source: Path) -> None:
    """Add the names of a CSV file (column `name`, else the first) or of a folder.

    \b
    facedesk roster add names.csv
    facedesk roster add photographs/
    """
    with context.writing("roster add"):
        added = names.add(context.workspace, source)
    for note in added.notes:
        context.output.note(note, "yellow")
    context.output.done(
        f"{many(len(added.names), 'name')} added to the roster.",
        added=list(added.names),
        notes=list(added.notes),
    )


@roster.command("clear")
@takes_context(native=False)
def roster_clear(context: Context) -> None:
    """Forget the roster. Nobody who is enrolled is touched.

    \b
    facedesk roster clear
    """
    with context.writing("roster clear"):
        count = names.clear(context.workspace)
    context.output.done(f"Cleared {many(count, 'name')}.", cleared=count)
