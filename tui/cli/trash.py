"""`facedesk trash`: the group of commands about what can be undone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def trash(ctx: click.Context) -> None:
    """What was deleted, merged or moved, and can be undone (without a command: list).

    \b
    facedesk trash
    facedesk trash undo
    """
    if ctx.invoked_subcommand is None:
        list_trash(ctx.obj)


def list_trash(options: dict[str, Any]) -> None:
    """Print what can be undone."""

    def job(context: Context) -> None:
        from tui.commands.trash import show

        show(context)

    run(options, job, native=False)


@trash.command("list")
@click.pass_obj
def trash_list(options: dict[str, Any]) -> None:
    """What can be undone, newest first.

    \b
    facedesk trash list
    """
    list_trash(options)


@trash.command("undo")
@click.argument("id", default="")
@click.pass_obj
def trash_undo(options: dict[str, Any], id: str) -> None:
    """Take the change ID back, by default the newest one.

    \b
    facedesk trash undo
    """

    def job(context: Context) -> None:
        from tui.commands.trash import undo

        undo(context, id)

    run(options, job, native=False)


@trash.command("purge")
@click.option("--all", "everything", is_flag=True, help="Also what is not yet due.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def trash_purge(options: dict[str, Any], everything: bool, yes: bool) -> None:
    """Remove for good what is older than `trash.keep_days`; --all: everything.

    \b
    facedesk trash purge --all
    """
    if everything and not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm("Remove everything in the trash for good?", abort=True, err=True)

    def job(context: Context) -> None:
        from tui.commands.trash import purge

        purge(context, everything)

    run(options, job, native=False)
