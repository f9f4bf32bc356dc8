"""`facedesk`: every job without a screen, and the app when no command is given.

Commands import the engine only when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine import __version__
from tui.cli_strangers import strangers
from tui.options import SubGroup, TopGroup, global_options
from tui.runner import run, usage_error

if TYPE_CHECKING:
    from tui.context import Context


@click.group(
    cls=TopGroup,
    invoke_without_command=True,
    params=global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="facedesk")
@click.pass_context
def facedesk(ctx: click.Context, workspace: Path | None, as_json: bool, quiet: bool) -> None:
    """A face-enrolment desk in the terminal. Without a command, the app opens.

    \b
    Try it without a camera:   facedesk demo
    Enrol somebody:            facedesk enroll "Ada Lovelace" --source 0
    Train and recognise:       facedesk train; facedesk recognize --source 0
    """
    ctx.obj = {"workspace": workspace, "as_json": as_json, "quiet": quiet}
    if ctx.invoked_subcommand is None:
        from tui.commands.application import open_app

        run(ctx.obj, open_app, native=False)


@facedesk.command()
@click.argument("name")
@click.option("--source", required=True, help="0, /dev/video0, a clip, a folder, a URL, demo:NAME.")
@click.option("--count", type=click.IntRange(1, 10_000), help="Crops to capture (default 100).")
@click.option("--window", is_flag=True, help="Also show OpenCV's own preview window.")
@click.option(
    "--pace",
    type=click.Choice(["own", "fast"]),
    default="fast",
    show_default=True,
    help="Play a clip at its own speed, or as fast as possible.",
)
@click.pass_obj
def enroll(
    options: dict[str, Any], name: str, source: str, count: int | None, window: bool, pace: Any
) -> None:
    """Capture pictures of NAME from a camera. Enter stops and keeps what was captured.

    \b
    facedesk enroll "Ada Lovelace" --source 0
    facedesk enroll Grace --source clip.mp4 --count 40
    """

    def job(context: Context) -> None:
        from engine.service.protocol import EnrolRequest
        from tui.commands.enrolment import enroll

        wanted = count or context.settings.enrolment.count
        request = EnrolRequest(person=name, source=source, count=wanted, window=window, pace=pace)
        enroll(context, request)

    run(options, job)


@facedesk.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--face",
    type=click.Choice(["central", "largest", "only"]),
    default="central",
    show_default=True,
    help="Which face of a photograph counts.",
)
@click.pass_obj
def import_command(options: dict[str, Any], folder: Path, face: Any) -> None:
    """Import photographs from FOLDER/NAME/, or from FOLDER/train/NAME/ and its like."""

    def job(context: Context) -> None:
        from engine.service.protocol import ImportRequest
        from tui.commands.enrolment import import_folder

        import_folder(context, ImportRequest(folder=str(folder), face=face))

    run(options, job)


@facedesk.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def people(ctx: click.Context) -> None:
    """List, rename or delete people (without a command: list)."""
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
    """Everybody enrolled, with pictures, sessions and whether the model knows them."""
    list_command(options)


@people.command("rename")
@click.argument("old")
@click.argument("new")
@click.pass_obj
def people_rename(options: dict[str, Any], old: str, new: str) -> None:
    """Give OLD the name NEW. Pictures and model stay valid."""

    def job(context: Context) -> None:
        from tui.commands.enrolment import rename_person

        rename_person(context, old, new)

    run(options, job, native=False)


@people.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def people_delete(options: dict[str, Any], name: str, yes: bool) -> None:
    """Delete NAME: pictures, features and split entries. Asks first on a terminal."""
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        click.confirm(f"Delete {name} and all their pictures?", abort=True, err=True)

    def job(context: Context) -> None:
        from tui.commands.enrolment import delete_person

        delete_person(context, name)

    run(options, job, native=False)


@facedesk.command()
@click.option("--train", type=float, help="Share of training pictures (default 0.70).")
@click.option("--validation", type=float, help="Share of validation pictures (default 0.15).")
@click.option("--test", type=float, help="Share of test pictures (default 0.15).")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Same seed, same split.")
@click.option("--random", is_flag=True, help="Mix consecutive frames: for comparison only.")
@click.pass_obj
def split(
    options: dict[str, Any],
    train: float | None,
    validation: float | None,
    test: float | None,
    seed: int | None,
    random: bool,
) -> None:
    """Divide each person's pictures by session, or by blocks of time."""

    def job(context: Context) -> None:
        from tui.commands.training import split

        split(context, train, validation, test, seed, random)

    run(options, job, native=False)


