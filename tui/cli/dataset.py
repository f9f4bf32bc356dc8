"""`facedesk split` and `export`: pictures in parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.options import TakesGlobals
from tui.cli.run import run

if TYPE_CHECKING:
    from tui.cli.context import Context


@click.command(cls=TakesGlobals)
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
    """Divide each person's pictures by session, or by blocks of time.

    \b
    facedesk split
    facedesk split --train 0.8 --validation 0.1 --test 0.1 --seed 7
    """

    def job(context: Context) -> None:
        from tui.commands.training import split

        split(context, train, validation, test, seed, random)

    run(options, job, native=False)


@click.command(cls=TakesGlobals)
@click.option(
    "--keras-folders",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Write train/NAME, validation/NAME and test/NAME into this new folder.",
)
@click.pass_obj
def export(options: dict[str, Any], folder: Path) -> None:
    """Export the split's pictures as folders that Keras reads.

    \b
    facedesk export --keras-folders folders/
    """

    def job(context: Context) -> None:
        from tui.commands.training import export_folders

        export_folders(context, folder)

    run(options, job)
