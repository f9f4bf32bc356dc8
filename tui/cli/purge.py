"""`facedesk purge`: what is too old goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.command(cls=TakesGlobals)
@click.option("--dry-run", is_flag=True, help="Print what would go, and touch nothing.")
@click.option("--people", is_flag=True, help="List people not seen for retention.people_days.")
@click.option("--yes", is_flag=True, help="With --people: put them into the trash.")
@click.pass_obj
def purge(options: dict[str, Any], dry_run: bool, people: bool, yes: bool) -> None:
    """Remove for good what is older than the settings keep it: trash, unknowns, models, logs.

    The app and every command that writes do the same when they start. People never go by
    themselves: --people lists those not seen for long, and --yes puts them into the trash.

    \b
    facedesk purge --dry-run
    facedesk purge --people
    """
    if yes and not people:
        raise click.UsageError("--yes belongs to --people.")

    def job(context: Context) -> None:
        from tui.commands.purge import purge_people, purge_things

        if people:
            purge_people(context, delete=yes and not dry_run)
        else:
            purge_things(context, dry_run=dry_run)

    run(options, job, native=False)