@facedesk.command()
@click.option(
    "--keras-folders",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Write train/NAME, validation/NAME and test/NAME into this new folder.",
)
@click.pass_obj
def export(options: dict[str, Any], folder: Path) -> None:
    """Export the split's pictures as folders that Keras reads."""

    def job(context: Context) -> None:
        from tui.commands.training import export_folders

        export_folders(context, folder)

    run(options, job)


@facedesk.command()
@click.option(
    "--recipe",
    type=click.Choice(["head", "classic"]),
    default="head",
    show_default=True,
    help="A head in the face space, or the classic VGG16 transfer.",
)
@click.option("--epochs", type=click.IntRange(1, 1000), help="Most epochs.")
@click.option("--unfreeze", type=click.Choice(["block5"]), help="Fine-tune (classic only).")
@click.option("--weights", help="Other VGG16 weights: a file, or `imagenet` to download Keras'.")
@click.option(
    "--backbone",
    type=click.Choice(["vgg16", "dlib"]),
    default="vgg16",
    show_default=True,
    help="The network behind it; `dlib` needs the extra facedesk[dlib].",
)
@click.pass_obj
def train(
    options: dict[str, Any],
    recipe: Any,
    epochs: int | None,
    unfreeze: str | None,
    weights: str | None,
    backbone: Any,
) -> None:
    """Train a model on the split (made if there is none), and put it in use.

    One that names enrolled people worse than the present model is kept aside instead. Enter ends
    the epochs and keeps the best one so far, Ctrl+C gives up.

    \b
    facedesk train
    facedesk train --recipe classic --epochs 5
    """

    def job(context: Context) -> None:
        from engine.service.protocol import TrainRequest
        from tui.commands.training import train

        request = TrainRequest(
            recipe=recipe,
            backbone=backbone,
            epochs=epochs,
            unfreeze=bool(unfreeze),
            weights=weights,
        )
        train(context, request)

    run(options, job)


@facedesk.command("bake-off")
@click.option("--strangers", type=click.Path(path_type=Path), help="People who are not enrolled.")
@click.option("--probes", type=click.Path(path_type=Path), help="Sub-folders named after people.")
@click.option("--fpir", type=float, help="Share of strangers that may be named (default 0.01).")
@click.pass_obj
def bake_off(
    options: dict[str, Any], strangers: Path | None, probes: Path | None, fpir: float | None
) -> None:
    """Compare classic, head, face space and dlib on your own gallery, in one table.

    The training part of the split enrols, the test part searches. Without --strangers your own
    strangers are taken, or everybody is left out once. Nothing is trained for keeps.

    \b
    facedesk bake-off --strangers photos-of-others/
    """

    def job(context: Context) -> None:
        from engine.service.protocol import BakeOffRequest
        from tui.commands.bake_off import bake_off

        request = BakeOffRequest(
            probes=None if probes is None else str(probes),
            strangers=None if strangers is None else str(strangers),
            fpir=fpir,
        )
        bake_off(context, request)

    run(options, job)


@facedesk.command()
@click.option(
    "--probes",
    type=click.Path(path_type=Path),
    help="Pictures to search with, one sub-folder a person (default: the split's held-out ones).",
)
@click.option(
    "--strangers",
    type=click.Path(path_type=Path),
    help="Pictures of people not enrolled: one sub-folder, or one loose picture, a stranger.",
)
@click.option("--fpir", type=float, help="Share of strangers that may be named (default 0.01).")
@click.option("--report", type=click.Path(path_type=Path), help="Write evaluation.html in here.")
@click.option("--model", "identity", help="A model's id (default: the one in use).")
@click.pass_obj
def evaluate(
    options: dict[str, Any],
    probes: Path | None,
    strangers: Path | None,
    fpir: float | None,
    report: Path | None,
    identity: str | None,
) -> None:
    """Measure how good the model honestly is, and on how many pictures that rests.

    \b
    facedesk evaluate
    facedesk evaluate --strangers photos-of-others/ --report report/
    """

    def job(context: Context) -> None:
        from engine.service.protocol import EvaluateRequest
        from tui.commands.evaluation import evaluate

        request = EvaluateRequest(
            model=identity,
            probes=str(probes) if probes else None,
            strangers=str(strangers) if strangers else None,
            fpir=fpir,
            report=str(report) if report else None,
        )
        evaluate(context, request)

    run(options, job)


