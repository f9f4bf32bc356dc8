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
from tui.cli.bench import bench
from tui.cli.dataset import export, split
from tui.cli.enrolment import enroll, import_command
from tui.cli.evaluation import bake_off, evaluate
from tui.cli.model import model
from tui.cli.options import TopGroup, global_options
from tui.cli.people import people
from tui.cli.roster import roster
from tui.cli.shell import completion, keys
from tui.cli.strangers import strangers
from tui.cli.tapes import replay
from tui.cli.training import train
from tui.cli.trash import trash
from tui.cli.unknown import unknown
from tui.cli.watching import demo, doctor, recognize
from tui.runner import run, usage_error


@click.group(
    cls=TopGroup,
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

        run(ctx.obj, partial(open_app, record=record), native=False)
    elif record is not None:
        raise click.UsageError("--record NAME stands after the command, as in enroll --record NAME")


for _command in (
    enroll,
    import_command,
    people,
    roster,
    trash,
    strangers,
    unknown,
    split,
    export,
    train,
    evaluate,
    bake_off,
    bench,
    recognize,
    model,
    doctor,
    replay,
    demo,
    keys,
    completion,
):
    facedesk.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 1 internal, 2 usage, 3 source, 4 data, 5 model, 130."""
    try:
        facedesk.main(args=arguments, prog_name="facedesk", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        click.echo("facedesk: cancelled.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "facedesk"
        as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
        usage_error(error.format_message(), f"See `{where} --help`.", as_json=as_json)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        click.echo("facedesk: cancelled.", err=True)
        sys.exit(130)
