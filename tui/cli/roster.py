"""`facedesk roster`: names to enrol as people come by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def roster(ctx: click.Context) -> None:
    """Names to enrol as people come by (without a command: list).

    \b
    facedesk roster add names.csv
    facedesk enroll --roster --source 0
    """
    if ctx.invoked_subcommand is None:
        list_command(ctx.obj)


def list_command(options: dict[str, Any]) -> None:
    """Print the roster."""

    def job(context: Context) -> None:
        from tui.commands.roster import list_roster

        list_roster(context)

    run(options, job, native=False)


@roster.command("list")
@click.pass_obj
def roster_list(options: dict[str, Any]) -> None:
    """Everybody on the roster, waiting or done.

    \b
    facedesk roster list
    """
    list_command(options)


@roster.command("add")
@click.argument("source", type=click.Path(path_type=Path))
@click.pass_obj
def roster_add(options: dict[str, Any], source: Path) -> None:
    """Add the names of a CSV file (column `name`, else the first) or of a folder.

    \b
    facedesk roster add names.csv
    facedesk roster add photographs/
    """

    def job(context: Context) -> None:
        from tui.commands.roster import add_names

        add_names(context, source)

    run(options, job, native=False)


@roster.command("clear")
@click.pass_obj
def roster_clear(options: dict[str, Any]) -> None:
    """Forget the roster. Nobody who is enrolled is touched.

    \b
    facedesk roster clear
    """

    def job(context: Context) -> None:
        from tui.commands.roster import clear_roster

        clear_roster(context)

    run(options, job, native=False)