@facedesk.command()
@click.option("--source", required=True, help="0, /dev/video0, a clip, a folder, a URL, demo:NAME.")
@click.option("--each", is_flag=True, help="Every picture is its own probe; nothing is tracked.")
@click.option("--window", is_flag=True, help="Also show OpenCV's own preview window.")
@click.option(
    "--pace",
    type=click.Choice(["live", "own", "fast"]),
    default="fast",
    show_default=True,
    help="Play a clip live (newest frame wins), whole, or fast.",
)
@click.pass_obj
def recognize(options: dict[str, Any], source: str, each: bool, window: bool, pace: Any) -> None:
    """Name the people in front of a camera; strangers are called unknown. Ctrl+C ends it."""

    def job(context: Context) -> None:
        from engine.service.protocol import RecogniseRequest
        from tui.commands.recognition import recognize

        request = RecogniseRequest(source=source, each=each, window=window, pace=pace)
        recognize(context, request)

    run(options, job)


@facedesk.group(cls=SubGroup)
def model() -> None:
    """Models: list, layers, export, promote, rollback."""


@model.command("list")
@click.pass_obj
def model_list(options: dict[str, Any]) -> None:
    """Stored models, newest first."""

    def job(context: Context) -> None:
        from tui.commands.models import list_models

        list_models(context)

    run(options, job, native=False)


@model.command("layers")
@click.option("--recipe", type=click.Choice(["head", "classic"]), default="head", show_default=True)
@click.option("--unfreeze", type=click.Choice(["block5"]), help="As for `train`.")
@click.pass_obj
def model_layers(options: dict[str, Any], recipe: Any, unfreeze: str | None) -> None:
    """Every layer with its shape, its parameters and whether it trains."""

    def job(context: Context) -> None:
        from tui.commands.models import show_layers

        show_layers(context, recipe, unfreeze=bool(unfreeze))

    run(options, job)


@model.command("export")
@click.argument("file", type=click.Path(path_type=Path), default=Path("identity_vgg.keras"))
@click.option("--model", "identity", help="A model's id (default: the one in use).")
@click.pass_obj
def model_export(options: dict[str, Any], file: Path, identity: str | None) -> None:
    """Save the model in use as one Keras FILE (default identity_vgg.keras)."""

    def job(context: Context) -> None:
        from tui.commands.models import export_model

        export_model(context, file, identity)

    run(options, job)


@model.command("promote")
@click.argument("identity")
@click.pass_obj
def model_promote(options: dict[str, Any], identity: str) -> None:
    """Put the model of this id in use."""

    def job(context: Context) -> None:
        from tui.commands.models import promote_model

        promote_model(context, identity)

    run(options, job, native=False)


@model.command("rollback")
@click.pass_obj
def model_rollback(options: dict[str, Any]) -> None:
    """Go back to the model that was in use before."""

    def job(context: Context) -> None:
        from tui.commands.models import rollback_model

        rollback_model(context)

    run(options, job, native=False)


@facedesk.command()
@click.pass_obj
def doctor(options: dict[str, Any]) -> None:
    """Look at cameras, files, processor, terminal and disk; say what is wrong and the cure."""

    def job(context: Context) -> None:
        from tui.commands.doctor import doctor

        doctor(context)

    run(options, job)


@facedesk.command()
@click.option("--tui", is_flag=True, help="Play the demo inside the app.")
@click.pass_obj
def demo(options: dict[str, Any], tui: bool) -> None:
    """The whole job on two bundled portraits, without a camera or a network."""

    def job(context: Context) -> None:
        from tui.commands.demo import demo, demo_in_app

        (demo_in_app if tui else demo)(context)

    run(options, job, native=not tui, demo=True)


facedesk.add_command(strangers)


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


if __name__ == "__main__":
    main()
