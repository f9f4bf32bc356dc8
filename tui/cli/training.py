"""`facedesk train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from engine.settings import BackboneName
from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


SIDES: dict[str, Literal[160, 224]] = {"160": 160, "224": 224}


@click.command(cls=TakesGlobals)
@click.option(
    "--recipe",
    type=click.Choice(["head", "classic"]),
    default="head",
    show_default=True,
    help="A head in the face space, or the classic VGG16 transfer.",
)
@click.option("--epochs", type=click.IntRange(1, 1000), help="Most epochs.")
@click.option("--unfreeze", type=click.Choice(["block5"]), help="Fine-tune (classic only).")
@click.option(
    "--input-side",
    type=click.Choice([*SIDES]),
    help="Width and height of VGG16's input (classic only; 224 takes twice the time).",
)
@click.option("--weights", help="Other VGG16 weights: a file, or `imagenet` to download Keras'.")
@click.option(
    "--backbone",
    type=click.Choice(get_args(BackboneName)),
    help=(
        "VGG16, the face network (resnet), or both, whose scores are added. Without it both, or "
        "the face network where VGG16 is too slow."
    ),
)
@click.pass_obj
def train(
    options: dict[str, Any],
    recipe: Any,
    epochs: int | None,
    unfreeze: str | None,
    input_side: str | None,
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
        from engine.contract.requests import TrainRequest
        from tui.commands.training import train

        request = TrainRequest(
            recipe=recipe,
            backbone=backbone,
            epochs=epochs,
            unfreeze=bool(unfreeze),
            weights=weights,
            input_side=SIDES[input_side] if input_side else None,
        )
        train(context, request)

    run(options, job)
