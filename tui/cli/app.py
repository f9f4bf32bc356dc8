"""`facedesk` opens the app; `keys` and `completion` say what keyboard and shell should know.

Nothing heavier than Textual is imported before the app's first paint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

from engine.contract.errors import UsageError
from tui.cli.options import COMPLETING, TakesGlobals
from tui.cli.run import Context, takes_context

if TYPE_CHECKING:
    from pathlib import Path

    from engine.contract.requests import EnrolRequest, RecogniseRequest
    from tui.demo import DemoScript


@takes_context(native=False, opening="screen")
def open_app(context: Context, record: Path | None) -> None:
    """`facedesk` without a command. Raises UsageError where there is no terminal."""
    run_app(context, None, record=record)


def run_app(
    context: Context,
    script: DemoScript | None,
    *,
    record: Path | None = None,
    first: EnrolRequest | RecogniseRequest | None = None,
) -> None:
    """Run the app on the context's workspace until the operator quits.

    `record` names the recordings of its camera jobs, `first` is a job to begin with.
    """
    if context.output.as_json:
        raise UsageError("The app prints no JSON", "", "Use a command: `facedesk --help`.")
    from engine.desk.local import LocalDesk
    from tui.app import FacedeskApp
    from tui.terminal.line import need_terminal

    need_terminal()

    context.workspace.prepare()
    desk = LocalDesk(context.workspace, context.settings, record)
    app = FacedeskApp(desk, script, welcome=first is None)
    app.first_job = first
    try:
        app.run(mouse=context.settings.app.mouse)
    finally:
        app.finish()
    if app.return_code:
        raise SystemExit(app.return_code)


@click.command(cls=TakesGlobals)
@click.option("--file", is_flag=True, help="Print a key file that is ready to be edited.")
@takes_context(native=False, opening="no")
def keys(context: Context, file: bool) -> None:
    """List the app's keys.

    A line has id, key, where it works, what it does.

    Your own keys stand in keys.toml beside the configuration (`facedesk doctor` says where), a
    line each: "anywhere.new_person" = "f4".

    \b
    facedesk keys
    facedesk keys --file > ~/.config/facedesk/keys.toml
    """
    from engine.config import keys_file
    from tui.keys import CONTEXTS, KEYS
    from tui.keys.keymap import as_file, read_keymap

    output = context.output
    keymap = read_keymap(keys_file(), KEYS)
    for trouble in keymap.troubles:
        output.note(trouble)
    if file and not output.as_json:
        for text in as_file(KEYS, keymap).splitlines():
            output.result(text)
        return
    output.records(
        "key",
        KEYS,
        lambda row: [
            f"{row.id:<32} {keymap.shown(row):<10} {CONTEXTS[row.context]:<22} {row.tooltip}"
        ],
        fields=lambda row: {
            "id": row.id,
            "key": keymap.key(row),
            "context": row.context,
            "tooltip": row.tooltip,
            "changed": row.id in keymap.changed,
        },
    )


@click.command(cls=TakesGlobals)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands.

    \b
    eval "$(facedesk completion bash)"        # in ~/.bashrc
    eval "$(facedesk completion zsh)"         # in ~/.zshrc
    facedesk completion fish | source         # in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    assert made is not None  # the choice above
    click.echo(made(ctx.find_root().command, {}, "facedesk", COMPLETING).source())
