"""`facedesk keys` and `completion`: what the keyboard and the shell should know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context

VARIABLE = "_FACEDESK_COMPLETE"
"""Through which the shell asks for completions; click makes it from the program's name."""


@click.command(cls=TakesGlobals)
@click.option("--file", is_flag=True, help="Print a key file that is ready to be edited.")
@click.pass_obj
def keys(options: dict[str, Any], file: bool) -> None:
    """The app's keys: id, key, where it works, what it does.

    Your own keys stand in keys.toml beside the configuration (`facedesk doctor` says where), a
    line each: "anywhere.new_person" = "f4".

    \b
    facedesk keys
    facedesk keys --file > ~/.config/facedesk/keys.toml
    """

    def job(context: Context) -> None:
        from tui.commands.keys import show_keys

        show_keys(context, file=file)

    run(options, job, native=False, opening="no")


@click.command(cls=TakesGlobals)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete this command.

    \b
    eval "$(facedesk completion bash)"        # in ~/.bashrc
    eval "$(facedesk completion zsh)"         # in ~/.zshrc
    facedesk completion fish | source         # in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    assert made is not None  # the choice above
    click.echo(made(ctx.find_root().command, {}, "facedesk", VARIABLE).source())
