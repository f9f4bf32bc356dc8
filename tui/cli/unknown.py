"""`facedesk unknown`: the group of commands about strangers kept while recognising."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup, consent_option
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def unknown(ctx: click.Context) -> None:
    """Strangers kept while recognising (without a command: list).

    \b
    facedesk unknown
    facedesk unknown on
    """
    if ctx.invoked_subcommand is None:
        _run(ctx.obj, lambda commands, context: commands.show(context))


def _run(options: dict[str, Any], call: Callable[[Any, Context], None]) -> None:
    """Run a function of `tui.commands.unknown`, imported only now."""

    def job(context: Context) -> None:
        from tui.commands import unknown as commands

        call(commands, context)

    run(options, job, native=False)


@unknown.command("list")
@click.pass_obj
def unknown_list(options: dict[str, Any]) -> None:
    """Every group that waits, with the enrolled person nearest.

    \b
    facedesk unknown list
    """
    _run(options, lambda commands, context: commands.show(context))


@unknown.command("assign")
@click.argument("group")
@click.argument("name")
@click.option("--new", is_flag=True, help="NAME is not enrolled yet.")
@click.option(
    "--only",
    multiple=True,
    metavar="SIGHTING",
    help="Only this sighting of the group; may be repeated.",
)
@consent_option()
@click.pass_obj
def unknown_assign(
    options: dict[str, Any], group: str, name: str, new: bool, only: tuple[str, ...], consent: str
) -> None:
    """GROUP (its id in the list) shows NAME: the crops join this person's pictures.

    \b
    facedesk unknown assign 20261124-093000-001 "Ada Lovelace"
    facedesk unknown assign 20261124-093000-001 "Alan Turing" --new
    facedesk unknown assign 20261124-093000-001 Ada --only 20261124-093000-002
    """
    _run(
        options,
        lambda commands, context: commands.assign(
            context, group, name, new=new, only=only, consent=consent
        ),
    )


@unknown.command("split")
@click.argument("group")
@click.argument("sightings", metavar="SIGHTING...", nargs=-1, required=True)
@click.pass_obj
def unknown_split(options: dict[str, Any], group: str, sightings: tuple[str, ...]) -> None:
    """Each SIGHTING of GROUP shows somebody else than the group's others. They are not grouped
    together again, unless `unknown undo` takes it back.

    \b
    facedesk unknown split 20261124-093000-001 20261124-093000-002
    """
    _run(options, lambda commands, context: commands.split(context, group, sightings))


@unknown.command("not")
@click.argument("group")
@click.pass_obj
def unknown_not(options: dict[str, Any], group: str) -> None:
    """GROUP is not the person nearest: it joins your own strangers.

    \b
    facedesk unknown not 20261124-093000-001
    """
    _run(options, lambda commands, context: commands.stranger(context, group, told_apart=True))


@unknown.command("ignore")
@click.argument("group")
@click.pass_obj
def unknown_ignore(options: dict[str, Any], group: str) -> None:
    """GROUP joins your own strangers, who check the threshold.

    \b
    facedesk unknown ignore 20261124-093000-001
    """
    _run(options, lambda commands, context: commands.stranger(context, group, told_apart=False))


@unknown.command("delete")
@click.argument("group", required=False)
@click.option("--all", "everything", is_flag=True, help="All groups.")
@click.pass_obj
def unknown_delete(options: dict[str, Any], group: str | None, everything: bool) -> None:
    """Delete GROUP, or --all; `unknown undo` brings them back.

    \b
    facedesk unknown delete 20261124-093000-001
    facedesk unknown delete --all
    """
    if (group is None) is not everything:
        raise click.UsageError("Name one GROUP, or give --all.")
    _run(options, lambda commands, context: commands.delete(context, group))


@unknown.command("undo")
@click.pass_obj
def unknown_undo(options: dict[str, Any]) -> None:
    """Undo the last choice that was made about unknown faces.

    \b
    facedesk unknown undo
    """
    _run(options, lambda commands, context: commands.undo(context))


@unknown.command("on")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def unknown_on(options: dict[str, Any], yes: bool) -> None:
    """Keep strangers seen while recognising from now on. Asks first on a terminal.

    \b
    facedesk unknown on
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm("Keep pictures of strangers in this workspace?", abort=True, err=True)
    _run(options, lambda commands, context: commands.switch(context, on=True))


@unknown.command("off")
@click.pass_obj
def unknown_off(options: dict[str, Any]) -> None:
    """Keep no more strangers; those kept already stay until they are deleted or too old.

    \b
    facedesk unknown off
    """
    _run(options, lambda commands, context: commands.switch(context, on=False))


@unknown.command("purge")
@click.option("--all", "everything", is_flag=True, help="Whatever their age.")
@click.pass_obj
def unknown_purge(options: dict[str, Any], everything: bool) -> None:
    """Remove for good what is older than the retention time (`inbox.days`), or --all.

    \b
    facedesk unknown purge --all
    """
    _run(options, lambda commands, context: commands.purge(context, everything=everything))
