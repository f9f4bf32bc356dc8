"""`facedesk strangers`: the group of commands about strangers of the operator's own."""

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
def strangers(ctx: click.Context) -> None:
    """Your own strangers, who check the threshold (without a command: list).

    \b
    facedesk strangers
    facedesk strangers add visitors/
    """
    if ctx.invoked_subcommand is None:
        list_strangers(ctx.obj)


def list_strangers(options: dict[str, Any]) -> None:
    """Print all strangers."""

    def job(context: Context) -> None:
        from tui.commands.strangers import show

        show(context)

    run(options, job, native=False)


@strangers.command("list")
@click.pass_obj
def strangers_list(options: dict[str, Any]) -> None:
    """Every stranger with pictures and where they came from.

    \b
    facedesk strangers list --json
    """
    list_strangers(options)


@strangers.command("add")
@click.argument("source")
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Crops to capture from a camera, clip or stream.",
)
@click.option("--as", "name", help="One stranger of this name (adds to them if there is one).")
@click.pass_obj
def strangers_add(options: dict[str, Any], source: str, count: int, name: str | None) -> None:
    """Add strangers from SOURCE, a folder, or one from a camera, clip, stream or demo:NAME.

    In a folder each sub-folder is one stranger, and so is each picture beside them.

    \b
    facedesk strangers add visitors/
    facedesk strangers add clip.mp4 --count 40
    """

    def job(context: Context) -> None:
        from engine.contract.requests import StrangersRequest
        from tui.commands.strangers import add

        add(context, StrangersRequest(source=source, count=count, name=name))

    run(options, job)


@strangers.command("remove")
@click.argument("name")
@click.pass_obj
def strangers_remove(options: dict[str, Any], name: str) -> None:
    """Remove the stranger NAME, with pictures and features.

    \b
    facedesk strangers remove visitor-3
    """

    def job(context: Context) -> None:
        from tui.commands.strangers import remove

        remove(context, name)

    run(options, job, native=False)


@strangers.command("clear")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def strangers_clear(options: dict[str, Any], yes: bool) -> None:
    """Remove all strangers, with pictures and features. Asks first on a terminal.

    \b
    facedesk strangers clear --yes
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm("Remove all strangers and their pictures?", abort=True, err=True)

    def job(context: Context) -> None:
        from tui.commands.strangers import clear

        clear(context)

    run(options, job, native=False)
