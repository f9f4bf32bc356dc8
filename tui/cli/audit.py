"""`facedesk audit`: the group of commands about the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Who did what with whose data, and when (without a command: list).

    \b
    facedesk audit
    facedesk audit verify
    """
    if ctx.invoked_subcommand is None:
        list_audit(ctx.obj, None, None)


def list_audit(options: dict[str, Any], since: str | None, person: str | None) -> None:
    """Print entries."""

    def job(context: Context) -> None:
        from tui.commands.audit import moment, show

        show(context, moment(since) if since is not None else None, person)

    run(options, job, native=False)


@audit.command("list")
@click.option("--since", metavar="DATE", help="Only entries from this date or time on.")
@click.option("--person", metavar="NAME", help="Only entries about this person.")
@click.pass_obj
def audit_list(options: dict[str, Any], since: str | None, person: str | None) -> None:
    """The entries in their order.

    \b
    facedesk audit list --since 2026-11-01 --person "Ada Lovelace"
    """
    list_audit(options, since, person)


@audit.command("verify")
@click.option(
    "--noted", metavar="HASH", help="A last hash that was noted earlier: is it in the log?"
)
@click.pass_obj
def audit_verify(options: dict[str, Any], noted: str | None) -> None:
    """Whether no entry was changed, removed, put in or swapped; exit code 4 if one was.

    \b
    facedesk audit verify
    """

    def job(context: Context) -> None:
        from tui.commands.audit import verify

        verify(context, noted)

    run(options, job, native=False)


@audit.command("head")
@click.pass_obj
def audit_head(options: dict[str, Any]) -> None:
    """Number and hash of the last entry, to be noted elsewhere.

    \b
    facedesk audit head
    """

    def job(context: Context) -> None:
        from tui.commands.audit import head

        head(context)

    run(options, job, native=False)
