"""`facedesk vault`: the group of commands about encryption at rest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.cli.options import SubGroup
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context

Command = TypeVar("Command", bound=Callable[..., Any])


def _keys(prefix: str = "") -> Callable[[Command], Command]:
    """`--key-file` and `--passphrase-file`, or those of a new key."""

    def add(command: Command) -> Command:
        key = click.option(
            f"--{prefix}key-file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="A key file of 32 random bytes; a new one is made where a new key is wanted.",
        )
        phrase = click.option(
            f"--{prefix}passphrase-file",
            metavar="FILE",
            help="A file with the passphrase in its first line; -: standard input.",
        )
        return key(phrase(command))

    return add


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def vault(ctx: click.Context) -> None:
    """Encryption of the workspace at rest (without a command: status).

    \b
    facedesk vault
    facedesk vault create
    """
    if ctx.invoked_subcommand is None:
        _status(ctx.obj)


def _status(options: dict[str, Any]) -> None:
    def job(context: Context) -> None:
        from tui.commands.vault import status

        status(context)

    run(options, job, native=False, opening="no")


@vault.command("status")
@click.pass_obj
def vault_status(options: dict[str, Any]) -> None:
    """Whether the workspace is encrypted, how, and how many files are; needs no key.

    \b
    facedesk vault status
    """
    _status(options)


@vault.command("create")
@_keys()
@click.pass_obj
def vault_create(
    options: dict[str, Any], key_file: Path | None, passphrase_file: str | None
) -> None:
    """Encrypt the workspace in place: pictures, features, models, names in files, all of it.

    The passphrase is asked for twice, or read from a file. May be interrupted: the same command
    goes on where it was. Names of folders stay readable. Keep a copy of vault.json.

    \b
    facedesk vault create
    facedesk vault create --key-file /media/stick/facedesk.key
    """

    def job(context: Context) -> None:
        from tui.commands.vault import create

        create(context, key_file, passphrase_file)

    run(options, job, native=False, opening="no")


@vault.command("check")
@_keys()
@click.pass_obj
def vault_check(
    options: dict[str, Any], key_file: Path | None, passphrase_file: str | None
) -> None:
    """Open the vault and read every file: is the key right, was a file changed?

    \b
    facedesk vault check
    """

    def job(context: Context) -> None:
        from tui.commands.vault import check

        check(context, key_file, passphrase_file)

    run(options, job, native=False, opening="no")


@vault.command("change-key")
@_keys()
@_keys("new-")
@click.pass_obj
def vault_change_key(
    options: dict[str, Any],
    key_file: Path | None,
    passphrase_file: str | None,
    new_key_file: Path | None,
    new_passphrase_file: str | None,
) -> None:
    """Another passphrase or key file from now on; takes a second, no file is written anew.

    \b
    facedesk vault change-key
    facedesk vault change-key --new-key-file /media/stick/facedesk.key
    """

    def job(context: Context) -> None:
        from tui.commands.vault import change_key

        change_key(context, (key_file, passphrase_file), (new_key_file, new_passphrase_file))

    run(options, job, native=False, opening="no")


@vault.command("remove")
@_keys()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def vault_remove(
    options: dict[str, Any], key_file: Path | None, passphrase_file: str | None, yes: bool
) -> None:
    """Decrypt the workspace in place; may be interrupted and goes on where it was.

    \b
    facedesk vault remove
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm("Write all pictures and models unencrypted?", abort=True, err=True)

    def job(context: Context) -> None:
        from tui.commands.vault import remove

        remove(context, key_file, passphrase_file)

    run(options, job, native=False, opening="no")
