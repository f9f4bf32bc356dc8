"""`facedesk`: every job without a screen, and the app when no command is given.

Commands import the engine only when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from engine import __version__
from engine.contract.errors import UsageError
from engine.machine import calm_blas, forbid_core_dumps
from tui.cli.options import TopGroup, global_options
from tui.cli.run import run, say
from tui.terminal.argv import insist_on_utf8, mask_command_line
from tui.terminal.streams import own_streams

HOMES = {
    "enroll": "tui.cli.enrolment:enroll",
    "import": "tui.cli.enrolment:import_command",
    "people": "tui.cli.people:people",
    "roster": "tui.cli.roster:roster",
    "trash": "tui.cli.trash:trash",
    "strangers": "tui.cli.strangers:strangers",
    "unknown": "tui.cli.unknown:unknown",
    "purge": "tui.cli.purge:purge",
    "split": "tui.cli.dataset:split",
    "export": "tui.cli.dataset:export",
    "train": "tui.cli.training:train",
    "evaluate": "tui.cli.evaluation:evaluate",
    "bake-off": "tui.cli.evaluation:bake_off",
    "bench": "tui.cli.bench:bench",
    "recognize": "tui.cli.watching:recognize",
    "model": "tui.cli.model:model",
    "audit": "tui.cli.audit:audit",
    "vault": "tui.cli.vault:vault",
    "doctor": "tui.cli.watching:doctor",
    "replay": "tui.cli.tapes:replay",
    "demo": "tui.cli.watching:demo",
    "keys": "tui.cli.shell:keys",
    "completion": "tui.cli.shell:completion",
}
"""Each command's module, imported when the command or its help is asked for, and its name there."""


@click.group(
    cls=TopGroup,
    homes=HOMES,
    invoke_without_command=True,
    params=global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="NAME",
    help="Record each camera job of the app as NAME.fdrec, NAME-2.fdrec ... (faces, unencrypted).",
)
@click.version_option(__version__, prog_name="facedesk")
@click.pass_context
def facedesk(
    ctx: click.Context, workspace: Path | None, as_json: bool, quiet: bool, record: Path | None
) -> None:
    """A face-enrolment desk in the terminal. Without a command, the app opens.

    \b
    Try it without a camera:   facedesk demo
    Enrol somebody:            facedesk enroll "Ada Lovelace" --source 0
    Train and recognise:       facedesk train; facedesk recognize --source 0
    """
    ctx.obj = {"workspace": workspace, "as_json": as_json, "quiet": quiet}
    if ctx.invoked_subcommand is None:
        from tui.commands.application import open_app

        run(ctx.obj, partial(open_app, record=record), native=False, opening="screen")
    elif record is not None:
        raise click.UsageError("--record NAME stands after the command, as in enroll --record NAME")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 1 internal, 2 usage, 3 source, 4 data, 5 model,
    6 done and to be looked at, 7 too little memory, 130. A reader of the output that has gone
    changes none of them."""
    if arguments is None:
        insist_on_utf8()
    os.umask(0o077)  # whatever a library writes for us, a screenshot say, is private too
    calm_blas()
    forbid_core_dumps()
    mask_command_line()
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    with own_streams(say):
        _run(arguments, as_json)


def _run(arguments: Sequence[str] | None, as_json: bool) -> None:
    try:
        facedesk.main(args=arguments, prog_name="facedesk", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("facedesk: cancelled.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "facedesk"
        hint = f"See `{where} --help`."
        say(UsageError(error.format_message().rstrip("."), "", hint), as_json=as_json)
        sys.exit(2)
