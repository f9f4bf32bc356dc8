"""`facedesk model`: the group of commands about stored models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import SubGroup
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.group(cls=SubGroup, invoke_without_command=True)
@click.pass_context
def model(ctx: click.Context) -> None:
    """Models: list, layers, export, promote, rollback (without a command: list).

    \b
    facedesk model
    facedesk model rollback
    """
    if ctx.invoked_subcommand is None:
        list_all(ctx.obj)


@model.command("list")
@click.pass_obj
def model_list(options: dict[str, Any]) -> None:
    """Stored models, newest first. A screen shows as much of an id as has to be typed.

    \b
    facedesk model list --json
    """
    list_all(options)


def list_all(options: dict[str, Any]) -> None:
    """Print the stored models."""

    def job(context: Context) -> None:
        from tui.commands.models import list_models

        list_models(context)

    run(options, job, native=False)


@model.command("layers")
@click.option("--recipe", type=click.Choice(["head", "classic"]), default="head", show_default=True)
@click.option("--unfreeze", type=click.Choice(["block5"]), help="As for `train`.")
@click.pass_obj
def model_layers(options: dict[str, Any], recipe: Any, unfreeze: str | None) -> None:
    """Every layer with its shape, its parameters and whether it trains.

    \b
    facedesk model layers --recipe classic --unfreeze block5
    """

    def job(context: Context) -> None:
        from tui.commands.models import show_layers

        show_layers(context, recipe, unfreeze=bool(unfreeze))

    run(options, job)


@model.command("export")
@click.argument("file", type=click.Path(path_type=Path), default=Path("identity_vgg.keras"))
@click.option("--model", "identity", help="A model's id or its start (default: the one in use).")
@click.pass_obj
def model_export(options: dict[str, Any], file: Path, identity: str | None) -> None:
    """Save the model in use as one Keras FILE, .keras or .h5 (default identity_vgg.keras).

    Names and threshold lie beside it as JSON, and name_picture.py uses both without Facedesk.

    \b
    facedesk model export identity_vgg.keras
    facedesk model export identity_vgg.h5
    """

    def job(context: Context) -> None:
        from tui.commands.models import export_model

        export_model(context, file, identity)

    run(options, job)


@model.command("promote")
@click.argument("identity")
@click.pass_obj
def model_promote(options: dict[str, Any], identity: str) -> None:
    """Put the model in use whose id this is, or alone begins so.

    \b
    facedesk model promote 20261124T1604
    facedesk model promote 20261124T160403464Z-head-bc9b
    """

    def job(context: Context) -> None:
        from tui.commands.models import promote_model

        promote_model(context, identity)

    run(options, job, native=False)


@model.command("rollback")
@click.pass_obj
def model_rollback(options: dict[str, Any]) -> None:
    """Go back to the model that was in use before.

    \b
    facedesk model rollback
    """

    def job(context: Context) -> None:
        from tui.commands.models import rollback_model

        rollback_model(context)

    run(options, job, native=False)
