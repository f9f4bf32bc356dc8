"""`facedesk people`: the group of commands about enrolled people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup
from tui.runner import run

if TYPE_CHECKING:
    from tui.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def people(ctx: click.Context) -> None:
    """List, rename or delete people (without a command: list).

    \b
    facedesk people
    facedesk people rename "Ada Byron" "Ada Lovelace"
    """
    if ctx.invoked_subcommand is None:
        list_command(ctx.obj)


def list_command(options: dict[str, Any]) -> None:
    """Print everybody enrolled."""

    def job(context: Context) -> None:
        from tui.commands.enrolment import list_people

        list_people(context)

    run(options, job, native=False)


@people.command("list")
@click.pass_obj
def people_list(options: dict[str, Any]) -> None:
    """Everybody enrolled, with pictures, sessions and whether the model knows them.

    \b
    facedesk people list --json
    """
    list_command(options)


@people.command("rename")
@click.argument("old")
@click.argument("new")
@click.pass_obj
def people_rename(options: dict[str, Any], old: str, new: str) -> None:
    """Give OLD the name NEW. Pictures and model stay valid.

    \b
    facedesk people rename "Ada Byron" "Ada Lovelace"
    """

    def job(context: Context) -> None:
        from tui.commands.enrolment import rename_person

        rename_person(context, old, new)

    run(options, job, native=False)


@people.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def people_delete(options: dict[str, Any], name: str, yes: bool) -> None:
    """Delete NAME: pictures, features and split entries. Asks first on a terminal.

    \b
    facedesk people delete "Ada Lovelace" --yes
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(f"Delete {name} and all their pictures?", abort=True, err=True)

    def job(context: Context) -> None:
        from tui.commands.enrolment import delete_person

        delete_person(context, name)

    run(options, job, native=False)
