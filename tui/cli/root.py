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
from tui.cli.options import Home, TopGroup, global_options
from tui.cli.run import say
from tui.terminal.argv import insist_on_utf8, mask_command_line
from tui.terminal.streams import own_streams

HOMES = {
    "enroll": Home("enrol:enroll", "Capture pictures of NAME from a camera."),
    "import": Home(
        "enrol:import_command",
        "Import photographs from FOLDER/NAME/, or from FOLDER/train/NAME/ and its like.",
    ),
    "people": Home(
        "people:people",
        "People: list, show, rename, merge, move pictures, consent, delete (without: list).",
    ),
    "roster": Home("enrol:roster", "Names to enrol as people come by (without a command: list)."),
    "trash": Home(
        "trash:trash",
        "What was deleted, merged or moved, and can be undone (without a command: list).",
    ),
    "strangers": Home(
        "unknown:strangers",
        "Your own strangers, who check the threshold (without a command: list).",
    ),
    "unknown": Home(
        "unknown:unknown", "Strangers kept while recognising (without a command: list)."
    ),
    "purge": Home(
        "trash:purge",
        "Remove for good what is older than the settings keep it: trash, unknowns, models, logs.",
    ),
    "split": Home("train:split", "Divide each person's pictures by session, or by blocks of time."),
    "export": Home("train:export", "Export the split's pictures as folders that Keras reads."),
    "train": Home(
        "train:train",
        "Train a model on the split (made if there is none), and put it in use.",
    ),
    "evaluate": Home(
        "evaluate:evaluate",
        "Measure how good the model honestly is, and on how many pictures that rests.",
    ),
    "bake-off": Home(
        "evaluate:bake_off",
        "Compare classic, VGG16, the face network and both on your own gallery, in one table.",
    ),
    "bench": Home(
        "machine:bench",
        "Measure speed and memory on this machine, beside what they are to be compared with.",
    ),
    "recognize": Home(
        "recognise:recognize",
        "Name the people in front of a camera; strangers are called unknown.",
    ),
    "model": Home(
        "model:model",
        "Models: list, layers, export, promote, rollback (without a command: list).",
    ),
    "audit": Home(
        "audit:audit", "Who did what with whose data, and when (without a command: list)."
    ),
    "vault": Home(
        "vault:vault", "Encryption of the workspace at rest (without a command: status)."
    ),
    "doctor": Home(
        "machine:doctor",
        "Look at cameras, files, processor, terminal and disk; say what is wrong and the remedy.",
    ),
    "replay": Home(
        "recognise:replay",
        "Run a session recorded with --record again, and compare what is decided with what was.",
    ),
    "demo": Home(
        "demo:demo",
        "The whole job on two bundled portraits, without a camera or a network.",
    ),
    "keys": Home("app:keys", "The app's keys: id, key, where it works, what it does."),
    "completion": Home(
        "app:completion", "Print the script that makes SHELL complete this command."
    ),
}
"""The commands; a module is imported when its command or that command's help is asked for."""


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
def facedesk(ctx: click.Context, record: Path | None) -> None:
    """A face-enrolment desk in the terminal. Without a command, the app opens.

    \b
    Try it without a camera:   facedesk demo
    Enrol somebody:            facedesk enroll "Ada Lovelace" --source 0
    Train and recognise:       facedesk train; facedesk recognize --source 0
    """
    if ctx.invoked_subcommand is None:
        from tui.cli.app import open_app

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
        say(UsageError(error.format_message().rstrip("."), "", hint), as_json=as_json)
        sys.exit(2)
