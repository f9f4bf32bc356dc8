"""`facedesk`: every job without a screen, and the app when no command is given.

A command's module is imported only when it is asked for, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from engine import __version__
from engine.contract.errors import UsageError
from engine.machine import calm_blas, forbid_core_dumps
from tui.cli.options import PATH, Home, TopGroup, global_options
from tui.cli.run import say
from tui.terminal.streams import insist_on_utf8, mask_command_line, own_streams

HOMES = {
    "The job": {
        "enroll": Home("enrol:enroll", "Capture pictures of NAME from a camera."),
        "import": Home("enrol:import_command", "Import photographs from FOLDER/NAME/."),
        "split": Home("train:split", "Divide each person's pictures for training and testing."),
        "train": Home("train:train", "Train a model and put it in use."),
        "recognize": Home("recognise:recognize", "Name the people in front of a camera."),
        "evaluate": Home("evaluate:evaluate", "Measure how good the model in use is."),
    },
    "People and data": {
        "people": Home("people:people", "List, show, change or delete people."),
        "roster": Home("enrol:roster", "Names to enrol as people come by."),
        "unknown": Home("unknown:unknown", "Strangers kept while recognising."),
        "strangers": Home(
            "unknown:strangers", "People who are never enrolled; they check the threshold."
        ),
        "trash": Home("trash:trash", "What was deleted, merged or moved, and can be undone."),
        "purge": Home("trash:purge", "Remove for good what is older than the settings allow."),
        "audit": Home("trash:audit", "Who did what with whose data, and when."),
        "vault": Home("vault:vault", "Encrypt the workspace, or decrypt it."),
    },
    "Models": {"model": Home("model:model", "List, choose or export models.")},
    "The machine": {
        "doctor": Home("machine:doctor", "Check cameras, files, processor, terminal and disk."),
        "bench": Home("machine:bench", "Measure speed and memory on this machine."),
        "demo": Home("demo:demo", "Try the whole job on two bundled portraits."),
        "keys": Home("machine:keys", "List the app's keys."),
        "completion": Home(
            "machine:completion", "Print the script that makes SHELL complete commands."
        ),
    },
    "Laboratory": {
        "bake-off": Home("evaluate:bake_off", "Compare four kinds of model on your own people."),
        "replay": Home(
            "recognise:replay", "Run a recorded session again and compare the decisions."
        ),
        "export": Home("train:export", "Export the split's pictures as folders that Keras reads."),
    },
}
"""The commands under the headings of the help; a module is imported when its command or that
command's help is asked for."""


@click.group(
    cls=TopGroup,
    homes=HOMES,
    invoke_without_command=True,
    params=global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--record",
    type=PATH,
    metavar="NAME",
    help="Record each camera job of the app as NAME.fdrec, NAME-2.fdrec ... (faces, unencrypted).",
)
@click.version_option(__version__, prog_name="facedesk")
@click.pass_context
def facedesk(ctx: click.Context, record: Path | None) -> None:
    """A face-enrolment desk in the terminal. Without a command, the app opens.

    \b
    Try it without a camera:   facedesk demo
    Enrol somebody:            facedesk enroll "Ada Lovelace" --source 0
    Train and recognise:       facedesk train; facedesk recognize --source 0
    """
    if ctx.invoked_subcommand is None:
        from tui.cli.run import open_app

        open_app(record=record)
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
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("facedesk: cancelled.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "facedesk"
        hint = f"See `{where} --help`."
        message = error.format_message()
        if nearest := getattr(error, "possibilities", None):
            message = error.message
            hint = f"Did you mean {nearest[0]}? {hint}"
        say(UsageError(message.rstrip("."), "", hint), as_json=as_json)
        sys.exit(2)
